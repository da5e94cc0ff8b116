from __future__ import annotations

import re
from decimal import Decimal

import pytest

from gateway.simulator.catalogue.entities import ZERO_GUID
from tests.unit.simulator.client import LTD, Client


async def test_a_new_customer_gets_number_defaults_and_location(client: Client) -> None:
    reply = await client.post("customers", {"displayName": "Juniper Hall"})
    created = reply.json
    assert reply.status == 201
    assert reply.headers["Location"] == client.url(f"customers({created['id']})")
    assert created["@odata.context"].endswith("/customers/$entity")
    assert (created["number"], created["currencyCode"]) == ("C00010", "GBP")
    second = await client.post("customers", {"displayName": "Juniper Lodge"})
    assert second.json["number"] == "C00020"
    again = (await client.get(f"customers({created['id']})")).json
    assert again["@odata.etag"] == created["@odata.etag"]
    assert re.fullmatch(r'W/"[A-Za-z0-9+/=]+"', again["@odata.etag"])


async def test_a_number_of_ones_own_is_upper_cased_and_unique(client: Client) -> None:
    body = {"number": " ab-1 ", "displayName": "Juniper Hall"}
    assert (await client.post("customers", body)).json["number"] == "AB-1"
    twice = await client.post("customers", body)
    assert (twice.status, twice.code) == (400, "Internal_EntityWithSameKeyExists")


async def test_texts_come_back_unchanged(client: Client) -> None:
    for text in ("O'Brien & Co/50%+#", "{{ x }}", "1 # note", "ends\n", " spaced ", "æøå 中文 🙂"):
        reply = await client.post("customers", {"displayName": text})
        assert reply.json["displayName"] == text
        assert (await client.get(f"customers({reply.json['id']})")).json["displayName"] == text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "Application_DialogException"),
        ({"displayName": ""}, "Application_DialogException"),
        ({"displayName": None}, "Application_DialogException"),
        ({"displayName": 5}, "BadRequest"),
        ({"displayName": "x" * 101}, "Application_StringExceededLength"),
        ({"displayName": "x", "colour": "red"}, "BadRequest"),
        ({"displayName": "x", "balanceDue": 5}, "BadRequest_InvalidOperation"),
        ({"displayName": "x", "id": ZERO_GUID}, "BadRequest_InvalidOperation"),
        ({"displayName": "x", "country": "XX"}, "Internal_InvalidTableRelation"),
        ({"displayName": "x", "salespersonCode": "x" * 21}, "Application_StringExceededLength"),
        ({"displayName": "x", "blocked": "Perhaps"}, "Unknown"),
        ({"displayName": "x", "defaultDimensions": {}}, "BadRequest"),
        ({"displayName": "x", "picture": []}, "BadRequest"),
        ([], "BadRequest"),
        (b"{", "BadRequest"),
    ],
)
async def test_wrong_bodies_write_nothing(client: Client, body: object, code: str) -> None:
    reply = await client.post("customers", body)
    assert reply.code == code
    assert len(await client.state("customers")) == 6


async def test_annotations_in_a_body_do_nothing(client: Client) -> None:
    body = {"@odata.etag": "x", "displayName": "A", "displayName@odata.type": "#String"}
    assert (await client.post("customers", body)).status == 201


async def test_another_content_type_is_refused(client: Client) -> None:
    reply = await client.send("POST", "customers", b"{}", {"Content-Type": "text/plain"})
    assert reply.status == 415


async def test_minimal_answers_have_no_body(client: Client) -> None:
    body = {"displayName": "Juniper Hall"}
    reply = await client.send("POST", "customers", body, {"Prefer": "return=minimal"})
    assert (reply.status, reply.text) == (204, "")
    assert (await client.get(reply.headers["Location"])).json["displayName"] == "Juniper Hall"


