from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import jwt
import pytest

from gateway.simulator import CLIENT_ID, COMPANIES, TENANT_ID
from gateway.simulator.catalogue.entities import load_catalogue
from gateway.simulator.entra.tokens import AUDIENCE, signing_key
from tests.unit.simulator.client import IRELAND, LTD, Client, accept, redeem


async def test_environments_are_listed_with_their_types(client: Client) -> None:
    reply = await client.get("/environments/v1.2")
    assert [(e["name"], e["type"]) for e in reply.json["value"]] == [
        ("Production", "Production"),
        ("Sandbox", "Sandbox"),
    ]
    assert {e["aadTenantId"] for e in reply.json["value"]} == {TENANT_ID}


async def test_companies_have_fixed_ids_and_no_etag(client: Client) -> None:
    value = (await client.get(f"{client.root}/companies")).json["value"]
    assert [(c["id"], c["name"]) for c in value] == [company[:2] for company in COMPANIES]
    assert all("@odata.etag" not in company for company in value)
    named = await client.get(f"{client.root}/companies(name='Harwick Ireland')")
    assert named.json["id"] == IRELAND
    found = await client.get(f"{client.root}/companies", _filter="name eq 'Harwick Ireland'")
    assert [c["id"] for c in found.json["value"]] == [IRELAND]


@pytest.mark.parametrize("tenant", [f"{TENANT_ID}/", "harwick.example/", ""])
async def test_both_roots_serve_and_the_context_repeats_the_callers(
    client: Client, tenant: str
) -> None:
    root = f"{client.simulator.url}/v2.0/{tenant}Production/api/v2.0"
    reply = await client.get(f"{root}/companies({LTD})/customers")
    assert reply.json["@odata.context"] == f"{root}/$metadata#companies({LTD})/customers"


async def test_the_company_may_come_in_three_ways(client: Client) -> None:
    url = f"{client.root}/customers"
    by_segment = (await client.get("customers")).json["value"]
    by_query = (await client.get(url, company="Harwick Distributors Ltd")).json["value"]
    by_header = (await client.send("GET", url, None, {"Company": LTD})).json["value"]
    assert by_segment == by_query == by_header
    assert (await client.get(url)).code == "Internal_CompanyNotFound"
    assert (await client.get(url, company="Nobody")).status == 404


async def test_the_headers_are_business_centrals(client: Client) -> None:
    reply = await client.get("customers")
    kind = "application/json; odata.metadata=minimal; odata.streaming=true"
    assert reply.headers["Content-Type"] == kind
    assert reply.headers["OData-Version"] == "4.0"
    assert {"Request-Id", "ms-correlation-x"} <= set(reply.headers)


def forge(**changes: object) -> str:
    claims = {
        "aud": AUDIENCE,
        "tid": TENANT_ID,
        "oid": "00000000-0000-4000-8000-000000000001",
        "scp": "user_impersonation",
        "nbf": 0,
        "exp": 4_000_000_000,
        **changes,
    }
    return jwt.encode(claims, signing_key().private, "RS256")


async def test_bearer_tokens_are_verified(client: Client) -> None:
    good = forge()
    for token in (
        "",
        "nonsense",
        good[:-4] + "AAAA",
        forge(aud=CLIENT_ID),
        forge(exp=1),
        forge(nbf=4_000_000_000),
        forge(scp=""),
    ):
        client.token = token
        reply = await client.get("customers")
        assert (reply.status, reply.code) == (401, "Authentication_InvalidCredentials"), token
        assert reply.message.startswith(
            "The server has rejected the client credentials.  CorrelationId:  "
        )
        assert reply.message.endswith(".")
    client.token = good
    assert (await client.get("customers")).status == 200


async def test_a_token_is_for_its_tenant_only(client: Client) -> None:
    client.token = forge(tid="99999999-9999-4999-8999-999999999999")
    path = f"/v2.0/{TENANT_ID}/Production/api/v2.0/companies"
    assert (await client.get(path)).status == 401


async def test_tokens_expire_by_the_clock(client: Client) -> None:
    assert (await client.get("customers")).status == 200
    client.simulator.clock.advance(3600)
    assert (await client.get("customers")).status == 401


async def test_a_user_without_a_licence_gets_a_token_but_no_data(client: Client) -> None:
    back = await accept(client, username="visitor@harwick.example")
    client.token = (await redeem(client, back["code"])).json["access_token"]
    assert (await client.get("customers")).status == 401


