"""A verb of several steps is tried: which step each field is of, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.operations.prepare import Prepared
from gateway.operations.sources import GivenAnswers
from gateway.operations.trial import Trial, told, trial_of
from tests.unit.operations.test_walking import deals

DEAL = {
    "reference": "D-1",
    "customer": {"number": "C-1", "name": "Adatum"},
    "lines": [{"sku": "1896-S", "quantity": 2, "unit_price": 5}],
    "net": 10,
    "due_date": "2026-12-24",
}
STEPS: dict[str, object] = {
    "terms": {"id": "5f8c0000-0000-4000-8000-000000000001"},
    "customer": {"id": "5f8c0000-0000-4000-8000-000000000002", "number": "C-1"},
    "made": {"id": "5f8c0000-0000-4000-8000-000000000003"},
}


async def settled(steps: dict[str, object]) -> tuple[Trial, Prepared]:
    plans = deals().resources["deals"]
    trial = trial_of(plans.mapping, "settle", deals().schemas)
    prepared = await trial.offline(
        DEAL,
        GivenAnswers({}, steps, trial.schemas),
        now=datetime(2026, 11, 27, tzinfo=UTC),
        target={"id": "5f8c0000-0000-4000-8000-000000000009"},
        params={},
    )
    return trial, prepared


async def test_each_field_is_of_the_step_that_writes_it() -> None:
    trial, prepared = await settled(STEPS)
    assert [(one.step, one.method) for one in prepared.requests][:2] == [
        ("customer", "POST"),
        ("made", "POST"),
    ]
    leaves = {(leaf.step, leaf.target): leaf for leaf in trial.leaves(prepared)}
    assert leaves["customer", "paymentTermsId"].reads == (
        ("steps.terms.id", "5f8c0000-0000-4000-8000-000000000001"),
    )
    quantity = leaves["made", "salesInvoiceLines[0].quantity"]
    assert (quantity.result, quantity.place.file) == (2, "mappings/deals.yaml")
    assert leaves["dated", "dueDate"].expression == "{{ deal.due_date }}"
    assert leaves[None, "steps[0].where.code"].taken == ("the default stands in",)
    assert {leaf.target for leaf in trial.leaves(prepared, "salesInvoiceLines.quantity")} == {
        "salesInvoiceLines[0].quantity"
    }


async def test_what_is_left_is_told_by_name() -> None:
    _, prepared = await settled({"terms": STEPS["terms"]})
    found = told(prepared)
    assert [one["step"] for one in found["requests"]] == ["customer"]  # type: ignore[attr-defined]  # JSON
    assert found["then"] == ["made", "dated", "draft", "posting", "invoice"]
    assert found["lookups"] == [{"name": "terms", "asked": 1, "found": 1, "missing": []}]


async def test_what_nothing_reads_is_told() -> None:
    trial, _ = await settled(STEPS)
    assert trial.unused(DEAL) == []
    assert trial.unused({**DEAL, "note": "x"}) == ["/note"]
    assert trial.unused(None) == []
