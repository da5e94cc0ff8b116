"""The requests of a batch, one after the other, whatever form they came in (bc/api.md §6).

Business Central stops at the first failure unless it is asked to go on. With snapshot isolation
everything is taken back then but what was committed in between, as posting is, and what was
answered before still says that it was done. ``dependsOn`` is OData 4.01's (JSON §19); a choice,
as nobody has written down what Business Central does with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError, bad_request
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.records.store import Counters

MOST = 100
Serve = Callable[[Call], Answer]
_GOING_ON = re.compile(r"\bcontinue-on-error\b(?!\s*=\s*false)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch: the ``id`` it is known by, the ``group`` of changes it is in, and
    the ids or groups it ``depends`` on.
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
            _GOING_ON.search(call.headers.get("prefer", "")) is not None,
            isolation.strip().lower() == "snapshot",
        )


class _TakenBack(Exception):
    """Ends a transaction; nothing of it stays that was not committed."""


def run(
    parts: Sequence[Part], manner: Manner, environment: Environment, serve: Serve
) -> list[Result]:
    """The results, up to the first failure or all of them. Raises BusinessCentralError, and has
    done nothing then.
    """
    _check(parts)
    results: list[Result] = []
    with _kept(manner.snapshot, environment):
        for part in parts:
            results.append(Result(part, _answered(part, results, serve)))
            if results[-1].failed and not manner.going_on:
                break
        if manner.snapshot and any(result.failed for result in results):
            raise _TakenBack
    return results


def _check(parts: Sequence[Part]) -> None:
    """Refuse a batch that can not be run.

    A group of several changes, a change set or an ``atomicityGroup``, was refused in these words
    by release 15 (github.com/microsoft/AL/issues/5553); a choice: it still is, as ``Isolation:
    snapshot`` is what has come since, and as a whole, like a batch that is too long.
    """
    if len(parts) > MOST:
        raise _refused(
            f"The current batch message contains too many parts. A maximum number of '{MOST}' "
            "query operations and change sets are allowed in a batch message."
        )
    groups = Counter(part.group for part in parts if part.group is not None)
    if any(count > 1 for count in groups.values()):
        raise _refused(
            "Multiple requests within the same change set are not supported by Microsoft "
            "Dynamics 365 Business Central OData web services."
        )
    known: set[str | None] = set()
    for part in parts:
        if part.id is not None and not part.id.isprintable():  # it is a header of the answer
            raise bad_request("The id of a request in the batch is one line of text.")
        if part.id is not None and part.id in known:
            raise bad_request(f"The id '{part.id}' is there twice in the batch.")
        for name in part.depends:
            if name not in known:
                text = f"The request '{part.id}' depends on '{name}', which is not before it."
                raise bad_request(text)
        known |= {part.id, part.group}


def _refused(text: str) -> BusinessCentralError:
    return BusinessCentralError(500, "Unknown", text)


def _answered(part: Part, before: Sequence[Result], serve: Serve) -> Answer:
    """The answer, which is 424 where something that it depends on has failed."""
    failed = {
        name for result in before if result.failed for name in (result.part.id, result.part.group)
    }
    return Answer(424) if failed.intersection(part.depends) else serve(part.call)


@contextmanager
def _kept(one: bool, environment: Environment) -> Iterator[None]:
    """Where it is ``one`` transaction, nothing is left of it after ``_TakenBack``."""
    companies = list(environment.companies.values()) if one else []
    counters: list[Counters] = []
    try:
        with ExitStack() as stack:
            for company in companies:
                stack.enter_context(company.transaction())
            try:
                yield
            except _TakenBack:
                counters = [company.counters for company in companies]
                raise
    except _TakenBack:
        # Ids and ETags were answered: no other record gets them.
        for company, used in zip(companies, counters, strict=True):
            company.counters = used
