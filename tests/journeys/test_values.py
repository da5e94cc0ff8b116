"""Any text comes out as it went in, codes as Business Central stores them, amounts exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from aiohttp import ClientSession

from gateway.documents import decode_json, encode_json
from tests.conftest import Connect
from tests.journeys.processes import Json

TEXTS = (
    "000", "10115", "1e5", "0x10", "1 # note", "{{ x }}", "O'Brien & Co/50%+#", "ends in a line\n",
    " blanks around ", "{% raw %}", "None", "null", "Ünïcødé 木 🪑",
)  # fmt: skip
CUSTOMER_TEXTS = (
    "name", "phone_number", "website", "tax_registration_number",
    "address.line_1", "address.line_2", "address.city", "address.state",
)  # fmt: skip
SHIP_TO_TEXTS = ("name", "contact", "address_line_1", "address_line_2", "city", "state")


async def send(session: ClientSession, path: str, document: Json) -> Json:
    body = encode_json(document)
    headers = {"Content-Type": "application/json"}
    async with session.post(path, data=body, headers=headers) as response:
        answer = decode_json(await response.read())
        assert response.status == 201, answer
    assert isinstance(answer, dict)
    async with session.get(f"{path}/{answer['id']}") as response:
        assert decode_json(await response.read()) == answer
    return answer


def at(document: Json, path: str) -> object:
    first, _, rest = path.partition(".")
    return at(document[first], rest) if rest else document[first]


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_passes_through_every_text_field(
    connect: Connect, product: ClientSession, text: str
) -> None:
    path = f"/v1/connections/{await connect()}"
    customer: Json = {"number": "C-1", "address": {}}
    for name in CUSTOMER_TEXTS:
        first, _, inner = name.partition(".")
        (customer[first] if inner else customer)[inner or first] = text
    answer = await send(product, f"{path}/customers", customer)
    assert {name: at(answer, name) for name in CUSTOMER_TEXTS} == dict.fromkeys(
        CUSTOMER_TEXTS, text
    )

    item = await send(product, f"{path}/items", {"number": "I-1", "name": text})
    assert item["name"] == text

    order = {
        "external_reference": "D-1",
        "customer": {"number": "C-1"},
        "ship_to": dict.fromkeys(SHIP_TO_TEXTS, text),
        "lines": [{"sku": "1896-S", "quantity": 1, "unit_price": 1, "description": text}],
    }
    answer = await send(product, f"{path}/sales-orders", order)
    assert {name: answer["ship_to"][name] for name in SHIP_TO_TEXTS} == order["ship_to"]
    assert answer["lines"][0]["description"] == text
    assert answer["customer"]["name"] == text


@pytest.mark.parametrize(
    "number", ["000", "10115", "1e5", "0x10", "1 # note", "o'brien & co/50%+#"]
)
async def test_a_code_comes_back_as_business_central_stores_it_and_is_found_again(
    connect: Connect, product: ClientSession, number: str
) -> None:
    path = f"/v1/connections/{await connect()}"
    stored = number.upper()
    customer = await send(product, f"{path}/customers", {"number": number, "name": "Elm & Oak"})
    assert customer["number"] == stored
    order = {
        "external_reference": f"d-{number}",
        "customer": {"number": number},
        "lines": [{"sku": "1896-S", "quantity": 1, "unit_price": 1}],
    }
    answer = await send(product, f"{path}/sales-orders", order)
    assert (answer["customer"]["number"], answer["external_reference"]) == (stored, f"D-{stored}")
    query = {"external_reference": f"d-{number}"}
    async with product.get(f"{path}/sales-orders", params=query) as response:
        assert [each["id"] for each in (await response.json())["data"]] == [answer["id"]]


@pytest.mark.parametrize("sku", ["000", "10115", "1e5", "0x10"])
async def test_a_sku_that_looks_like_a_number_is_the_item_of_that_number(
    connect: Connect, product: ClientSession, sku: str
) -> None:
    order = {
        "external_reference": "D-1",
        "customer": {"number": "10000"},
        "lines": [{"sku": sku, "quantity": 1, "unit_price": 1}],
    }
    answer = await send(product, f"/v1/connections/{await connect()}/sales-orders", order)
    assert answer["lines"][0]["item_number"] == sku.upper()


async def test_amounts_are_exact(connect: Connect, product: ClientSession) -> None:
    order = {
        "external_reference": "D-1",
        "customer": {"number": "10000"},
        "lines": [{"sku": "1896-S", "quantity": 3, "unit_price": Decimal("19.90")}],
    }
    answer = await send(product, f"/v1/connections/{await connect()}/sales-orders", order)
    assert answer["lines"][0]["net"] == Decimal("59.70")
    assert answer["totals"] == {
        "net": Decimal("59.70"), "tax": Decimal("11.94"), "gross": Decimal("71.64")
    }  # fmt: skip
