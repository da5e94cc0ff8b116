from __future__ import annotations

from tests.unit.operations.conftest import Writes

POST = {"method": "POST", "entity": "salesOrders"}
READ_BACK = {"method": "GET", "path": r"salesOrders\("}


async def test_a_value_that_was_not_taken_is_named_without_its_value(writes: Writes) -> None:
    await writes.remote.arm("value_not_taken", fields=["shipToName"], match=POST)
    outcome = await writes.create()

    [warning] = outcome.operation.warnings
    assert warning.code == "value_not_taken"
    assert "shipToName" in warning.detail
    assert "Birgit" not in warning.detail


async def test_a_failing_read_back_does_not_make_the_write_fail(writes: Writes) -> None:
    await writes.remote.arm("status", status=400, match=READ_BACK)
    outcome = await writes.create()

    [there] = await writes.orders()
    assert outcome.status == 201
    assert outcome.body == {"id": there["id"], "number": there["number"]}
    assert [one.code for one in outcome.operation.warnings] == ["answer_not_mapped"]
    assert (await writes.create()).body == outcome.body


async def test_what_is_read_back_is_one_read(writes: Writes) -> None:
    await writes.create()

    reads = await writes.remote.journal(method="GET", path=r"salesOrders\(")
    assert len(reads) == 1
