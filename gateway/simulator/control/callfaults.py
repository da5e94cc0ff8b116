"""What the faults that hit one call do to it. Called by ``listener`` around the real work."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.simulator.businesscentral import Effects
from gateway.simulator.control.effects import status_answer
from gateway.simulator.control.faults import Fault
from gateway.simulator.control.kinds import Details, Occasion
from gateway.simulator.control.menu.posting import POSTING
from gateway.simulator.control.signinfaults import changes_of
from gateway.simulator.entra.issuing import Changes
from gateway.simulator.exchange import Answer

_OF_POSTING = frozenset(kind.name for kind in POSTING)


@dataclass(frozen=True, slots=True)
class CallFaults:
    """The faults that hit one call."""

    occasion: Occasion
    faults: list[Fault]

    @property
    def names(self) -> tuple[str, ...]:
        """Their kinds, for the journal."""
        return tuple(fault.kind.name for fault in self.faults)

    def has(self, kind: str) -> bool:
        """Whether a fault of this kind hit the call."""
        return any(fault.kind.name == kind for fault in self.faults)

    def details(self, kind: str) -> list[Details]:
        """The details of every fault of this kind that hit the call."""
        return [fault.details for fault in self.of(kind)]

    def of(self, kind: str) -> list[Fault]:
        """The faults of this kind that hit the call."""
        return [fault for fault in self.faults if fault.kind.name == kind]

    def seconds(self, when: str) -> float:
        """How long to wait ``before`` or ``after`` the work."""
        waits = [d.number("seconds") for d in self.details("delay") if d.text("when") == when]
        return sum(waits)

    @property
    def release(self) -> str:
        """The release of the server that answers, blank for the environment's own."""
        return next((details.text("release") for details in self.details("other_release")), "")

    @property
    def effects(self) -> Effects:
        """What changes inside the work."""
        untaken = [details.texts("fields") for details in self.details("value_not_taken")]
        return Effects(
            filter_ignored=self.has("filter_ignored"),
            untaken=frozenset().union(*untaken),
            reads_empty=self.has("reads_empty"),
            posting=frozenset(self.names) & _OF_POSTING,
            untemplated=self.has("no_template"),
        )

    @property
    def sign_in(self) -> Changes:
        """What changes inside of Entra's work."""
        return changes_of({fault.kind.name: fault.details for fault in self.faults})

    def refuse(self) -> None:
        """Raise the error that stands in the way of the work."""
        for fault in self.faults:
            error = fault.kind.refuse(fault.details, self.occasion) if fault.kind.refuse else None
            if error is not None:
                raise error

    def instead(self, *, committed: bool) -> Answer | None:
        """The answer that a ``status`` fault gives in place of the real one."""
        for details in self.details("status"):
            if details.flag("committed") is committed:
                return status_answer(details)
        return None

    def altered(self, answer: Answer) -> Answer:
        """The finished answer as it leaves."""
        for fault in self.faults:
            if fault.kind.alter is not None:
                answer = fault.kind.alter(fault.details, answer)
        return answer
