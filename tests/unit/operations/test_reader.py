from __future__ import annotations

import pytest

from gateway.errors import Ambiguous, FilterNotApplied, NotFound
from gateway.operations.changes import reading
from gateway.operations.reader import Reader
from gateway.storage import Connection
from gateway.wire import Condition
from tests.remote import Remote
from tests.unit.operations.conftest import snapshot

CITY = Condition("city", "eq", ("Leeds",))
NUMBER = Condition("number", "eq", ("10000",))
PLAN = snapshot().plan("customers", "upsert")
CUSTOMERS = snapshot().schemas.entity("v2.0", "customers")


@pytest.fixture
def reader(remote: Remote, connection: Connection) -> Reader:
    schemas = snapshot().schemas
    return Reader(
        remote.business_central,
        connection,
        remote.deadline(),
        lambda entity_set: schemas.entity("v2.0", entity_set),
    )


async def test_one_by_its_key_and_by_its_id(reader: Reader) -> None:
    by_key = await reader.by_key(CUSTOMERS, NUMBER, reading(CUSTOMERS, PLAN, NUMBER))
    assert by_key is not None
    by_id = await reader.by_id(CUSTOMERS, str(by_key["id"]).upper(), reading(CUSTOMERS, PLAN))
    assert by_id is not None
    assert by_id["@odata.etag"] == by_key["@odata.etag"]
    assert by_id["number"] == "10000"


async def test_none(reader: Reader) -> None:
    nobody = Condition("number", "eq", ("NOBODY",))
    assert await reader.by_key(CUSTOMERS, nobody, reading(CUSTOMERS, PLAN, nobody)) is None
    gone = "5f8c0000-0000-4000-8000-00000000dead"
    assert await reader.by_id(CUSTOMERS, gone, reading(CUSTOMERS, PLAN)) is None
    with pytest.raises(NotFound):
        await reader.by_id(CUSTOMERS, "no-id", reading(CUSTOMERS, PLAN))


async def test_a_filter_that_is_ignored_is_seen(remote: Remote, reader: Reader) -> None:
    await remote.arm("filter_ignored")
    with pytest.raises(FilterNotApplied):
        await reader.by_key(CUSTOMERS, NUMBER, reading(CUSTOMERS, PLAN, NUMBER))


async def test_several_are_ambiguous(remote: Remote, reader: Reader) -> None:
    same = Condition("type", "eq", ("Company",))
    with pytest.raises(Ambiguous):
        await reader.by_key(CUSTOMERS, same, reading(CUSTOMERS, PLAN, same))
    assert len(await remote.journal(entity="customers")) == 1
