"""What becomes of the elements of a part: told from what is there, without sending anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents import decode_json, encode_json
from gateway.errors import Ambiguous, InvalidInput, Place, RecordChanged
from gateway.mapping import Names, PartChange
from gateway.mapping.change import Shown
from gateway.operations.elements import (
    AGENDA,
    LONGEST_NAME,
    Element,
    due,
    left_of,
    looked_again,
    plan_for,
    read_agenda,
    request_for,
)
from gateway.operations.prepare import Prepared, names_for, prepare
from gateway.operations.sources import GivenAnswers
from gateway.operations.wanted import Whole, elements_of
from tests.unit.operations.conftest import snapshot

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ORDER_ID = "5f8c0000-0000-4000-8000-000000000001"
PARENT = f"salesOrders({ORDER_ID})"
ENTITIES = partial(snapshot().schemas.entity, "v2.0")
SKUS = ("1896-S", "1900-S")


def unused(names: Names) -> list[dict[str, object]]:
    raise AssertionError(names)


def part(*key: str, shown: Shown | None = None, name: str = "salesOrderLines") -> PartChange:
    place = Place("orders.yaml", 1, 1)
    spared, lines = frozenset({"unitPrice", "discountPercent", "discountAmount"}), ("lines",)
    return PartChange(name, name, key, shown, spared, lines, (lines,), frozenset(), place, unused)


def row(sequence: int, **more: object) -> dict[str, object]:
    known = {"id": f"5f8c0000-0000-4000-8000-{sequence:012}", "sequence": sequence}
    return {**known, "lineType": "Item", "quantity": 2, **more}


def made(
    wanted: list[dict[str, object]],
    rows: list[dict[str, object]],
    *key: str,
    shown: list[int] | None = None,
) -> list[Element]:
    where = None if shown is None else Shown(("lines",), ("sequence",))
    record = {"lines": [{"sequence": number} for number in shown or ()]}
    whole = Whole(ORDER_ID, PARENT, record, rows)
    return elements_of(part(*(key or ("sequence",)), shown=where), wanted, whole, ENTITIES)


def calls(elements: list[Element]) -> list[tuple[str, str, object]]:
    found = [request_for(one, ENTITIES) for one in elements]
    return [(one.method, one.path, one.body) for one in found if one is not None]


def test_an_element_is_changed_made_or_deleted() -> None:
    wanted: list[dict[str, object]] = [
        {"sequence": 10000, "quantity": 3},
        {"sequence": 15000, "quantity": 1},
        {"sequence": 30000, "quantity": 2},
    ]
    rows = [row(number) for number in (10000, 20000, 30000, 40000)]
    assert calls(made(wanted, rows, shown=[10000, 20000, 30000])) == [
        ("PATCH", f"salesOrderLines({rows[0]['id']})", {"quantity": 3}),
        ("POST", f"{PARENT}/salesOrderLines", {"sequence": 15000, "quantity": 1}),
        ("DELETE", f"salesOrderLines({rows[1]['id']})", None),
    ]
    assert len(calls(made(wanted, rows))) == 2
    assert [one.kind for one in due(made(wanted, rows), ENTITIES)] == ["update", "create"]


@pytest.mark.parametrize("sequences", [[10000, 10000], [0], [None], [10000, Decimal("10000.0")]])
def test_an_element_that_could_be_another_is_refused(sequences: list[object]) -> None:
    wanted: list[dict[str, object]] = [{"sequence": one, "quantity": 3} for one in sequences]
    with pytest.raises(InvalidInput) as refused:
        made(wanted, [row(10000)])
    (violation,) = refused.value.violations
    assert violation.target == f"salesOrderLines[{len(sequences) - 1}]"
    assert (violation.pointer, violation.rule) == ("/lines", "key")


def test_an_element_that_is_there_twice_is_nobodys() -> None:
    with pytest.raises(Ambiguous):
        made([{"sequence": 20000, "quantity": 3}], [row(10000), row(10000)])


def test_an_element_without_a_key_is_left_alone() -> None:
    assert made([], [row(0), {"id": ORDER_ID, "sequence": None}], shown=[0]) == []


def test_codes_are_keys_whatever_their_case() -> None:
    rows = [row(10000, lineObjectNumber="1896-S")]
    (found,) = made([{"lineObjectNumber": " 1896-s", "quantity": 2}], rows, "lineObjectNumber")
    assert (found.kind, request_for(found, ENTITIES)) == ("update", None)


def test_its_name_fits_into_the_journal() -> None:
    wanted: list[dict[str, object]] = [{"description": "x" * 80}, {"description": "y" * 80}]
    names = [one.name for one in made(wanted, [], "description")]
    assert len(set(names)) == 2
    assert all(len(name) <= LONGEST_NAME for name in names)


def test_it_comes_back_from_the_journal_as_it_was() -> None:
    wanted: list[dict[str, object]] = [
        {"sequence": 10000, "unitPrice": Decimal("19.90")},
        {"sequence": 15000, "quantity": 1},
    ]
    elements = made(wanted, [row(10000, unitPrice=Decimal("10.00")), row(20000)], shown=[20000])
    written = decode_json(encode_json({AGENDA: [one.written for one in elements]}))
    assert isinstance(written, dict)
    assert list(read_agenda(written)) == elements
    assert read_agenda({}) == ()
    assert json.dumps([one.name for one in elements])


def seen(element: Element, rows: list[dict[str, object]], *, ours: bool = False) -> list[Element]:
    return looked_again([element], {"salesOrderLines": rows}, ENTITIES, ours=ours)


class TestLookedAgain:
    def of(self, kind: str) -> Element:
        wanted: list[dict[str, object]] = [{"sequence": 10000, "quantity": 3, "unitPrice": 5}]
        there = [row(10000, unitPrice=4)]
        if kind == "delete":
            return made([], there, shown=[10000])[0]
        return made(wanted, there if kind == "update" else [])[0]

    def test_what_is_as_it_was(self) -> None:
        for kind in ("update", "delete"):
            element = self.of(kind)
            assert seen(element, [row(10000, unitPrice=4)]) == [element]
        assert seen(self.of("create"), [row(20000)]) == [self.of("create")]

    @pytest.mark.parametrize(
        ("kind", "rows"),
        [
            ("update", []),
            ("update", [row(10000, quantity=9, unitPrice=4)]),
            ("update", [row(10000, unitPrice=9)]),
            ("create", [row(10000)]),
            ("delete", [row(10000, unitPrice=9)]),
        ],
    )
    def test_what_somebody_else_did(self, kind: str, rows: list[dict[str, object]]) -> None:
        with pytest.raises(RecordChanged) as raised:
            seen(self.of(kind), rows)
        assert raised.value.violations[0].target

    def test_what_is_as_wanted_whoever_did_it(self) -> None:
        (found,) = seen(self.of("update"), [row(10000, quantity=3, unitPrice=5)])
        assert request_for(found, ENTITIES) is None
        assert seen(self.of("delete"), []) == []

    def test_what_the_change_of_the_record_did(self) -> None:
        now = [row(10000, unitPrice=9)]
        (changed,) = seen(self.of("update"), now, ours=True)
        assert changed.stood == {"quantity": 2, "unitPrice": 9}
        (going,) = seen(self.of("delete"), now, ours=True)
        assert going.stood["unitPrice"] == 9
        for kind, rows in (("update", []), ("create", now)):
            with pytest.raises(RecordChanged):
                seen(self.of(kind), rows, ours=True)


class TestLeft:
    def test_what_was_changed_besides_is_left_to_do(self) -> None:
        wanted: list[dict[str, object]] = [{"sequence": 10000, "quantity": 3, "unitPrice": 4}]
        (element,) = made(wanted, [row(10000, unitPrice=4)])
        answer = {"body": row(10000, quantity=3, unitPrice=9)}
        after = left_of(element, answer, ENTITIES)
        assert after is not None
        assert (after.name, calls([after])[0][2]) == (f"{element.name} again", {"unitPrice": 4})
        assert after.stood == {"unitPrice": 9}
        assert left_of(after, {"body": row(10000, quantity=3, unitPrice=4)}, ENTITIES) is None

    def test_what_is_not_taken_is_not_said_again(self) -> None:
        """As a quantity of more decimals than Business Central keeps."""
        wanted: list[dict[str, object]] = [{"sequence": 10000, "quantity": 3, "unitPrice": 4}]
        (element,) = made(wanted, [row(10000, unitPrice=4)])
        assert left_of(element, {"body": row(10000, quantity=2.9, unitPrice=4)}, ENTITIES) is None
        after = left_of(element, {"body": row(10000, quantity=2.9, unitPrice=9)}, ENTITIES)
        assert after is not None
        assert calls([after])[0][2] == {"unitPrice": 4}
        assert left_of(after, {"body": row(10000, quantity=2.9, unitPrice=5)}, ENTITIES) is None

    def test_of_one_that_was_made_too(self) -> None:
        (element,) = made([{"sequence": 10000, "quantity": 3}], [])
        after = left_of(element, {"body": row(10000, quantity=2)}, ENTITIES)
        assert after is not None
        assert after.kind == "update"
        assert left_of(element, {"body": row(10000, quantity=3)}, ENTITIES) is None

    @pytest.mark.parametrize("answer", [None, {"body": None}, {"body": {"quantity": 9}}])
    def test_what_nobody_knows_is_not_left(self, answer: Mapping[str, object] | None) -> None:
        (element,) = made([{"sequence": 10000, "quantity": 3}], [])
        assert left_of(element, answer, ENTITIES) is None
        (going,) = made([], [row(10000)], shown=[10000])
        assert left_of(going, {"body": row(10000)}, ENTITIES) is None


def test_the_plan_of_an_element_is_nothing_but_its_call() -> None:
    plan = snapshot().plan("sales-orders", "update")
    (element,) = made([{"sequence": 10000, "quantity": 3}], [])
    own = plan_for(plan, element)
    assert (own.entity, own.part, own.input, own.lookups) == ("salesOrderLines", True, None, ())
    assert own.steps[0].render({}).path == f"{PARENT}/salesOrderLines"


def line_of(sku: str, sequence: int, quantity: int, price: int) -> dict[str, Any]:
    return {"sku": sku, "sequence": sequence, "quantity": quantity, "unit_price": price}


LINES = st.dictionaries(
    st.integers(1, 5).map(lambda one: one * 10000),
    st.tuples(st.sampled_from(SKUS), st.integers(1, 3), st.integers(0, 2)),
    min_size=1,
)


def a_row(sequence: int, kind: str, number: str, quantity: int, price: int) -> dict[str, Any]:
    more = {"description": "", "discountPercent": 0, "itemVariantId": None, "unitOfMeasureCode": ""}
    facts = {"lineType": kind, "lineObjectNumber": number, "unitPrice": price, "netAmount": 0}
    return {**row(sequence, quantity=quantity), **more, **facts}


def prepared(rows: list[dict[str, Any]], lines: list[dict[str, Any]]) -> Prepared:
    plan = snapshot().plan("sales-orders", "update")
    change = plan.steps[0].change
    assert change is not None
    order: dict[str, Any] = dict.fromkeys(change.select, "") | {"id": ORDER_ID, "number": "O-1"}
    sums = ("totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax")
    order |= dict.fromkeys(sums, 0) | {"status": "Draft", "fullyShipped": False}
    source = GivenAnswers(
        {"items": {sku: {"number": sku} for sku in SKUS}},
        {"read": {**order, "salesOrderLines": rows}},
    )
    names = names_for(plan, {"lines": lines}, None, now=NOW, target={"id": ORDER_ID})
    return asyncio.run(prepare(snapshot().schemas, plan, names, source))


@given(LINES, LINES, st.booleans())
@settings(max_examples=40)
def test_after_its_calls_the_lines_are_those_that_were_sent(
    before: dict[int, tuple[str, int, int]],
    wanted: dict[int, tuple[str, int, int]],
    freight: bool,
) -> None:
    rows = [a_row(number, "Item", *facts) for number, facts in before.items()]
    charge = a_row(90000000, "Charge", "FREIGHT", 1, 5)
    rows += [charge] if freight else []
    lines = [line_of(sku, number, *rest) for number, (sku, *rest) in wanted.items()]
    found = prepared(rows, lines)
    if any(number in before and before[number][0] != wanted[number][0] for number in wanted):
        assert isinstance(found.problem, InvalidInput)
        assert {one.rule for one in found.problem.violations} == {"fixed"}
        assert found.requests == ()
        return
    assert found.problem is None
    there = {str(one["id"]): one for one in rows}
    for request in found.requests:
        key = request.path.partition("(")[2].rstrip(")")
        if request.method == "DELETE":
            del there[key]
        elif request.method == "PATCH":
            assert request.body
            assert all(there[key][name] != value for name, value in request.body.items())
            there[key] = there[key] | request.body
        else:
            assert request.body is not None
            number = request.body["sequence"]
            assert number not in [one["sequence"] for one in there.values()]
            new = a_row(int(str(number)), "Item", "", 0, 0) | request.body
            there[str(new["id"])] = new
    after = {
        one["sequence"]: (one["lineObjectNumber"], one["quantity"], one["unitPrice"])
        for one in there.values()
        if one["lineType"] == "Item"
    }
    assert after == wanted
    assert (charge in there.values()) is freight
    assert prepared(list(there.values()), lines).requests == ()
