"""What an error tells besides its class: places in files, violations, faults. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file: `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong in a payload. It never holds a value of that payload.

    `pointer` is the JSON pointer in what the caller sent, `target` a path in Business Central's
    body (`salesOrderLines[3].quantity`), `place` the leaf of the mapping, where these are known.
    """

    rule: str
    detail: str
    pointer: str | None = None
    target: str | None = None
    place: Place | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What Business Central said: HTTP status, error code, its text, its correlation id."""

    status: int
    code: str
    message: str
    correlation_id: str | None = None
