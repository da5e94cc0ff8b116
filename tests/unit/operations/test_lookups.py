from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import FilterNotApplied
from gateway.mapping import Lookup, Question
from gateway.operations.lookups import MOST_CACHED, LookupCache, RemoteLookups
from gateway.operations.sources import Absent
from gateway.storage import changed
from tests.clock import MovingClock
from tests.unit.operations.conftest import Writes

CUSTOMERS = Lookup(
    "customers",
    "customers",
    item_match=False,
    each=True,
    select=("id", "displayName"),
    cache=300.0,
    on_missing=None,
    asked=lambda _: [],
)


def by(**where: object) -> Question:
    return Question("key", tuple(where.items()))


def numbers(*values: str) -> list[Question]:
    return [by(number=value) for value in values]


async def find(
    writes: Writes, questions: Sequence[Question], lookup: Lookup = CUSTOMERS
) -> list[Any]:
    """The numbers of the customers found, in the order asked for."""
    tools = writes.engine._tools
    source = RemoteLookups(
        tools.business_central,
        tools.matching,
        tools.snapshot.schemas,
        tools.cache,
        connection=writes.connection,
        plan=writes.plan,
        deadline=writes.remote.deadline(),
    )
    found = await source.find(lookup, questions)
    return [one if one is None or isinstance(one, Absent) else one["number"] for one in found]


async def reads(writes: Writes) -> int:
    return len(await writes.remote.journal(method="GET", entity="customers"))


async def test_questions_about_one_field_share_a_read(writes: Writes) -> None:
    found = await find(writes, numbers("20000", "NOBODY", "10000"))

    assert found == ["20000", Absent(), "10000"]
    assert await reads(writes) == 1


async def test_what_was_found_is_kept_for_its_time(writes: Writes) -> None:
    assert await find(writes, numbers("10000", "NOBODY")) == ["10000", Absent()]
    assert await find(writes, numbers("10000")) == ["10000"]
    assert await reads(writes) == 1

    await find(writes, numbers("NOBODY"))
    assert await reads(writes) == 2
    await writes.remote.clock.advance(300)
    assert await find(writes, numbers("10000")) == ["10000"]
    assert await reads(writes) == 3


async def test_what_must_be_fresh_is_read_each_time(writes: Writes) -> None:
    fresh = replace(CUSTOMERS, cache=0.0)
    for _ in range(2):
        assert await find(writes, numbers("10000"), fresh) == ["10000"]

    assert await reads(writes) == 2


async def test_how_old_an_answer_may_be_is_up_to_who_asks(writes: Writes) -> None:
    """Not to who has found it: that may be a draft that was tried in a dry run."""
    await find(writes, numbers("10000"), replace(CUSTOMERS, cache=1e15))
    await find(writes, numbers("10000"), replace(CUSTOMERS, cache=0.0))
    assert await reads(writes) == 2
    await writes.remote.clock.advance(200)
    await find(writes, numbers("10000"))
    assert await reads(writes) == 2
    await writes.remote.clock.advance(100)
    await find(writes, numbers("10000"))
    assert await reads(writes) == 3


async def test_a_record_of_another_company_is_not_taken_from_the_cache(writes: Writes) -> None:
    await find(writes, numbers("10000"))
    writes.connection = changed(
        writes.connection, company_id="c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e02"
    )
    await find(writes, numbers("10000"))

    assert await reads(writes) == 2


async def test_what_no_record_can_hold_is_not_asked_for(writes: Writes) -> None:
    questions = [*numbers("1" * 21), by(number=None)]

    assert await find(writes, questions) == [Absent(), Absent()]
    assert await reads(writes) == 0


async def test_case_does_not_count_in_a_code_and_nasty_text_is_text(writes: Writes) -> None:
    nasty = "O'Brien & Co/50%+#"
    found = await find(writes, [by(displayName=nasty), *numbers("' or '1' eq '1")])

    assert found == [Absent(), Absent()]


async def test_several_records_are_ambiguous(writes: Writes) -> None:
    found = await find(writes, [by(type="Company"), by(type="Company", number="10000")])

    assert found == [Absent(ambiguous=True), "10000"]


async def test_records_that_were_not_asked_for_are_not_used(writes: Writes) -> None:
    await writes.remote.arm("filter_ignored", match={"entity": "customers"})

    with pytest.raises(FilterNotApplied):
        await find(writes, numbers("10000"))


def test_the_cache_is_bounded() -> None:
    cache = LookupCache(MovingClock())
    for number in range(MOST_CACHED + 2):
        cache.put((number,), {"number": number})

    kept = [cache.get((number,), 60) is not None for number in (0, 1, 2, MOST_CACHED + 1)]
    assert kept == [False, False, True, True]
