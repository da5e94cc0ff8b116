"""What clients in the wild send, and what Business Central answers, each with its source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from gateway.simulator import run_simulator
from tests.unit.simulator.client import LTD, Client, Reply, signed_in


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what must come back; ``{order}`` and ``{item}`` stand for ids."""

    source: str
    method: str
    path: str
    status: int
    code: str = ""
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    holds: str = ""


COMPANY = f"companies({LTD})"

CASES = {
    "a space may be a plus": Case(
        "issue: clients in the wild", "GET", f"{COMPANY}/items?$filter=number+eq+'10115'", 200,
        holds='"number":"10115"',
    ),
    "the dollar may be encoded": Case(
        "issue: clients in the wild", "GET", f"{COMPANY}/items?%24top=1&%24count=true", 200,
        holds='"@odata.count":9',
    ),
    "a count with a filter": Case(
        "bc/api.md §5", "GET", f"{COMPANY}/items?$count=true&$top=0&$filter=number gt '1'", 200,
        holds='"@odata.count":7',
    ),
    "If-Match on a GET": Case(
        "issue: clients in the wild", "GET", f"{COMPANY}/items({{item}})", 200,
        headers={"If-Match": "*"}, holds='"@odata.etag"',
    ),
    "an expansion with a space": Case(
        "issue: clients in the wild",
        "GET",
        f"{COMPANY}/salesOrders?$expand=dimensionSetLines, salesOrderLines($expand=dimensionSetLines)",
        200,
        holds='"dimensionSetLines":[]',
    ),
    "the company as a query": Case(
        "bc/api.md §1", "GET", "items?company=Harwick%20Ireland", 200, holds='"number":"0X10"'
    ),
    "the company as a header": Case(
        "bc/api.md §1", "GET", "items", 200, headers={"Company": LTD}, holds='"number":"0X10"'
    ),
    "a named key": Case("bc/api.md §1", "GET", f"{COMPANY}/items(id={{item}})", 200),
    "selected names in any case": Case(
        "bc/api.md §5", "GET", f"{COMPANY}/items({{item}})?$select=UNITPRICE", 200,
        holds='"unitPrice":19.90',
    ),
    "an etag in the body": Case(
        "bc/api.md §3", "PATCH", f"{COMPANY}/salesOrders({{order}})", 200,
        body={"@odata.etag": 'W/"old"', "email": "a@b.example"}, headers={"If-Match": "*"},
    ),
    "a change without If-Match": Case(
        "bc/api.md §3", "PATCH", f"{COMPANY}/salesOrders({{order}})", 400,
        "BadRequest_InvalidToken", {"email": "a@b.example"},
    ),
    "a change with an old If-Match": Case(
        "bc/api.md §3", "PATCH", f"{COMPANY}/salesOrders({{order}})", 409,
        "Request_EntityChanged", {"email": "a@b.example"}, {"If-Match": 'W/"b2xk"'},
    ),
    "a deletion without If-Match": Case(
        "bc/api.md §3", "DELETE", f"{COMPANY}/salesOrders({{order}})", 204
    ),
    "a read-only control": Case(
        "bc/api.md §4", "POST", f"{COMPANY}/salesOrders", 400, "BadRequest_InvalidOperation",
        {"customerNumber": "10000", "status": "Open"}, holds="Control 'status' is read-only",
    ),
    "a text that is too long": Case(
        "bc/api.md §4", "POST", f"{COMPANY}/items", 400, "Application_StringExceededLength",
        {"displayName": "x" * 101},
        holds="The length of the string is 101, but it must be less than or equal to 100",
    ),
    "an enum that has no such member": Case(
        "bc/api.md §4", "POST", f"{COMPANY}/items", 400, "Unknown", {"type": "Invalid Type"},
        holds="'Invalid Type' is not an option. The existing options are: "
        "Inventory,Service,Non-Inventory",
    ),
    "companies can not be posted": Case(
        "bc/api.md §4", "POST", "companies", 405, "BadRequest_MethodNotAllowed", {},
        holds="'POST' requests for 'companies' of EdmType 'Entity' are not allowed",
    ),
    "an unknown segment": Case(
        "bc/api.md §4", "GET", f"{COMPANY}/salesLines", 404, "BadRequest_ResourceNotFound",
        holds="Resource not found for the segment 'salesLines'.",
    ),
    "or over two fields": Case(
        "bc/api.md §5", "GET", f"{COMPANY}/items?$filter=number eq 'a' or gtin eq 'b'", 501,
        "BadRequest_MethodNotImplemented",
        holds="The 'OR' operator is not supported on distinct fields on an OData filter.",
    ),
    "in without the schema version": Case(
        "bc/api.md §5", "GET", f"{COMPANY}/items?$filter=number in ('a')", 501,
        "BadRequest_MethodNotImplemented",
    ),
    "in with the schema version": Case(
        "bc/api.md §5", "GET",
        f"{COMPANY}/items?$schemaversion=2.1&$select=number&$filter=number in ('10115')", 200,
        holds='"number":"10115"}]',
    ),
    "a lambda is ignored": Case(
        "bc/api.md §5", "GET",
        f"{COMPANY}/items?$count=true&$filter=itemVariants/any(v: v/code eq 'OAK')", 200,
        holds='"@odata.count":9',
    ),
    "lines without their document": Case(
        "bc/api.md §11", "GET", f"{COMPANY}/salesOrderLines", 400, "Application_DialogException",
        holds="You must specify an Id or a Document Id to get the lines.",
    ),
    "an order without a customer": Case(
        "bc/api.md §11", "POST", f"{COMPANY}/salesOrders", 400, "Application_DialogException", {}
    ),
    "a filter value longer than the field": Case(
        "bc/api.md §4", "GET", f"{COMPANY}/items?$filter=number eq '{'x' * 21}'", 400,
        "Application_FilterErrorException",
    ),
}  # fmt: skip


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with run_simulator() as running, signed_in(running) as signed:
        yield signed


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_answer_is_business_centrals(client: Client, case: Case) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json["id"]
    item = (await client.one("items", "number", "10115"))["id"]
    path = case.path.replace("{order}", order).replace("{item}", item)
    reply = await client.send(case.method, f"{client.root}/{path}", case.body, case.headers)
    assert reply.status == case.status, (case.source, reply.text)
    assert case.holds in reply.text, case.source
    if case.code:
        check_error(reply, case.code)


def check_error(reply: Reply, code: str) -> None:
    """Body of an error: code, message, two spaces around the correlation id (bc/api.md §4)."""
    assert set(reply.json) == {"error"}
    assert set(reply.json["error"]) == {"code", "message"}
    assert reply.code == code
    text, _, correlation = reply.message.partition("  CorrelationId:  ")
    assert text
    assert len(correlation) == len("00000000-0000-0000-0000-000000000000.")
