"""What a look at the outcome of a call came to, in words for whoever has to act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from gateway.errors import OutcomeUnknown, Violation
from gateway.storage import Operation

Kind = Literal[
    "same",
    "none",
    "ambiguous",
    "incomplete",
    "unanchored",
    "unchanged",
    "overtaken",
    "kept",
    "gone",
    "elsewhere",
    "partly",
]
Row = Mapping[str, object]

_REMEDIES: Final[Mapping[Kind, str]] = {
    "ambiguous": (
        "There are records with this reference that cannot be told from the one sent. Look at "
        "them in Business Central"
    ),
    "incomplete": (
        "The record is there, but lines are missing. Complete or delete it in Business Central"
    ),
    "elsewhere": (
        "This was sent to another company or environment than the one the connection works with "
        "now. Set the connection back and retry, or see there whether it was written"
    ),
    "overtaken": (
        "The record was changed after it was read, and it cannot be told whether this change was "
        "made before that. See what stands in Business Central, and send what is still to be "
        "changed anew"
    ),
    "partly": (
        "A part of it was carried out and the rest was not. Complete it in Business Central, or "
        "retry the operation"
    ),
    "unanchored": (
        "The mapping names no anchor for this document, so it cannot be looked for. See whether "
        "it is in Business Central"
    ),
}


_CAUSES: Final[Mapping[Kind, str]] = {"overtaken": "ambiguous", "partly": "partly_posted"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look found. `answer` stands for Business Central's lost answer if the kind is
    `same`; `candidates` are pairs of entity set and row otherwise.
    """

    kind: Kind
    answer: dict[str, object] = field(default_factory=dict, repr=False)
    candidates: tuple[tuple[str, Row], ...] = field(default=(), repr=False)

    @property
    def remedy(self) -> str | None:
        """What a person can do."""
        return _REMEDIES.get(self.kind)

    @property
    def cause(self) -> str:
        """Why an operation is parked for this verdict."""
        return _CAUSES.get(self.kind, self.kind)

    def problem(self, operation: Operation) -> OutcomeUnknown:
        """The problem of an operation parked for this verdict, with the candidates."""
        return OutcomeUnknown(
            f"{self.remedy}.",
            operation=operation.id,
            violations=[
                Violation(
                    "candidate",
                    f"A record of {entity_set}: number {row.get('number') or 'unknown'}.",
                    target=f"{entity_set}({row.get('id')})",
                )
                for entity_set, row in self.candidates
            ],
        )
