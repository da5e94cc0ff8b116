"""Errors as the journal keeps them: the facts of a problem, and back again.

The engine writes them down and replays them; `api/` shows them with an operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from gateway import errors
from gateway.errors import Fault, GatewayError, Place, Rejected, Violation
from gateway.operations.masking import masked


def written(error: GatewayError, *payload: object) -> dict[str, object]:
    """`error` as JSON: the members of a problem that are the error's own, and its class.

    Business Central's words are kept without the values of `payload`: what the caller sent.
    """
    rejected = error if isinstance(error, Rejected) else None
    return {
        "error": type(error).__name__,
        "code": rejected.own_code if rejected else error.code,
        "title": rejected.own_title if rejected else error.title,
        "status": error.status,
        "detail": error.detail,
        "retryable": error.retryable,
        "remedy": rejected.remedy if rejected else None,
        "retry_after": None if error.retry_after is None else round(error.retry_after),
        "errors": [_violation(violation) for violation in error.violations],
        "business_central": _fault(error.fault, payload),
    }


def in_part(problem: Mapping[str, object], told: str) -> dict[str, object]:
    """The problem of a refusal after something was written; `told` says what, and what to do."""
    facts = cast("dict[str, Any]", problem)
    error = _violation(Violation("carried_out_in_part", told))
    detail = f"{facts['detail']} {told}"
    return {**facts, "detail": detail, "errors": [error, *facts["errors"]]}


def read(problem: Mapping[str, object], *, operation: str | None = None) -> GatewayError:
    """The error that `written` wrote down, as one of `operation`."""
    facts = cast("dict[str, Any]", problem)
    violations = [_read_violation(violation) for violation in facts["errors"]]
    fault = None if facts["business_central"] is None else Fault(**facts["business_central"])
    error: GatewayError
    if facts["error"] == Rejected.__name__:
        error = Rejected(
            facts["code"],
            facts["title"],
            remedy=facts["remedy"],
            violations=violations,
            fault=fault,
        )
        error.detail = facts["detail"]
    else:
        error = _KINDS.get(facts["error"], GatewayError)(
            facts["detail"],
            violations=violations,
            retry_after=facts["retry_after"],
            fault=fault,
        )
    error.operation = operation
    return error


def _kinds(kind: type[GatewayError]) -> dict[str, type[GatewayError]]:
    found = {kind.__name__: kind}
    for below in kind.__subclasses__():
        found |= _kinds(below)
    return found


_KINDS: Final = {
    name: kind
    for name, kind in _kinds(GatewayError).items()
    if kind.__module__ == errors.__name__ and kind not in {errors.InvalidFiles, Rejected}
}


def _violation(violation: Violation) -> dict[str, object]:
    place = violation.place
    return {
        "rule": violation.rule,
        "pointer": violation.pointer,
        "target": violation.target,
        "mapping": None
        if place is None
        else {"file": place.file, "line": place.line, "column": place.column},
        "detail": violation.detail,
        "hint": violation.hint,
    }


def _read_violation(facts: Mapping[str, Any]) -> Violation:
    return Violation(
        rule=facts["rule"],
        detail=facts["detail"],
        pointer=facts["pointer"],
        target=facts["target"],
        place=None if facts["mapping"] is None else Place(**facts["mapping"]),
        hint=facts["hint"],
    )


def _fault(fault: Fault | None, payload: tuple[object, ...]) -> dict[str, object] | None:
    if fault is None:
        return None
    return {
        "status": fault.status,
        "code": fault.code,
        "message": masked(fault.message, *payload),
        "correlation_id": fault.correlation_id,
    }
