"""The dry run: everything a write would do, and nothing written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aiohttp import ClientSession

from gateway.config import shipped
from gateway.documents import decode_json
from gateway.snapshot import Snapshot
from tests.conftest import Caller, Connect, Writes

ORDER: dict[str, Any] = {
    "external_reference": "DEAL-7",
    "customer": {"number": "10000"},
    "lines": [{"sku": "1896-S", "quantity": 2, "unit_price": 19.9}, {"sku": "0042", "quantity": 1}],
}
CUSTOMER = {"id": "5f8c0000-0000-4000-8000-000000000001", "number": "10000", "blocked": None}


async def dry_run(session: ClientSession, **given: object) -> dict[str, Any]:
    body = {"resource": "sales-orders", "verb": "create", "input": ORDER, **given}
    async with session.post("/v1/dry-run", json=body) as response:
        answer = decode_json(await response.read())
        assert isinstance(answer, dict)
        return {"status": response.status, **answer}


async def test_without_a_connection_the_answers_are_given(caller: Caller) -> None:
    items = {"1896-S": {"number": "1896-S"}, "0042": {"number": "1900-S"}}
    answers = {"lookups": {"customer": CUSTOMER, "items": items}}
    found = await dry_run(await caller("integrator"), answers=answers)
    assert (found["status"], found["verdict"], found["problem"]) == (200, "would_send", None)
    (request,) = found["requests"]
    assert (request["method"], request["path"]) == ("POST", "salesOrders")
    line = request["body"]["salesOrderLines"][0]
    assert list(line) == ["sequence", "lineType", "lineObjectNumber", "quantity", "unitPrice"]
    assert line["unitPrice"] == Decimal("19.9")
    assert [lookup["found"] for lookup in found["lookups"]] == [1, 2]


def field(found: dict[str, Any], target: str) -> dict[str, Any]:
    (one,) = [one for one in found["fields"] if one["target"] == target]
    assert isinstance(one, dict)
    return one


async def test_each_field_tells_where_it_comes_from(caller: Caller) -> None:
    items = {"1896-S": {"number": "1896-S"}, "0042": {"number": "1900-S"}}
    answers = {"lookups": {"customer": CUSTOMER, "items": items}}
    found = await dry_run(await caller("integrator"), answers=answers)
    quantity = field(found, "salesOrderLines[0].quantity")
    text = (shipped("mappings") / "sales-orders.yaml").read_text().splitlines()
    place = quantity.pop("place")
    assert text[place["line"] - 1][place["column"] - 1 :] == '"{{ line.quantity }}"'
    assert place["file"] == "mappings/sales-orders.yaml"
    assert quantity == {
        "target": "salesOrderLines[0].quantity",
        "step": "create",
        "from": [{"path": "order.lines[0].quantity", "value": 2}],
        "expression": "{{ line.quantity }}",
        "taken": [],
        "value": 2,
    }
    assert field(found, "salesOrderLines[0].unitPrice")["value"] == Decimal("19.9")
    absent = field(found, "salesOrderLines[1].unitPrice")
    assert ("value" in absent, absent["from"]) == (False, [{"path": "order.lines[1].unit_price"}])
    asked = field(found, "lookups.customer.where.number")
    assert (asked["step"], asked["value"]) == (None, "10000")


async def test_what_nothing_reads_is_named(caller: Caller) -> None:
    order = {**ORDER, "note": "Zebulon", "customer": {"number": "10000", "tax": {"a": 1}}}
    order["lines"] = [ORDER["lines"][0], {**ORDER["lines"][1], "colour": "red"}]
    found = await dry_run(await caller("integrator"), input=order)
    assert found["verdict"] == "would_refuse"
    assert found["unused_input"] == ["/customer/tax", "/lines/1/colour", "/note"]
    assert "Zebulon" not in str(found)


async def test_a_verb_that_the_resource_does_not_have(caller: Caller) -> None:
    found = await dry_run(await caller("integrator"), verb="delete")
    assert (found["status"], found["code"]) == (422, "invalid_input")
    assert found["errors"][0]["pointer"] == "/verb"
    assert "list, read, create" in found["detail"]


async def test_an_answer_that_is_not_given_is_named(caller: Caller) -> None:
    found = await dry_run(await caller("integrator"), answers={"lookups": {"customer": CUSTOMER}})
    assert (found["status"], found["code"]) == (422, "invalid_input")
    assert "items" in found["detail"]


async def test_an_answer_that_business_central_never_gives_is_named(caller: Caller) -> None:
    customer = {**CUSTOMER, "blocked": "Invoices", "blockd": None}
    found = await dry_run(
        await caller("integrator"), answers={"lookups": {"customer": customer, "items": {}}}
    )
    assert (found["status"], found["code"]) == (422, "invalid_input")
    told = {one["pointer"]: (one["rule"], one["hint"]) for one in found["errors"]}
    assert told == {
        "/answers/lookups/customer/blocked": ("T110", 'Did you mean "Invoice"?'),
        "/answers/lookups/customer/blockd": ("T110", 'Did you mean "blocked"?'),
    }


async def test_with_a_connection_lookups_are_read_and_nothing_is_written(
    caller: Caller, connect: Connect, writes: Writes
) -> None:
    found = await dry_run(await caller("integrator"), connection=await connect())
    assert (found["status"], found["verdict"]) == (200, "would_refuse")
    assert found["requests"] == []
    assert found["problem"]["code"] == "unmatched_item"
    assert [finding["pointer"] for finding in found["findings"]] == ["/lines/1/sku"]
    assert found["lookups"][1] == {
        "name": "items",
        "asked": 2,
        "found": 1,
        "missing": ["/lines/1/sku"],
    }
    assert await writes() == []


AGAIN = """extends: sales-orders
actions:
  again:
    input: order
    schema: sales-order
    steps:
      - name: made
        create: salesOrders
        anchor: {field: externalDocumentNumber, value: "{{ order.external_reference }}"}
        body:
          externalDocumentNumber?: "{{ order.external_reference }}"
          customerNumber: "{{ order.customer.number }}"
      - name: there
        read: salesOrders
        id: "{{ steps.made.id }}"
