"""What one call of the public listener looks like in OpenAPI: parameters, body, answers, problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import (
    BusinessCentralUnavailable,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionUnauthorized,
    Forbidden,
    GatewayError,
    InvalidInput,
    InvalidJson,
    InvalidQuery,
    MalformedRequest,
    RateLimited,
    StorageUnavailable,
    TargetChanged,
    TooLarge,
    TooSlow,
    Unauthenticated,
    UnexpectedAnswer,
    UnknownConnection,
    UnsupportedMediaType,
)

Shape = dict[str, object]


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a problem: the closed list of the gateway, and what the mappings declare."""

    code: str
    status: int
    text: str


def code_of(error: type[GatewayError]) -> Code:
    """The code of an error class; its docstring is the text."""
    return Code(error.code, error.status, " ".join((error.__doc__ or "").split()))


def own_codes() -> list[Code]:
    """Every code that the gateway itself can answer, each once."""
    found: dict[str, Code] = {}
    waiting: list[type[GatewayError]] = [GatewayError]
    while waiting:
        error = waiting.pop(0)
        waiting += error.__subclasses__()
        if error.code not in {"rejected", "bad_request", "cannot_start", "invalid_files"}:
            found.setdefault(error.code, code_of(error))
    return sorted(found.values(), key=lambda code: (code.status, code.code))


CALLING_OUT: Final = [
    code_of(error)
    for error in (
        ConnectionNotReady,
        ConnectionNeedsConsent,
        ConnectionUnauthorized,
        TargetChanged,
        BusinessCentralUnavailable,
        RateLimited,
        UnexpectedAnswer,
    )
]
_WITH_BODY: Final = (InvalidJson, InvalidInput, UnsupportedMediaType, TooLarge, TooSlow)

_LOCATION: Final = ("Location",)
_ON_SUCCESS: Final[Mapping[int, tuple[str, tuple[str, ...]]]] = {
    200: ("{summary}.", ()),
    201: ("It is made; `Location` leads to it.", _LOCATION),
    202: ("It is not finished; `Location` leads to where you see how it goes on.", _LOCATION),
    204: ("It is done; there is no body.", ()),
}
_ON_PROBLEM: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    408: ("Retry-After",),
    502: ("Retry-After",),
    503: ("Retry-After",),
}


def reference(name: str) -> Shape:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def in_path(name: str, description: str, schema: Shape | None = None) -> Shape:
    """A path parameter."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema or {"type": "string", "minLength": 1},
    }


def in_query(name: str, description: str, schema: Shape | None = None) -> Shape:
    """A query parameter."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema or {"type": "string"},
    }


def in_header(
    name: str, description: str, schema: Shape | None = None, *, example: str | None = None
) -> Shape:
    """A header of the request."""
    described: Shape = {
        "name": name,
        "in": "header",
        "description": description,
        "schema": schema or {"type": "string"},
    }
    return described if example is None else {**described, "example": example}


def _out(description: str, schema: Shape | None = None, *, always: bool = False) -> Shape:
    return {
        "description": description,
        "required": always,
        "schema": schema or {"type": "string", "minLength": 1},
    }


HEADERS: Final[Shape] = {
    "Request-Id": _out("Yours, if you sent one, or a new one. It is in the log.", always=True),
    "Operation-Id": _out("The operation that a write became, where it has become one."),
    "Idempotency-Replayed": _out(
        "This is the answer to an earlier request with the same key.",
        {"type": "string", "const": "true"},
    ),
    "ETag": _out("The version of the record, for `If-Match`.", always=True),
    "Location": _out("A path of this gateway.", always=True),
    "Retry-After": _out("Seconds after which it may succeed.", {"type": "integer", "minimum": 1}),
    "Warnings": _out("How many warnings the operation carries.", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": _out("`Bearer`.", always=True),
}
PREFER: Final = in_header(
    "Prefer",
    "`respond-async`: do not wait. `wait=N`: wait N seconds, 0 to 300, instead of 60. "
    "What is not finished then is answered with 202.",
    example="wait=10",
)


PAGE: Final = (
    in_query(
        "limit",
        "At most so many.",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    ),
    in_query(
        "cursor",
        "The `next_cursor` of the page before; the other parameters as they were then.",
        {"type": "string", "minLength": 1},
    ),
)
CONNECTION: Final = in_path("connection", "The id of a connection.")


def call(
    name: str,
    summary: str,
    *,
    tag: str,
    answers: Mapping[int, Shape | None],
    takes: Shape | None = None,
    parameters: Sequence[Shape] = (),
    problems: Iterable[Code] = (),
    secured: bool = True,
    headers: Mapping[int, Sequence[str]] | None = None,
) -> Shape:
    """One operation of the document. `answers` gives per status the schema of the JSON, if any,
    `headers` per status which of `HEADERS` it has beside those that every such status has.
    """
    codes = [code_of(error) for error in (MalformedRequest, GatewayError, StorageUnavailable)]
    codes += problems
    if secured:
        codes += [code_of(Unauthenticated), code_of(Forbidden)]
    if takes is not None:
        codes += [code_of(error) for error in _WITH_BODY]
    if any(parameter["in"] in {"query", "header"} for parameter in parameters):
        codes.append(code_of(InvalidQuery))
    if CONNECTION in parameters:
        codes.append(code_of(UnknownConnection))
    responses: Shape = {
        str(status): _success(summary, status, schema, (headers or {}).get(status, ()))
        for status, schema in answers.items()
    }
    described: Shape = {
        "operationId": name,
        "summary": summary,
        "tags": [tag],
        "parameters": list(parameters),
        "responses": {**responses, **_problems(codes)},
    }
    if takes is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": takes}},
        }
    if not secured:
        described["security"] = []
    return described


def _success(summary: str, status: int, schema: Shape | None, headers: Sequence[str]) -> Shape:
    text, usual = _ON_SUCCESS[status]
    described: Shape = {
        "description": text.format(summary=summary),
        "headers": _headers(*usual, *headers),
    }
    if schema is not None:
        described["content"] = {"application/json": {"schema": schema}}
    return described


def _headers(*names: str) -> Shape:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("Request-Id", *names)}


def _problems(codes: Iterable[Code]) -> Shape:
    """One response per status, naming each code that comes with it."""
    by_status: dict[int, dict[str, str]] = {}
    for code in codes:
        by_status.setdefault(code.status, {})[code.code] = code.text
    content = {"application/problem+json": {"schema": reference("Problem")}}
    return {
        str(status): {
            "description": "\n".join(f"* `{code}`: {text}" for code, text in sorted(texts.items())),
            "headers": _headers(*_ON_PROBLEM.get(status, ())),
            "content": content,
            "x-codes": sorted(texts),
        }
        for status, texts in sorted(by_status.items())
    }