async def test_a_change_needs_the_right_etag(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    path, body = f"customers({customer['id']})", {"city": "Hull"}
    for headers in ({}, {"If-Match": "nonsense"}):
        missing = await client.send("PATCH", path, body, headers)
        assert (missing.status, missing.code) == (400, "BadRequest_InvalidToken")
    changed = await client.patch(path, body, customer["@odata.etag"])
    assert (changed.status, changed.json["city"]) == (200, "Hull")
    stale = await client.patch(path, body, customer["@odata.etag"])
    assert (stale.status, stale.code) == (409, "Request_EntityChanged")
    assert (await client.patch(path, {"city": "York"}, "*")).status == 200


async def test_an_etag_in_the_body_does_nothing(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    body = {"@odata.etag": 'W/"old"', "city": "Hull"}
    reply = await client.patch(f"customers({customer['id']})", body, customer["@odata.etag"])
    assert reply.status == 200


async def test_deletion_checks_an_etag_only_when_sent(client: Client) -> None:
    first = (await client.post("customers", {"displayName": "A"})).json
    second = (await client.post("customers", {"displayName": "B"})).json
    path = f"customers({first['id']})"
    stale = await client.send("DELETE", path, None, {"If-Match": second["@odata.etag"]})
    assert stale.status == 409
    assert (await client.send("DELETE", path)).status == 204
    assert (await client.get(path)).status == 404
    assert (await client.send("DELETE", path)).status == 404


async def test_who_is_on_a_document_can_not_be_deleted(client: Client) -> None:
    customer = await client.one("customers", "number", "10000")
    await client.post("salesOrders", {"customerId": customer["id"]})
    reply = await client.send("DELETE", f"customers({customer['id']})")
    assert (reply.status, reply.code) == (400, "Application_DialogException")


async def test_pairs_fill_each_other(client: Client) -> None:
    euro = await client.one("currencies", "code", "EUR")
    by_code = (await client.post("customers", {"displayName": "A", "currencyCode": "eur"})).json
    assert by_code["currencyId"] == euro["id"]
    by_id = (await client.post("customers", {"displayName": "A", "currencyId": euro["id"]})).json
    assert by_id["currencyCode"] == "EUR"
    path = f"customers({by_id['id']})"
    blank = (await client.patch(path, {"currencyId": ZERO_GUID})).json
    assert (blank["currencyCode"], blank["currencyId"]) == ("GBP", ZERO_GUID)
    local = (await client.patch(path, {"currencyCode": "GBP"})).json
    assert local["currencyId"] == ZERO_GUID


async def test_pairs_must_agree(client: Client) -> None:
    first = await client.one("customers", "number", "10000")
    good = {"customerId": first["id"], "customerNumber": "10000"}
    assert (await client.post("salesOrders", good)).status == 201
    for body in (
        {"customerId": first["id"], "customerNumber": "20000"},
        {"customerNumber": "20000", "customerId": first["id"]},
    ):
        reply = await client.post("salesOrders", body)
        assert (reply.status, reply.code) == (400, "Application_DialogException")
        assert "values do not match to a specific Customer" in reply.message


async def test_an_unknown_reference_is_refused_by_name(client: Client) -> None:
    unknown = "99999999-9999-4999-8999-999999999999"
    reply = await client.post("customers", {"displayName": "A", "paymentTermsId": unknown})
    assert reply.message.startswith('The "paymentTermsId" does not match to a Payment Terms.')


async def test_a_rename_follows_the_references(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json
    customer = await client.one("customers", "number", "10000")
    path = f"customers({customer['id']})"
    assert (
        await client.patch(path, {"number": "20000"})
    ).code == "Internal_EntityWithSameKeyExists"
    assert (await client.patch(path, {"number": "10001"})).json["id"] == customer["id"]
    again = (await client.get(f"salesOrders({order['id']})")).json
    assert (again["customerNumber"], again["customerId"]) == ("10001", customer["id"])
    assert (await client.one("customers", "number", "10001"))["id"] == customer["id"]


async def test_inventory_is_not_inserted_but_adjusted(client: Client) -> None:
    refused = await client.post("items", {"displayName": "A", "inventory": 5})
    assert (refused.status, refused.code) == (400, "Application_DialogException")
    desk = await client.one("items", "number", "1896-S")
    await client.patch(f"items({desk['id']})", {"inventory": 90})
    (*_, entry) = (await client.get("itemLedgerEntries")).json["value"]
    assert (entry["itemNumber"], entry["quantity"]) == ("1896-S", -10)
    assert entry["entryType"] == "Negative_x0020_Adjmt_x002E_"


async def test_codes_are_required_and_blanks_refused(client: Client) -> None:
    reply = await client.post("paymentTerms", {"displayName": "Net 7"})
    assert (reply.status, reply.code) == (400, "BadRequest_RequiredParamNotProvided")
    made = await client.post("paymentTerms", {"code": "7 days", "displayName": "Net 7"})
    assert made.json["code"] == "7 DAYS"


async def test_parts_are_inserted_with_and_without_their_parent(client: Client) -> None:
    desk = await client.one("items", "number", "1896-S")
    lamp = await client.one("items", "number", "1928-S")
    flat = await client.post("itemVariants", {"itemNumber": "1928-S", "code": "red"})
    assert flat.json["itemId"] == lamp["id"]
    nested = await client.post(f"items({desk['id']})/itemVariants", {"code": "RED"})
    assert nested.json["itemId"] == desk["id"]
    twice = await client.post(f"items({desk['id']})/itemVariants", {"code": "RED"})
    assert twice.code == "Internal_EntityWithSameKeyExists"
    other = {"code": "BLUE", "itemId": lamp["id"]}
    mismatch = await client.post(f"items({desk['id']})/itemVariants", other)
    assert mismatch.code == "Application_DialogException"


async def test_deep_changes_are_refused(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json
    reply = await client.patch(f"salesOrders({order['id']})", {"salesOrderLines": []})
    assert (reply.status, reply.code) == (400, "BadRequest")


async def test_journal_lines_are_numbered_in_their_journal(client: Client) -> None:
    journal = await client.one("journals", "code", "DEFAULT")
    path = f"journals({journal['id']})/journalLines"
    first = (await client.post(path, {"amount": 5, "accountNumber": "40100"})).json
    second = (await client.post(path, {"amount": -5})).json
    assert (first["lineNumber"], second["lineNumber"]) == (10000, 20000)
    clash = await client.post(path, {"lineNumber": 10000})
    assert clash.code == "Internal_EntityWithSameKeyExists"


@pytest.mark.parametrize("kind", ["customer", "vendor"])
async def test_who_is_on_a_payment_or_has_entries_can_not_be_deleted(
    client: Client, kind: str
) -> None:
    party = (await client.post(f"{kind}s", {"displayName": "Juniper Hall"})).json
    bank = await client.one("accounts", "number", "10100")
    body = {"code": "PAID", "balancingAccountId": bank["id"]}
    journal = (await client.post(f"{kind}PaymentJournals", body)).json["id"]
    payment = {
        f"{kind}Id": party["id"],
        "documentNumber": "P-1",
        "amount": -5 if kind == "customer" else 5,
    }
    await client.post(f"{kind}PaymentJournals({journal})/{kind}Payments", payment)
    path, name = f"{kind}s({party['id']})", f"{kind.capitalize()} {party['number']}"
    refused = await client.send("DELETE", path)
    assert refused.message.startswith(
        f"You cannot delete {name} because there is at least one outstanding "
        f"{kind.capitalize()} Payment for it."
    )
    posted = await client.send("POST", f"journals({journal})/Microsoft.NAV.post")
    assert posted.status == 204
    refused = await client.send("DELETE", path)
    assert refused.message.startswith(f"You cannot delete {name} because it has ledger entries")
    assert (await client.get(path)).status == 200
    assert "sourceId" not in (await client.get("generalLedgerEntries")).text


async def test_whom_a_line_of_a_journal_names_stays(client: Client) -> None:
    made = (await client.post("customers", {"displayName": "Juniper Hall"})).json
    (journal,) = (await client.get("journals")).json["value"]
    path = f"journals({journal['id']})/journalLines"
    body = {"accountType": "Customer", "accountId": made["id"]}
    entry = (await client.post(path, body)).json
    refused = await client.send("DELETE", f"customers({made['id']})")
    assert "at least one outstanding Gen. Journal Line for it" in refused.message
    assert (await client.send("DELETE", f"{path}({entry['id']})")).status == 204
    assert (await client.send("DELETE", f"customers({made['id']})")).status == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("salesOrders", {"salesOrderLines": [{"sequence": 2147483647}, {}]}),
        ("salesOrders", {"salesOrderLines": [{"sequence": 2147483648}]}),
        ("salesOrders", {"salesOrderLines": [{"sequence": Decimal("1e3")}]}),
    ],
)
async def test_a_line_has_a_number_that_fits(
    client: Client, path: str, body: dict[str, list[dict[str, object]]]
) -> None:
    lines = [{"lineType": "Comment", "description": "x", **one} for one in body["salesOrderLines"]]
    reply = await client.post(path, {"customerNumber": "10000", "salesOrderLines": lines})
    assert reply.status == 400, reply.text
    assert await client.state("salesOrders") == []


async def test_the_last_line_of_a_journal_has_none_after_it(client: Client) -> None:
    (journal,) = (await client.get("journals")).json["value"]
    path = f"journals({journal['id']})/journalLines"
    assert (await client.post(path, {"lineNumber": 2147483647})).status == 201
    reply = await client.post(path, {"accountNumber": "10100"})
    assert reply.message.startswith("There is no number left for a line after 2147483647.")


_LINE = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1}
REFUSED = [
    (
        "salesOrders",
        {"customerNumber": "10000", "salesOrderLines": [_LINE, {**_LINE, "itemId": LTD}]},
    ),
    (
        "purchaseInvoices",
        {"vendorNumber": "V00010", "purchaseInvoiceLines": [_LINE, {**_LINE, "colour": 1}]},
    ),
    ("journals", {"code": "NEW", "journalLines": [{"amount": 1}, {"accountNumber": "NONE"}]}),
    ("items", {"displayName": "x", "itemVariants": [{"code": "A"}, {"code": "A"}]}),
]


@pytest.mark.parametrize(("name", "body"), REFUSED)
async def test_what_was_refused_leaves_nothing(
    client: Client, name: str, body: dict[str, object]
) -> None:
    before = (await client.get("/_simulator/hash")).json
    assert (await client.post(name, body)).status == 400
    assert (await client.get("/_simulator/hash")).json == before


async def test_a_posting_that_stops_half_way_leaves_nothing(client: Client) -> None:
    less = {**_LINE, "unitPrice": -5}
    body = {"customerNumber": "20000", "salesOrderLines": [less]}
    order = (await client.post("salesOrders", body)).json
    before = (await client.get("/_simulator/hash")).json
    path = f"salesOrders({order['id']})/Microsoft.NAV.shipAndInvoice"
    refused = await client.send("POST", path)
    assert refused.status == 400  # an invoice of less than nothing, after the shipment
    assert (await client.get("/_simulator/hash")).json == before


async def test_an_employee_is_called_by_the_names_that_it_has(client: Client) -> None:
    made = (await client.post("employees", {"givenName": "Ines", "surname": "Moor"})).json
    assert made["displayName"] == "Ines Moor"
    path = f"employees({made['id']})"
    assert (await client.patch(path, {"middleName": "K."})).json["displayName"] == "Ines K. Moor"
    row = {"number": "E9", "givenName": "Ada", "surname": "Reed"}
    body = {"company": LTD, "entity": "employees", "rows": [row]}
    assert (await client.post("/_simulator/records", body)).status == 201
    assert (await client.one("employees", "number", "E9"))["displayName"] == "Ada Reed"


async def test_when_a_record_was_made_is_kept(client: Client) -> None:
    made = (await client.post("opportunities", {"description": "Desks"})).json
    assert made["systemCreatedAt"] == "2026-03-02T12:00:00Z"
    client.simulator.clock.advance(60)
    changed = await client.patch(f"opportunities({made['id']})", {"description": "Chairs"})
    assert changed.json["systemCreatedAt"] == "2026-03-02T12:00:00Z"
    assert changed.json["lastModifiedDateTime"] == "2026-03-02T12:01:00Z"
    body = {"company": LTD, "entity": "opportunities", "rows": [{"number": "OP9"}]}
    assert (await client.post("/_simulator/records", body)).status == 201
    put_in = await client.one("opportunities", "number", "OP9")
    assert put_in["systemCreatedAt"] == "2026-03-02T12:01:00Z"


async def test_a_new_currency_is_rounded_to_cents(client: Client) -> None:
    made = (await client.post("currencies", {"code": "CHF", "displayName": "Franc"})).json
    assert (made["amountDecimalPlaces"], made["amountRoundingPrecision"]) == (
        "2:2",
        Decimal("0.01"),
    )