"""


async def test_a_reference_that_was_used_is_refused_as_the_call_would_be(
    caller: Caller, connect: Connect, writes: Writes
) -> None:
    session, first, second = await caller("integrator"), await connect(), await connect()
    order = {**ORDER, "lines": ORDER["lines"][:1]}
    asked = {"connection": second, "input": order}
    assert (await dry_run(session, **asked))["verdict"] == "would_send"
    orders = "/v1/connections/{}/sales-orders"
    async with session.post(orders.format(first), json=order) as response:
        assert response.status == 201
        operation = response.headers["Operation-Id"]
    (made,) = await writes()

    found = await dry_run(session, **asked)
    assert (found["verdict"], len(found["requests"])) == ("would_refuse", 1)
    async with session.post(orders.format(second), json=order) as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (409, "conflict")
    assert "used this reference for sales-orders:" in problem["detail"]
    for one in (found["problem"], problem):
        assert operation in one["detail"]
    assert found["problem"]["detail"] == problem["detail"]
    # The operation that the call itself would find is answered again.
    assert (await dry_run(session, **{**asked, "connection": first}))["verdict"] == "would_send"
    action = {"mapping": AGAIN, "verb": "again", "id": operation}
    found = await dry_run(session, **asked, **action)
    assert (found["verdict"], found["problem"]["detail"]) == ("would_refuse", problem["detail"])
    fresh = {**order, "external_reference": "DEAL-8"}
    found = await dry_run(session, **{**asked, "input": fresh}, **action)
    assert (found["verdict"], found["then"]) == ("would_send", ["there"])
    assert await writes() == [made]


async def test_a_document_that_does_not_fit_is_told_as_the_verdict(caller: Caller) -> None:
    found = await dry_run(await caller("integrator"), input={"lines": []}, answers={"lookups": {}})
    assert (found["status"], found["verdict"]) == (200, "would_refuse")
    assert found["problem"]["code"] == "invalid_input"


async def test_an_unknown_resource_and_an_unknown_verb(caller: Caller) -> None:
    session = await caller("integrator")
    assert (await dry_run(session, resource="sales"))["code"] == "unknown_resource"
    assert (await dry_run(session, verb="post"))["code"] == "invalid_input"


async def test_a_change_is_shown_and_not_made(
    caller: Caller, connect: Connect, writes: Writes, snapshot: Snapshot
) -> None:
    session, connection = await caller("integrator"), await connect()
    async with session.get(f"/v1/connections/{connection}/customers?number=10000") as response:
        (customer,) = (await response.json())["data"]
    asked = {"connection": connection, "resource": "customers", "input": {"name": "New"}}
    for verb, target, method in (
        ("update", {"id": customer["id"]}, "PATCH"),
        ("upsert", {"key": "10000"}, "PATCH"),
        ("upsert", {"key": "N-77"}, "POST"),
    ):
        found = await dry_run(session, **asked, verb=verb, **target)
        assert (found["verdict"], found["requests"][0]["method"]) == ("would_send", method)
        missing = await dry_run(session, **asked, verb=verb)
        assert (missing["status"], missing["errors"][0]["rule"]) == (422, "required")
    del asked["connection"]
    change = snapshot.plan("customers", "update").steps[0].change
    assert change is not None
    row = dict.fromkeys([*change.select, *change.expand]) | {
        "id": customer["id"],
        "number": "10000",
        "displayName": "New",
        "type": "Company",
        "creditLimit": 0,
        "balanceDue": 0,
    }
    steps = {"steps": {"read": row}}
    found = await dry_run(session, **asked, verb="update", id=customer["id"], answers=steps)
    assert (found["verdict"], found["requests"]) == ("would_send", [])
    assert await writes() == []
    other = "5f8c0000-0000-4000-8000-0000000000ff"  # the record given stands for the one asked for
    asked["input"] = {"name": "Newer"}
    found = await dry_run(session, **asked, verb="update", id=other, answers=steps)
    assert found["requests"][0]["path"] == f"customers({other})"


async def test_an_action_is_shown_as_far_as_it_is_known(
    caller: Caller, connect: Connect, writes: Writes
) -> None:
    record = "5f8c0000-0000-4000-8000-000000000002"
    wish = {"resource": "sales-invoices", "verb": "post", "id": record}
    integrator = await caller("integrator")
    draft = {"steps": {"draft": {"id": record, "status": "Draft"}}}
    found = await dry_run(integrator, **wish, answers=draft)
    assert (found["verdict"], found["then"]) == ("would_send", ["posted"])
    assert [one["path"] for one in found["requests"]] == [
        f"salesInvoices({record})/Microsoft.NAV.post"
    ]
    review = {"steps": {"draft": {"id": record, "status": "In_x0020_Review"}}}
    found = await dry_run(integrator, **wish, answers=review)
    assert (found["verdict"], found["problem"]["code"]) == ("would_refuse", "invoice_in_review")
    found = await dry_run(integrator, **wish, connection=await connect())
    assert (found["verdict"], found["problem"]["code"]) == ("would_refuse", "not_found")
    assert await writes() == []


DRAFT = """
resource: sales-orders
title: Drafts
schema: sales-order
entity: salesOrders
api: v2.0
record: {}
create:
  input: order
  anchor: {field: externalDocumentNumber, value: "{{ order.external_reference }}"}
  body:
    externalDocumentNumber?: "{{ order.external_reference }}"
    customerNumber: "{{ order.customer.number }}"
