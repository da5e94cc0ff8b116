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
    RateLimited,
    StorageUnavailable,
    TargetChanged,
    TooLarge,
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
_WITH_BODY: Final = (InvalidJson, InvalidInput, UnsupportedMediaType, TooLarge)


def reference(name: str) -> Shape:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def in_path(name: str, description: str) -> Shape:
    """A path parameter."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def in_query(name: str, description: str, schema: Shape | None = None) -> Shape:
    """A query parameter."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema or {"type": "string"},
    }


def in_header(name: str, description: str) -> Shape:
    """A header of the request."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


PAGE: Final = (
    in_query(
        "limit",
        "At most so many.",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    ),
    in_query("cursor", "The `next_cursor` of the page before."),
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
) -> Shape:
    """One operation of the document. `answers` gives per status the schema of the JSON, if any."""
    codes = [code_of(GatewayError), code_of(StorageUnavailable), *problems]
    if secured:
        codes += [code_of(Unauthenticated), code_of(Forbidden)]
    if takes is not None:
        codes += [code_of(error) for error in _WITH_BODY]
    if any(parameter["in"] == "query" for parameter in parameters):
        codes.append(code_of(InvalidQuery))
    if CONNECTION in parameters:
        codes.append(code_of(UnknownConnection))
    responses: Shape = {str(status): _success(schema) for status, schema in answers.items()}
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


def _success(schema: Shape | None) -> Shape:
    if schema is None:
        return {"description": "Done."}
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _problems(codes: Iterable[Code]) -> Shape:
    """One response per status, naming each code that comes with it."""
    by_status: dict[int, dict[str, str]] = {}
    for code in codes:
        by_status.setdefault(code.status, {})[code.code] = code.text
    content = {"application/problem+json": {"schema": reference("Problem")}}
    return {
        str(status): {
            "description": "\n".join(f"* `{code}`: {text}" for code, text in sorted(texts.items())),
            "content": content,
            "x-codes": sorted(texts),
        }
        for status, texts in sorted(by_status.items())
    }
