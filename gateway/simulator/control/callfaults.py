"""What the faults that hit one call do to it. Called by ``listener`` around the real work."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.simulator.businesscentral import Effects
from gateway.simulator.control.faults import Fault
from gateway.simulator.control.signinfaults import changes_of, token_refusal
from gateway.simulator.entra.issuing import Changes
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.exchange import Answer, json_answer

REJECTED = "The server has rejected the client credentials."
_LOCKED = (
    "We can't save your changes right now, because a record in table 'Sales Header' is being "
    "updated in a transaction done by another session. You'll have to wait until the other "
    "transaction has completed, which may take a while. Please try again later."
)


@dataclass(frozen=True, slots=True)
class CallFaults:
    """The faults that hit one call."""

    faults: list[Fault]

    @property
    def names(self) -> tuple[str, ...]:
        """Their kinds, for the journal."""
        return tuple(fault.kind for fault in self.faults)

    def has(self, kind: str) -> bool:
        """Whether a fault of this kind hit the call."""
        return any(fault.kind == kind for fault in self.faults)

    def seconds(self, when: str) -> float:
        """How long to wait ``before`` or ``after`` the work."""
        waits = [
            fault.details["seconds"]
            for fault in self.faults
            if fault.kind == "delay" and fault.details.get("when", "after") == when
        ]
        return float(sum(wait for wait in waits if isinstance(wait, int | float)))

    @property
    def effects(self) -> Effects:
        """What changes inside the work."""
        untaken: set[str] = set()
        for fault in self.faults:
            fields = fault.details.get("fields", ())
            if isinstance(fields, list):
                untaken.update(fields)
        return Effects(self.has("filter_ignored"), frozenset(untaken))

    def refuse(self) -> None:
        """Raise what stands in the way of the work: credentials or a lock."""
        if self.has("reject_token") or self.has("expire_token"):
            raise BusinessCentralError(401, "Authentication_InvalidCredentials", REJECTED)
        if self.has("lock"):
            raise BusinessCentralError(409, "Internal_ServerError", _LOCKED)
        refusal = token_refusal(self.faults)
        if refusal is not None:
            raise refusal

    @property
    def sign_in(self) -> Changes:
        """What changes inside of Entra's work."""
        return changes_of(self.faults)

    def instead(self, *, committed: bool) -> Answer | None:
        """The answer that a ``status`` fault gives in place of the real one."""
        for fault in self.faults:
            if fault.kind == "status" and fault.details.get("committed", False) is committed:
                return _status_answer(fault)
        return None


def _status_answer(fault: Fault) -> Answer:
    status, body = fault.details["status"], fault.details.get("body", "")
    assert isinstance(status, int)
    sent = fault.details.get("headers", {})
    headers = {str(k): str(v) for k, v in sent.items()} if isinstance(sent, dict) else {}
    if isinstance(body, str):
        kind = {} if not body else {"Content-Type": "text/html; charset=utf-8"}
        return Answer(status, body.encode(), {**kind, **headers})
    answer = json_answer(status, body)
    return Answer(status, answer.body, {**answer.headers, **headers})


def truncated(answer: Answer) -> Answer:
    """The answer, ending in the middle of its JSON."""
    return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