async def test_every_entity_set_lists_or_says_why_not(client: Client) -> None:
    for name, entity_set in load_catalogue().sets.items():
        reply = await client.get(f"{client.root}/{name}" if name == "companies" else name)
        if entity_set.needs_filter:
            assert (reply.status, reply.code) == (400, "Application_DialogException"), name
            assert reply.message.startswith(entity_set.needs_filter)
        else:
            assert reply.status == 200, name
            for entity in reply.json["value"]:
                fields = {f.name for f in entity_set.fields if f.type != "Edm.Stream"}
                assert fields <= set(entity), name


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "widgets", 404, "BadRequest_ResourceNotFound"),
        ("GET", "customers/widgets", 404, "BadRequest_ResourceNotFound"),
        ("GET", "customers(nonsense)", 404, "BadRequest_NotFound"),
        ("GET", "customers('10000')", 404, "BadRequest_NotFound"),
        ("GET", f"customers({LTD})", 404, "Internal_RecordNotFound"),
        ("GET", f"customers({LTD})/picture", 404, "Internal_RecordNotFound"),
        ("POST", "../companies", 405, "BadRequest_MethodNotAllowed"),
        ("POST", "accounts", 405, "BadRequest_MethodNotAllowed"),
        ("PUT", "customers", 405, "BadRequest_MethodNotAllowed"),
        ("DELETE", "customers", 405, "BadRequest_MethodNotAllowed"),
        ("GET", "/v2.0/Nowhere/api/v2.0/companies", 404, "NoEnvironment"),
        ("GET", "/v2.0/Production/api/v1.0/companies", 501, "BadRequest_MethodNotImplemented"),
        (
            "GET",
            "/v2.0/Production/api/harwick/sales/v1.0/companies",
            501,
            "BadRequest_MethodNotImplemented",
        ),
        (
            "GET",
            "/v2.0/Production/api/microsoft/automation/v2.0/x",
            404,
            "BadRequest_ResourceNotFound",
        ),
        ("GET", "/v2.0/Production/ODataV4/Company", 501, "BadRequest_MethodNotImplemented"),
        ("GET", "/v2.0/Production", 404, "BadRequest_ResourceNotFound"),
        ("GET", "/admin/v2.29/applications", 501, "BadRequest_MethodNotImplemented"),
    ],
)
async def test_paths_that_lead_nowhere(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    path = f"{client.root}/{path[3:]}" if path.startswith("../") else path
    reply = await client.send(method, path)
    assert (reply.status, reply.code) == (status, code)


async def test_an_action_by_its_name_in_any_case(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json
    path = f"salesOrders({order['id']})"
    empty = await client.post(f"{path}/microsoft.nav.SHIPANDINVOICE", {})
    assert (empty.status, empty.code) == (400, "Application_DialogException")
    unknown = await client.post(f"{path}/Microsoft.NAV.explode", {})
    assert (unknown.status, unknown.code) == (404, "BadRequest_ResourceNotFound")
    assert (await client.get(f"{path}/Microsoft.NAV.shipAndInvoice")).status == 405
    stale = await client.send(
        "POST", f"{path}/Microsoft.NAV.shipAndInvoice", None, {"If-Match": 'W/"b2xk"'}
    )
    assert stale.code == "Request_EntityChanged"


async def test_the_service_document_names_every_set(client: Client) -> None:
    reply = await client.get(client.root)
    assert {entry["name"] for entry in reply.json["value"]} == set(load_catalogue().sets)


async def test_too_long_a_query_is_refused(client: Client) -> None:
    assert (await client.get("customers", _filter="x" * 8100)).status == 414


@pytest.mark.parametrize(
    "text",
    [
        "substring(number,1e9999999) eq 'x'",
        "substring(number,1.5) eq 'x'",
        "substring(number,-1) eq 'x'",
        " or ".join(["1"] * 1500),
        "not " * 1900 + "1 or 1",
    ],
)
async def test_a_filter_that_asks_too_much_is_refused(client: Client, text: str) -> None:
    assert (await client.get("items", _filter=text)).status in {400, 414, 501}
    assert (await client.get("items", _top="1")).status == 200


async def test_a_header_that_is_no_text_leaves_the_journal_readable(client: Client) -> None:
    at = urlsplit(client.simulator.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    path = urlsplit(client.url("items")).path.encode()
    writer.write(
        b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nX-Note: \xff\r\nConnection: close\r\n\r\n"
    )
    assert (await reader.read()).startswith(b"HTTP/1.1 401")
    writer.close()
    assert (await client.get("/_simulator/journal")).status == 200


async def test_a_credit_memo_settles_its_own_party_alone(client: Client) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1, "unitPrice": 10}
    invoice = await client.post(
        "salesInvoices", {"customerNumber": "10000", "salesInvoiceLines": [line]}
    )
    owed = f"salesInvoices({invoice.json['id']})"
    await client.post(f"{owed}/Microsoft.NAV.post", {})
    number = (await client.get(owed)).json["number"]
    memo = await client.post(
        "salesCreditMemos",
        {"customerNumber": "20000", "invoiceNumber": number, "salesCreditMemoLines": [line]},
    )
    await client.post(f"salesCreditMemos({memo.json['id']})/Microsoft.NAV.post", {})
    assert (await client.get(owed)).json["status"] == "Open"
