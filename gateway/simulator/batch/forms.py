"""The forms of a batch: JSON and multipart, read into parts and written from results.

Whatever form a batch has, who does not say that JSON is accepted gets multipart (bc/api.md §6).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from http import HTTPStatus
from typing import cast
from urllib.parse import quote, urlsplit

from gateway.simulator.batch.running import Part, Result
from gateway.simulator.errors import BusinessCentralError, bad_request
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.records.values import decode_json, encode_json

_LINE = "\r\n"
_PHRASES = {int(status): status.phrase for status in HTTPStatus}  # not every status has one
_AS_SENT = "%/?:@!$&'()*+,;=~"  # what stays as it is in an address
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}")
_REQUEST_LINE = re.compile(r"(\S+) +(\S.*?) +HTTP/1\.[01]\s*")


def read(call: Call, root: str) -> list[Part]:
    """The requests in the body of a batch to ``root``. Raises BusinessCentralError."""
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    query = {name.lower(): value for name, value in call.pairs}
    company = query.get("company") or call.headers.get("company")
    place = _Place(call.origin, urlsplit(root).path, company)
    if kind == "application/json":
        return list(_from_json(call, place))
    if kind == "multipart/mixed":
        return list(_from_multipart(call, place))
    text = f"The content type '{kind}' is not supported; send application/json or multipart/mixed."
    raise BusinessCentralError(415, "BadRequest", text)


def written(call: Call, results: Sequence[Result]) -> Answer:
    """The answer of a batch, in the form that its caller understands."""
    if "application/json" in call.headers.get("accept", "").lower():
        return json_answer(200, {"responses": [_as_json(result) for result in results]})
    return _as_multipart(results)


def _from_json(call: Call, place: _Place) -> Iterator[Part]:
    body = decode_json(call.body)
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list):
        raise bad_request("A batch is an object with a list of requests.")
    for request in requests:
        if not isinstance(request, dict):
            raise bad_request("Each request of a batch is an object.")
        method, url = request.get("method"), request.get("url")
        if not isinstance(method, str) or not isinstance(url, str):
            raise bad_request("Each request of a batch has a method and a url.")
        headers, name, group = request.get("headers", {}), request.get("id"), None
        if not isinstance(headers, dict):
            raise bad_request("The headers of a request are an object.")
        if request.get("atomicityGroup") is not None:
            group = str(request["atomicityGroup"])
        needed = request.get("dependsOn", [])
        if not isinstance(needed, list):
            raise bad_request("dependsOn is a list of ids.")
        yield Part(
            place.call(method, url, {**_typed(request), **headers}, _data(request)),
            None if name is None else str(name),
            group,
            tuple(str(one) for one in needed),
        )


def _typed(request: Mapping[str, object]) -> dict[str, object]:
    return {"content-type": "application/json"} if "body" in request else {}


def _data(request: Mapping[str, object]) -> bytes:
    if "body" not in request:
        return b""
    body = request["body"]
    return body.encode() if isinstance(body, str) else encode_json(body)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a batch was sent: the origin of the server, the path of the API, and the company that
    the batch names for every request that names none (clients rely on it).
    """

    origin: str
    path: str
    company: str | None

    def call(self, method: str, url: str, headers: Mapping[str, object], body: bytes) -> Call:
        """A request of the batch as if it had come alone. Its url counts from the root of the
        API, from the root of the server, or is absolute; what should be encoded in it may not be.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise bad_request(f"The url '{url}' of a request in the batch is none.") from None
        path = parts.path if parts.path.startswith("/") else f"{self.path}/{parts.path}"
        named = {} if self.company is None else {"company": self.company}
        named |= {name.lower(): str(value) for name, value in headers.items()}
        path, query = (quote(text, _AS_SENT, errors="replace") for text in (path, parts.query))
        return Call(method.upper(), path, query, named, body, self.origin)


def _from_multipart(call: Call, place: _Place) -> Iterator[Part]:
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    try:
        message = BytesParser(policy=compat32).parsebytes(head + call.body)
    except (ValueError, LookupError):  # from numbers and alphabets of parameters of a type
        raise bad_request("The parts of the batch can not be told apart.") from None
    for at, part in enumerate(_parts(message)):
        if part.get_content_type() == "multipart/mixed":
            for change in _parts(part):
                yield _request(place, change, f"changeset {at}")
        else:
            yield _request(place, part, None)


def _parts(message: Message) -> list[Message]:
    """The parts of a batch or a change set. Raises BusinessCentralError for what has none."""
    if not message.is_multipart():
        raise bad_request("The batch has no parts, or another boundary than its header names.")
    return cast("list[Message]", message.get_payload())


def _request(place: _Place, part: Message, group: str | None) -> Part:
    if part.get_content_type() != "application/http":
        raise bad_request("Each part of a batch is of the type application/http.")
    raw = (cast("bytes | None", part.get_payload(decode=True)) or b"").lstrip(b"\r\n")
    head, *rest = _BLANK_LINE.split(raw, maxsplit=1)
    first, *lines = head.decode("utf-8", "replace").splitlines() or [""]
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise bad_request("A part of a batch begins with a method, a url and HTTP/1.1.")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip(): value.strip() for name, colon, value in pairs if colon}
    name = part["Content-ID"]
    return Part(
        place.call(found[1], found[2], headers, _body(headers, rest)),
        None if name is None else str(name),
        group,
    )


def _body(headers: Mapping[str, str], rest: Sequence[bytes]) -> bytes:
    """What comes after the head of a request: as long as it says, else without blank lines."""
    body = b"".join(rest)
    length = {name.lower(): value for name, value in headers.items()}.get("content-length", "")
    if not length:
        return body if body.strip() else b""
    if not _LENGTH.fullmatch(length):
        raise bad_request("The Content-Length of a part of a batch is a number of bytes.")
    return body[: int(length)]


def _headers(answer: Answer) -> dict[str, str]:
    """The headers of one answer; what has no body says nothing of it (use-odata-batch.md)."""
    return {**answer.headers, "OData-Version": "4.0"} if answer.body else answer.headers


def _as_json(result: Result) -> dict[str, object]:
    answer = result.answer
    shown: dict[str, object] = {
        "id": result.part.id,
        "status": answer.status,
        "headers": {name.lower(): value for name, value in _headers(answer).items()},
    }
    if answer.body:
        is_json = "json" in answer.headers.get("Content-Type", "")
        shown["body"] = (
            decode_json(answer.body) if is_json else answer.body.decode("utf-8", "replace")
        )
    return shown


def _as_multipart(results: Sequence[Result]) -> Answer:
    boundary = f"batchresponse_{uuid.uuid4()}"
    parts = [_http(result) if result.failed else _in_set(result) for result in results]
    return Answer(
        200, _joined(boundary, parts), {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    )


def _in_set(result: Result) -> bytes:
    """One answer as a part; that of a change in a change set of its own."""
    if result.part.group is None:
        return _http(result)
    inner = f"changesetresponse_{uuid.uuid4()}"
    head = f"Content-Type: multipart/mixed; boundary={inner}{_LINE}{_LINE}".encode()
    return head + _joined(inner, [_http(result)])


def _joined(boundary: str, parts: Sequence[bytes]) -> bytes:
    """Parts between their boundaries."""
    before = f"--{boundary}{_LINE}".encode()
    inner = b"".join(before + part + _LINE.encode() for part in parts)
    return inner + f"--{boundary}--{_LINE}".encode()


def _http(result: Result) -> bytes:
    """One answer as a part of the type ``application/http``."""
    answer = result.answer
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if result.part.id is not None:
        lines.append(f"Content-ID: {result.part.id}")
    lines += ["", f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in _headers(answer).items()]
    return _LINE.join([*lines, "", ""]).encode() + answer.body
