"""What can be made to go wrong on purpose, and when.

Faults are armed through the control API; ``listener`` asks for every call which of them strike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.simulator.control import signinfaults
from gateway.simulator.errors import ControlError

KINDS: dict[str, str] = {
    "drop_before_commit": "the connection is closed, nothing was done",
    "drop_after_commit": "everything was done, the connection is closed without an answer",
    "delay": "the answer takes `seconds`; `when` is before or after the work is done",
    "status": "answers `status` with `headers` and `body`; done first if `committed`",
    "truncate": "everything was done, the JSON ends in the middle",
    "expire_token": "401 for a bearer token as if it had expired",
    "reject_token": "401 for a bearer token that is good",
    **signinfaults.KINDS,
    "filter_ignored": "every record comes back whatever the filter says",
    "lock": "409 because another session holds the record",
    "value_not_taken": "the properties in `fields` are silently not stored",
}

_MATCH: dict[str, type] = {"method": str, "path": str, "entity": str, "nth": int}
_DETAILS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "delay": {"seconds": (int, float), "when": str},
    "status": {"status": int, "headers": dict, "body": object, "committed": bool},
    **signinfaults.DETAILS,
    "value_not_taken": {"fields": list},
}
_NEEDED = {
    "delay": ("seconds",),
    "status": ("status",),
    "value_not_taken": ("fields",),
    **signinfaults.NEEDED,
}
_MOST_SECONDS = 600

_WRITES = frozenset({"POST", "PATCH", "DELETE"})
_STORES = frozenset({"POST", "PATCH"})


def _at_business_central(method: str, path: str) -> bool:
    return bool(method) and path.startswith(("/v2.0/", "/environments/", "/BC/"))


# A kind that only makes sense for some calls is not used up by the others.
_SCOPES: dict[str, Callable[[str, str], bool]] = {
    **signinfaults.SCOPES,
    "expire_token": _at_business_central,
    "reject_token": _at_business_central,
    "filter_ignored": lambda method, path: method == "GET" and _at_business_central(method, path),
    "lock": lambda method, path: method in _WRITES and _at_business_central(method, path),
    "value_not_taken": lambda method, path: (
        method in _STORES and _at_business_central(method, path)
    ),
}


@dataclass(slots=True)
class Fault:
    """One armed fault: its kind, what it matches, how often it still strikes.

    ``nth`` counts the matching calls; the fault strikes from that one on.
    """

    id: int
    kind: str
    method: str | None
    path: re.Pattern[str] | None
    entity: str | None
    nth: int
    left: int
    details: dict[str, object] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0

    def matches(self, method: str, path: str, entity: str | None) -> bool:
        """Whether a call is one of those meant."""
        scope = _SCOPES.get(self.kind)
        return (
            (scope is None or scope(method, path))
            and (self.method is None or self.method == method)
            and (self.path is None or self.path.search(path) is not None)
            and (self.entity is None or self.entity == entity)
        )

    @property
    def described(self) -> dict[str, object]:
        """The fault as the control API shows it."""
        match = {
            "method": self.method,
            "path": self.path.pattern if self.path else None,
            "entity": self.entity,
            "nth": self.nth,
        }
        state = {"left": self.left, "seen": self.seen, "struck": self.struck}
        return {"id": self.id, "kind": self.kind, "match": match, **self.details, **state}


class Faults:
    """The armed faults of a simulator, in the order they were armed."""

    def __init__(self) -> None:
        self._armed: dict[int, Fault] = {}
        self._next = 1

    def arm(self, wish: object) -> Fault:
        """Arm what the control API was asked for. Raises ControlError."""
        fault = _fault(self._next, wish)
        self._armed[fault.id] = fault
        self._next += 1
        return fault

    def listed(self) -> list[dict[str, object]]:
        """All faults, those that are used up as well."""
        return [fault.described for fault in self._armed.values()]

    def clear(self, fault_id: int | None = None) -> None:
        """Forget one fault, or all. Raises ControlError for one that is not armed."""
        if fault_id is None:
            self._armed.clear()
        elif self._armed.pop(fault_id, None) is None:
            raise ControlError(f"No fault has the id {fault_id}.", 404)

    def striking(self, method: str, path: str, entity: str | None) -> list[Fault]:
        """The faults that hit this call; each is counted down."""
        struck = []
        for fault in self._armed.values():
            if not fault.matches(method, path, entity):
                continue
            fault.seen += 1
            if fault.seen >= fault.nth and fault.left > 0:
                fault.left -= 1
                fault.struck += 1
                struck.append(fault)
        return struck


def _fault(fault_id: int, wish: object) -> Fault:
    if not isinstance(wish, dict):
        raise ControlError("A fault is a JSON object with a kind.")
    kind = wish.get("kind")
    if kind not in KINDS:
        raise ControlError(f"The kind of a fault is one of {', '.join(sorted(KINDS))}.")
    details = _DETAILS.get(kind, {})
    _check(wish, {"kind": str, "match": dict, "count": int, **details}, "a fault of this kind")
    for name in _NEEDED.get(kind, ()):
        if name not in wish:
            raise ControlError(f"A fault of the kind {kind} needs {name}.")
    match = wish.get("match", {})
    _check(match, _MATCH, "match")
    count, nth = wish.get("count", 1), match.get("nth", 1)
    if count < 1 or nth < 1:
        raise ControlError("count and nth are at least 1.")
    chosen = {name: wish[name] for name in details if name in wish}
    _check_details(kind, chosen)
    return Fault(
        id=fault_id,
        kind=kind,
        method=match.get("method", "").upper() or None,
        path=_pattern(match.get("path")),
        entity=match.get("entity"),
        nth=nth,
        left=count,
        details=chosen,
    )


def _check(
    given: dict[str, object], known: Mapping[str, type | tuple[type, ...]], where: str
) -> None:
    for name, value in given.items():
        kind = known.get(name)
        if kind is None:
            raise ControlError(f"'{name}' does not belong to {where}; known: {', '.join(known)}.")
        numeric = kind is int or (isinstance(kind, tuple) and int in kind)
        if not isinstance(value, kind) or (numeric and isinstance(value, bool)):
            raise ControlError(f"'{name}' has the wrong type.")


def _check_details(kind: str, details: dict[str, object]) -> None:
    if kind in signinfaults.KINDS:
        signinfaults.check(kind, details)
        return
    seconds, status = details.get("seconds", 0), details.get("status", 200)
    if not isinstance(seconds, int | float) or not 0 <= seconds <= _MOST_SECONDS:
        raise ControlError(f"seconds is between 0 and {_MOST_SECONDS}.")
    if details.get("when", "after") not in {"before", "after"}:
        raise ControlError("when is before or after.")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ControlError("status is between 200 and 599.")
    headers = details.get("headers", {})
    if isinstance(headers, dict) and not all(isinstance(v, str) for v in headers.values()):
        raise ControlError("headers are texts.")
    if kind == "value_not_taken":
        fields = details["fields"]
        if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
            raise ControlError("fields is a list of property names.")


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        raise ControlError(f"The path '{text}' is not a regular expression: {error}.") from None