"""


async def test_a_draft_may_extend_the_mapping(caller: Caller) -> None:
    items = {"1896-S": {"number": "1896-S"}, "0042": {"number": "1900-S"}}
    answers: dict[str, Any] = {"lookups": {"customer": CUSTOMER, "items": items}}
    answers["params"] = {"ramp": "Ramp 1"}
    integrator = await caller("integrator")
    draft = """extends: sales-orders
params: {ramp: {type: string, maxLength: 20}}
create:
  body:
    shipToName: "{{ params.ramp }}"
"""
    found = await dry_run(integrator, mapping=draft, answers=answers)
    assert (found["verdict"], found["problem"]) == ("would_send", None)
    assert found["requests"][0]["body"]["shipToName"] == "Ramp 1"
    ours, theirs = (
        field(found, target)["place"]["file"]
        for target in ("shipToName", "salesOrderLines[0].quantity")
    )
    assert (ours, theirs) == ("draft.yaml", "mappings/sales-orders.yaml")

    answers["params"] = {"ramp": 5, "other": "x"}
    found = await dry_run(integrator, mapping=draft, answers=answers)
    assert {one["pointer"] for one in found["errors"]} == {
        "/answers/params/ramp",
        "/answers/params/other",
    }
    for wrong, rule in (
        (draft.replace("sales-orders", "sales-order"), "M402"),
        (draft.replace("shipToName", "shipToNam"), "M202"),
        (draft.replace("params.ramp", "params.rmp"), "M201"),
        (draft.replace("create:", "schema: customer\ncreate:"), "M403"),
        (draft.replace("sales-orders", "[]"), "M402"),
        ("extends: sales-orders\ntables: {$remove: true}\n", "M107"),
    ):
        found = await dry_run(integrator, mapping=wrong, answers=answers)
        assert found["status"] == 422
        assert rule in {one["rule"] for one in found["errors"]}, (wrong, found["errors"])
    assert found["errors"][0]["mapping"]["file"] == "mappings/sales-orders.yaml"
    assert found["errors"][0]["detail"].endswith("It is draft.yaml that makes it so.")


async def test_a_draft_is_tried_in_place_of_the_mapping(
    caller: Caller, connect: Connect, writes: Writes
) -> None:
    whole = (shipped("mappings") / "sales-orders.yaml").read_text()
    before, _, after = whole.partition("create:\n")
    record = before.partition("record:")[2].partition("\nlist:")[0]
    draft = DRAFT.replace("record: {}", f"record:{record}").replace(
        "api: v2.0", "api: v2.0\ntables:\n  status: {Draft: draft, In Review: in_review}"
    )
    assert after
    integrator = await caller("integrator")
    found = await dry_run(integrator, mapping=draft, connection=await connect())
    assert (found["verdict"], found["problem"]) == ("would_send", None)
    (request,) = found["requests"]
    assert request["body"] == {"externalDocumentNumber": "DEAL-7", "customerNumber": "10000"}
    assert await writes() == []

    found = await dry_run(integrator, mapping=draft.replace("customerNumber", "custmerNumber"))
    assert (found["status"], found["code"]) == (422, "invalid_input")
    wrong = next(one for one in found["errors"] if one["rule"] == "M202")
    assert (wrong["pointer"], wrong["mapping"]["file"]) == ("/mapping", "draft.yaml")
    assert "customerNumber" in wrong["hint"]

    found = await dry_run(
        integrator, mapping=draft.replace("resource: sales-orders", "resource: x")
    )
    assert found["errors"][0]["pointer"] == "/resource"
    found = await dry_run(integrator, mapping=draft, verb="update")
    assert found["errors"][0]["pointer"] == "/verb"
    for text in ("", "[", "a: &b 1", "{{", "- 1"):
        assert (await dry_run(integrator, mapping=text))["status"] == 422
    product = await caller("product")
    assert (await dry_run(product, mapping=draft))["status"] == 403
