from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.simulator.batch.forms import read, written
from gateway.simulator.batch.running import Part, Result
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.records.values import encode_json

ORIGIN = "http://127.0.0.1:1"
ROOT = f"{ORIGIN}/v2.0/Production/api/v2.0"
MIXED = "multipart/mixed; boundary=outer-boundary"
HEAD = b"--outer-boundary\r\nContent-Type: application/http\r\n"

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1).map(lambda name: f"x{name}")
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126))
ODD = st.text() | st.sampled_from(["http://[", "//", "$1", "a b?$filter=a eq 'é'", "POST"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=20,
)
REQUESTS = ANYTHING | st.fixed_dictionaries(
    {"method": ODD, "url": ODD},
    optional=dict.fromkeys(("id", "headers", "body", "dependsOn", "atomicityGroup"), ANYTHING),
)


def batch(body: bytes, kind: str = MIXED) -> Call:
    path = "/v2.0/Production/api/v2.0/$batch"
    return Call("POST", path, "", {"content-type": kind}, body, ORIGIN)


@given(st.dictionaries(NAMES, VALUES, max_size=3), st.binary())
@example({}, b"\r\n\r\n--outer-boundar\r\rx\n")
def test_a_part_is_read_as_it_was_sent(headers: dict[str, str], body: bytes) -> None:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    told = "\r\n".join(
        ["PATCH items(1)/x HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", ""]
    )
    data = HEAD + b"Content-ID: 7\r\n\r\n" + told.encode() + body + b"\r\n--outer-boundary--"
    (part,) = read(batch(data), ROOT)
    assert (part.id, part.group, part.call.method, part.call.body) == ("7", None, "PATCH", body)
    assert part.call.path == "/v2.0/Production/api/v2.0/items(1)/x"
    assert part.call.headers == headers | {"content-length": str(len(body))}


@given(st.lists(st.tuples(st.none() | NAMES, st.none() | NAMES, st.binary()), max_size=4))
def test_answers_in_multipart_can_be_told_apart(
    told: list[tuple[str | None, str | None, bytes]],
) -> None:
    call = Call("GET", "", "", {}, b"", ORIGIN)
    results = [Result(Part(call, id, group), Answer(200, body)) for id, group, body in told]  # noqa: A001
    answer = written(batch(b""), results)
    boundary = answer.headers["Content-Type"].partition("boundary=")[2].encode()
    *parts, end = answer.body.split(b"--" + boundary)[1:]
    assert (len(parts), end) == (len(told), b"--\r\n")
    for (name, group, body), part in zip(told, parts, strict=True):
        assert b"HTTP/1.1 200 OK\r\n" in part
        assert body in part
        assert (b"changesetresponse_" in part) is (group is not None)
        assert (f"Content-ID: {name}\r\n".encode() in part) is (name is not None)


@given(st.lists(REQUESTS, max_size=3))
@example([{"method": "get", "url": "a b?$filter=a eq 'é'"}])
@example([{"method": "get", "url": "http://["}])
def test_whatever_comes_as_json_is_read_or_refused(requests: list[object]) -> None:
    with suppress(BusinessCentralError):
        for part in read(batch(encode_json({"requests": requests}), "application/json"), ROOT):
            address = part.call.path + part.call.query
            assert address.isascii()
            assert " " not in address


@given(st.binary(), st.binary())
@example(b"Content-ID: \xff", b"GET items HTTP/1.1")
@example(b"Content-Transfer-Encoding: base64", b"GET items HTTP/1.1")
@example(b"", b"GET http://[ HTTP/1.1")
@example(b"", b"GET \xff HTTP/1.1\r\n\xff: \xff")
def test_whatever_comes_as_multipart_is_read_or_refused(head: bytes, text: bytes) -> None:
    data = HEAD + head + b"\r\n\r\n" + text + b"\r\n--outer-boundary--"
    with suppress(BusinessCentralError):
        results = [Result(part, Answer(204)) for part in read(batch(data), ROOT)]
        written(batch(data), results)
        written(replace(batch(data), headers={"accept": "application/json"}), results)


def test_a_body_ends_where_its_length_says_and_blank_lines_are_none() -> None:
    for told, rest, body in (
        ("PATCH items(1)/x HTTP/1.1\r\nContent-Length: 2", b"ab\r\n\r\n", b"ab"),
        ("POST items(1)/Microsoft.NAV.x HTTP/1.1", b"\r\n\r\n", b""),
    ):
        data = HEAD + b"\r\n" + told.encode() + b"\r\n\r\n" + rest + b"\r\n--outer-boundary--"
        (part,) = read(batch(data), ROOT)
        assert part.call.body == body


GET = b"GET companies HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            b"--outer-boundary\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--outer-boundary--",
            MIXED,
        ),
        (
            b"--outer-boundary\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\nx\r\n--outer-boundary--",
            MIXED,
        ),
        (
            HEAD
            + b"\r\n"
            + GET
            + b"Content-Length: "
            + b"9" * 5000
            + b"\r\n\r\n{}\r\n--outer-boundary--",
            MIXED,
        ),
        (HEAD + b"\r\n" + GET + b"Content-Length: -1\r\n\r\n{}\r\n--outer-boundary--", MIXED),
        (HEAD + b"\r\n" + GET, "multipart/mixed"),
        (HEAD + b"\r\n" + GET, "multipart/mixed; boundary=another"),
        (HEAD + b"\r\n" + GET, f"multipart/mixed; boundary*{'9' * 5000}=outer-boundary"),
    ],
    ids=["no boundary", "no parts", "digits", "negative", "no outer", "another outer", "parameter"],
)
def test_a_malformed_batch_is_a_bad_request(body: bytes, kind: str) -> None:
    with pytest.raises(BusinessCentralError) as raised:
        read(batch(body, kind), ROOT)
    assert (raised.value.status, raised.value.code) == (400, "BadRequest")


@pytest.mark.parametrize("status", [299, 499, 599])
def test_a_status_without_a_name_is_written_as_well(status: int) -> None:
    (part,) = read(batch(HEAD + b"\r\n" + GET + b"\r\n--outer-boundary--"), ROOT)
    answer = written(batch(b""), [Result(part, Answer(status))])
    assert f"HTTP/1.1 {status} Unknown\r\n".encode() in answer.body
