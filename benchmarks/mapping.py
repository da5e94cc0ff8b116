"""(c): what a compiled mapping costs beside hand-written Python, on the shipped sales order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from time import perf_counter
from typing import Any

from gateway.config import shipped
from gateway.snapshot import load_snapshot

LIMIT = 3.0
LINES = (1, 10, 100, 1000)
LINE_MAPPINGS_PER_ROUND = 4_000

Body = dict[str, Any]

OF_HEADER = {
    "currencyCode": "currency",
    "orderDate": "order_date",
    "requestedDeliveryDate": "requested_delivery_date",
    "externalDocumentNumber": "external_reference",
}
OF_SHIP_TO = {
    "shipToName": "name",
    "shipToContact": "contact",
    "shipToAddressLine1": "address_line_1",
    "shipToAddressLine2": "address_line_2",
    "shipToCity": "city",
    "shipToCountry": "country",
    "shipToState": "state",
    "shipToPostCode": "postal_code",
}


def hand_written(names: Body) -> Body:
    """The same body as a careful person would write it for this one resource."""
    order, lookups = names["order"], names["lookups"]
    body: Body = {"customerId": lookups["customer"]["id"]}
    for field, key in OF_HEADER.items():
        if order.get(key) is not None:
            body[field] = order[key]
    ship_to = order.get("ship_to")
    if ship_to:
        for field, key in OF_SHIP_TO.items():
            if ship_to.get(key) is not None:
                body[field] = ship_to[key]
    lines = [hand_written_line(at, line, lookups) for at, line in enumerate(order["lines"], 1)]
    shipping = order.get("shipping")
    if shipping is not None and shipping["amount"] > 0:
        lines.append(
            {
                "sequence": 90_000_000,
                "lineType": "Charge",
                "lineObjectNumber": names["params"]["freight_charge"],
                "quantity": 1,
                "unitPrice": shipping["amount"],
            }
        )
    body["salesOrderLines"] = lines
    return body


def hand_written_line(at: int, line: Body, lookups: Body) -> Body:
    item = lookups["items"][line["sku"]]
    made = {"sequence": at * 10_000, "lineType": "Item", "lineObjectNumber": item["number"]}
    if item.get("variant_id") is not None:
        made["itemVariantId"] = item["variant_id"]
    if item.get("unit_of_measure") is not None:
        made["unitOfMeasureCode"] = item["unit_of_measure"]
    made["quantity"] = line["quantity"]
    if line.get("unit_price") is not None:
        made["unitPrice"] = line["unit_price"]
    if line.get("discount_percent") is not None:
        made["discountPercent"] = line["discount_percent"]
    if line.get("description") is not None:
        made["description"] = line["description"][:100]
    return made


def order_of(lines: int) -> Body:
    """The names of an order: every second line has all that a line can have."""
    rich = {"unit_price": Decimal("19.90"), "discount_percent": 5, "description": "Paris chair"}
    items = [
        {"sku": f"SKU-{at}", "quantity": Decimal("2.5"), **(rich if at % 2 else {})}
        for at in range(lines)
    ]
    return {
        "order": {
            "external_reference": "DEAL-4711",
            "customer": {"number": "10000"},
            "order_date": "2026-11-23",
            "ship_to": {"name": "Adatum", "address_line_1": "192 Market Square", "city": "Leeds"},
            "lines": items,
            "shipping": {"amount": Decimal("12.50")},
        },
        "lookups": {
            "customer": {"id": "5f8c0000-0000-4000-8000-000000000001", "blocked": None},
            "items": {
                item["sku"]: {
                    "id": "5f8c0000-0000-4000-8000-000000000002",
                    "number": f"1{at:05}",
                    "variant_id": None,
                    "unit_of_measure": None,
                }
                for at, item in enumerate(items)
            },
        },
        "params": {"freight_charge": "S-FREIGHT"},
    }


def fastest(
    functions: list[Callable[[Body], object]], names: Body, times: int, rounds: int
) -> list[float]:
    """The shortest time of each, in seconds per call; they take turns."""
    best = [float("inf")] * len(functions)
    for _ in range(rounds):
        for index, function in enumerate(functions):
            began = perf_counter()
            for _ in range(times):
                function(names)
            best[index] = min(best[index], (perf_counter() - began) / times)
    return best


@dataclass(frozen=True, slots=True)
class Row:
    """Seconds for one order of so many lines."""

    lines: int
    by_hand: float
    generated: float

    @property
    def ratio(self) -> float:
        return self.generated / self.by_hand


def rows(rounds: int = 25) -> list[Row]:
    """Both at every number of lines; they must make the same body."""
    snapshot = load_snapshot(mappings=[shipped("mappings")], schemas=[shipped("schemas")])
    step = snapshot.plan("sales-orders", "create").steps[0]
    found = []
    for lines in LINES:
        names = order_of(lines)
        if step.render(names).body != hand_written(names):
            raise AssertionError("the benchmark is not of the shipped mapping any more")
        times = max(1, LINE_MAPPINGS_PER_ROUND // (lines + 5))
        found.append(Row(lines, *fastest([hand_written, step.render], names, times, rounds)))
    return found
