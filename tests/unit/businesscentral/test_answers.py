from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.businesscentral.answers import (
    Answer,
    error_of,
    next_link,
    read_answer,
    retry_after,
    rows_of,
)
from gateway.businesscentral.transport import Received
from gateway.errors import Fault, UnexpectedAnswer
from gateway.wire import Failure
from tests.clock import START


def test_a_success_is_an_object_with_exact_decimals() -> None:
    body = b'{"@odata.etag": "W/\\"a\\"", "unitPrice": 19.90}'
    answer = read_answer(Received(200, {"ms-correlation-x": "c"}, body), reading=True)
    assert answer is not None
    assert answer.body == {"@odata.etag": 'W/"a"', "unitPrice": Decimal("19.90")}
    assert str(answer.body["unitPrice"]) == "19.90"
    assert (answer.etag, answer.correlation_id) == ('W/"a"', "c")


def test_a_write_may_answer_nothing() -> None:
    answer = read_answer(Received(204, {"ETag": "e"}, b""), reading=False)
    assert answer == Answer(204, None, "e", None)
    assert read_answer(Received(204, {}, b""), reading=True) is None


def test_an_answer_is_not_searched_for_keys_that_stand_twice() -> None:
    answer = read_answer(Received(200, {}, b'{"id": 1, "id": 2}'), reading=True)
    assert answer is not None
    assert answer.body == {"id": 2}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b'{"id": "1"'),
        (200, b"[]"),
        (201, b'{"error": {"code": "x", "message": "y"}}'),
        (302, b"{}"),
        (400, b"{}"),
    ],
)
def test_what_nobody_should_believe_is_no_success(status: int, body: bytes) -> None:
    assert read_answer(Received(status, {}, body), reading=True) is None
    assert read_answer(Received(status, {}, body), reading=False) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999", 3600),
        ("Mon, 23 Nov 2026 09:30:10 GMT", 10),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0),
        ("Mon, 23 Nov 2099 09:00:00 GMT", 3600),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
    ],
)
def test_how_long_to_wait(text: str, seconds: int | None) -> None:
    assert retry_after({"Retry-After": text}, START) == seconds


def test_every_failure_that_is_not_mended_elsewhere_has_an_error() -> None:
    mended = {Failure.RETRY_LATER, Failure.UNAUTHORIZED}
    fault = Fault(400, "code", "text")
    for failure in set(Failure) - mended:
        assert error_of(failure, fault).fault == fault


def test_a_page_has_rows_and_perhaps_a_next_one() -> None:
    answer = Answer(200, {"value": [{"id": "1"}], "@odata.nextLink": "http://bc/next"})
    assert rows_of(answer) == [{"id": "1"}]
    assert next_link(answer) == "http://bc/next"
    assert next_link(Answer(200, {"value": []})) is None
    bodies: list[dict[str, object] | None] = [{}, {"value": {}}, {"value": [1]}, None]
    for body in bodies:
        with pytest.raises(UnexpectedAnswer):
            rows_of(Answer(200, body))
