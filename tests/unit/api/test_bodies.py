"""Reading requests strictly."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from gateway.api.bodies import (
    idempotency_key,
    if_match,
    preferences,
    read_number,
    read_object,
    read_query,
)
from gateway.errors import InvalidQuery, UnsupportedMediaType


@pytest.mark.parametrize("key", ["a", "order-17", "with space inside", "x" * 255, '"quoted"'])
def test_an_idempotency_key_is_taken_as_it_is(key: str) -> None:
    request = make_mocked_request("POST", "/", {"Idempotency-Key": key})
    assert idempotency_key(request) == key


@pytest.mark.parametrize("key", ["", "x" * 256, " lead", "trail ", "tab\tinside", "é"])
def test_what_is_no_idempotency_key_is_refused(key: str) -> None:
    request = make_mocked_request("POST", "/", {"Idempotency-Key": key})
    with pytest.raises(InvalidQuery, match="Idempotency-Key"):
        idempotency_key(request)


def test_two_idempotency_keys_are_refused() -> None:
    headers = CIMultiDict([("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    with pytest.raises(InvalidQuery):
        idempotency_key(make_mocked_request("POST", "/", headers))


def test_no_idempotency_key() -> None:
    assert idempotency_key(make_mocked_request("POST", "/")) is None


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ("", (60.0, False)),
        ("respond-async", (60.0, True)),
        ("wait=5", (5.0, False)),
        ('Respond-Async, Wait="7"; x=y', (7.0, True)),
        ("return=minimal, handling=lenient", (60.0, False)),
    ],
)
def test_preferences(prefer: str, expected: tuple[float, bool]) -> None:
    found = preferences(make_mocked_request("POST", "/", {"Prefer": prefer}))
    assert (found.wait, found.respond_async) == expected


@pytest.mark.parametrize("wait", ["", "-1", "1.5", "301", "ten", "9" * 12])
def test_a_wait_that_is_none_is_refused(wait: str) -> None:
    with pytest.raises(InvalidQuery, match="wait"):
        preferences(make_mocked_request("POST", "/", {"Prefer": f"wait={wait}"}))


def test_a_query_is_read() -> None:
    request = make_mocked_request("GET", "/?number=10%26&state=open")
    assert read_query(request, ("number", "state")) == {"number": "10&", "state": "open"}


def test_an_unknown_parameter_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InvalidQuery, match="Did you mean number"):
        read_query(make_mocked_request("GET", "/?numbr=1"), ("number", "state"))


def test_a_parameter_where_none_is_taken() -> None:
    with pytest.raises(InvalidQuery, match="It takes none"):
        read_query(make_mocked_request("GET", "/?x=1"), ())


def test_a_parameter_twice_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="twice"):
        read_query(make_mocked_request("GET", "/?a=1&a=2"), ("a",))


def test_a_number_within_its_bounds() -> None:
    assert [read_number(text, "limit", 1, 1000) for text in ("1", "1000")] == [1, 1000]


@pytest.mark.parametrize("text", ["0", "1001", "", "+5", "５", "1e3"])
def test_a_number_that_does_not_fit(text: str) -> None:
    with pytest.raises(InvalidQuery, match="limit must be a whole number from 1 to 1000"):
        read_number(text, "limit", 1, 1000)


def conditional(*values: str) -> web.Request:
    headers = CIMultiDict([("If-Match", value) for value in values])
    return make_mocked_request("PATCH", "/", headers)


@pytest.mark.parametrize(
    ("values", "tags"),
    [
        ((), ()),
        (("*",), ("*",)),
        (('"a"',), ('"a"',)),
        (('"a", W/"b,c"', '"d"'), ('"a"', 'W/"b,c"', '"d"')),
    ],
)
def test_if_match_is_read(values: tuple[str, ...], tags: tuple[str, ...]) -> None:
    assert if_match(conditional(*values)) == tags


@pytest.mark.parametrize("value", ["", "a", '"a', '"a" "b"', '*, "a"', '"a";'])
def test_if_match_that_is_none(value: str) -> None:
    with pytest.raises(InvalidQuery):
        if_match(conditional(value))


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, deflate", "x"])
async def test_an_encoding_that_is_not_known_is_refused(encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    with pytest.raises(UnsupportedMediaType, match="gzip or deflate"):
        await read_object(make_mocked_request("POST", "/", headers))
