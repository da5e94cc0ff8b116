"""Documents made, acted on, and what stands in the books then, as the tests of this room do it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.simulator.client import Client, Reply

DESK, STOOL, FREE = "1896-S", "1900-S", "1928-S"
ENTRIES = "generalLedgerEntries"


def line(number: str, quantity: int | str = 1, price: int | str = 100) -> dict[str, object]:
    return {
        "lineType": "Item",
        "lineObjectNumber": number,
        "quantity": Decimal(quantity),
        "unitPrice": Decimal(price),
    }


async def drafted(client: Client, name: str, *lines: dict[str, object], **header: object) -> Any:  # noqa: ANN401 - an entity
    party = {"customerNumber": "10000"} if name.startswith("sales") else {"vendorNumber": "V00010"}
    parts = {name.removesuffix("s") + "Lines": list(lines)}
    reply = await client.post(name, {**party, **header, **parts})
    assert reply.status == 201, reply.text
    return reply.json


async def act(client: Client, name: str, record: dict[str, Any], action: str) -> Reply:
    return await client.send("POST", f"{name}({record['id']})/Microsoft.NAV.{action}")


async def entries(client: Client, number: str) -> dict[str, Decimal]:
    """What the entries of a document come to, by account."""
    reply = await client.get(ENTRIES, _filter=f"documentNumber eq '{number}'")
    found: dict[str, Decimal] = {}
    for entry in reply.json["value"]:
        amount = entry["debitAmount"] - entry["creditAmount"]
        found[entry["accountNumber"]] = found.get(entry["accountNumber"], Decimal(0)) + amount
    return found


async def stock(client: Client, number: str) -> Decimal:
    return Decimal((await client.one("items", "number", number))["inventory"])
