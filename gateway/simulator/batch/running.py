"""The requests of a batch, one after the other, whatever form they came in (bc/api.md §6).

Business Central stops at the first failure unless it is asked to go on. With snapshot isolation
everything is taken back then, and what was answered before still says that it was done. A
group of changes (OData 4.0 Part 1 §11.7) is done as a whole or not at all. A choice: posting does
not commit in between, as it does in Business Central.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby

from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError, bad_request
from gateway.simulator.exchange import Answer, Call

MOST = 100
Serve = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch: the ``id`` it is known by, the ``group`` of changes it is in, and
    the ids it ``depends`` on.
    """

    call: Call
    id: str | None = None
    group: str | None = None
    depends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a request of a batch was answered."""

    part: Part
    answer: Answer

    @property
    def failed(self) -> bool:
        """Whether it is a refusal."""
        return self.answer.status >= 400


@dataclass(frozen=True, slots=True)
class Manner:
    """How a batch is run: on after failures, and as one transaction."""

    going_on: bool
    snapshot: bool

    @classmethod
    def of(cls, call: Call) -> Manner:
        """What the headers of the batch ask for."""
        isolation = call.headers.get("isolation") or call.headers.get("odata-isolation", "")
        return cls(
            "continue-on-error" in call.headers.get("prefer", "").lower(),
            isolation.strip().lower() == "snapshot",
        )


class _TakenBack(Exception):
    """Ends a transaction; nothing of it stays."""


def run(
    parts: Sequence[Part], manner: Manner, environment: Environment, serve: Serve
) -> list[Result]:
    """The results, up to the first failure or all of them. Raises BusinessCentralError."""
    if len(parts) > MOST:
        raise BusinessCentralError(
            500,
            "Unknown",
            f"The current batch message contains too many parts. A maximum number of '{MOST}' "
            "query operations and change sets are allowed in a batch message.",
        )
    results: list[Result] = []
    with _kept(manner.snapshot, environment):
        for group, own in groupby(parts, key=lambda part: part.group):
            members = list(own)
            results += (
                _each(members, results, manner, serve)
                if group is None
                else _together(members, results, environment, serve)
            )
            failed = any(result.failed for result in results)
            if failed and not manner.going_on:
                break
        if manner.snapshot and any(result.failed for result in results):
            raise _TakenBack
    return results


def _each(
    parts: Sequence[Part], before: Sequence[Result], manner: Manner, serve: Serve
) -> list[Result]:
    results: list[Result] = []
    for part in parts:
        results.append(_one(part, [*before, *results], serve))
        if results[-1].failed and not manner.going_on:
            break
    return results


def _together(
    parts: Sequence[Part], before: Sequence[Result], environment: Environment, serve: Serve
) -> list[Result]:
    """A group of changes; where one is refused, its refusal is the answer of the whole group."""
    results: list[Result] = []
    with _kept(True, environment):
        for part in parts:
            results.append(_one(part, [*before, *results], serve))
            if results[-1].failed:
                raise _TakenBack
    return results[-1:] if results and results[-1].failed else results


def _one(part: Part, before: Sequence[Result], serve: Serve) -> Result:
    states = {result.part.id: result.failed for result in before}
    for name in part.depends:
        if name not in states:
            raise bad_request(
                f"The request '{part.id}' depends on '{name}', which is not before it."
            )
        if states[name]:
            return Result(part, Answer(424))
    return Result(part, serve(part.call))


@contextmanager
def _kept(one: bool, environment: Environment) -> Iterator[None]:
    """Where it is ``one`` transaction, nothing is left of it after ``_TakenBack``."""
    transactions: list[AbstractContextManager[None]] = []
    if one:
        transactions = [company.transaction() for company in environment.companies.values()]
    try:
        with ExitStack() as stack:
            for transaction in transactions:
                stack.enter_context(transaction)
            yield
    except _TakenBack:
        pass
