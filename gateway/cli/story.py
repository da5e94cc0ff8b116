"""The story of Harwick Distributors, from consent to the order number, over real HTTP.

`demo` tells it. Every step shows its request and its answer, and says whether it was true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import click
from aiohttp import ClientError, ClientSession
from rich.console import Console
from rich.highlighter import JSONHighlighter

from gateway.cli.browser import Browser, Page
from gateway.documents import decode_json, encode_json, pretty
from gateway.simulator import TENANT_ID

ORGANIZATION: Final = "harwick"
ENVIRONMENT: Final = "Production"
ADMINISTRATOR: Final = "admin@harwick.example"
COMPANY: Final = "Harwick Distributors Ltd"
OTHER_COMPANY: Final = "Harwick Ireland"
EXACT_SKU: Final = "1896-S"
UNKNOWN_SKU: Final = "CHAIR-PARIS"
ITEM_OF_UNKNOWN: Final = "1900-S"
ORDER: Final[dict[str, object]] = {
    "external_reference": "DEAL-2026-1001",
    "customer": {"number": "10000"},
    "order_date": "2026-11-23",
    "ship_to": {
        "name": "Harwick Distributors, Gate 4",
        "address_line_1": "7 Canal Wharf",
        "city": "Leeds",
        "postal_code": "LS1 4BR",
        "country": "GB",
    },
    "lines": [
        {"sku": EXACT_SKU, "quantity": 2, "unit_price": Decimal("1000.80")},
        {"sku": UNKNOWN_SKU, "quantity": 3, "unit_price": Decimal("19.90")},
    ],
}

_Json = dict[str, Any]


class Untrue(click.ClickException):
    """A step of the story was not as it must be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: _Json


@dataclass(frozen=True, slots=True)
class Ending:
    """What the story leaves behind."""

    connection: str
    number: str


class Story:
    """Plays the product developer and the administrator, and tells what happens."""

    def __init__(
        self, console: Console, session: ClientSession, *, gateway: str, simulator: str, key: str
    ) -> None:
        self._console = console
        self._session = session
        self._gateway = gateway
        self._simulator = simulator
        self._headers = {"Authorization": f"Bearer {key}"}

    async def tell(self) -> Ending:
        """The whole story. Raises `Untrue` at the first step that is not as it must be."""
        try:
            return await self._tell()
        except (LookupError, ClientError) as error:
            raise Untrue(f"A step went another way: {type(error).__name__}: {error}") from error

    async def _tell(self) -> Ending:
        connection, connect_url = await self._product_creates_a_connection()
        await self._administrator_connects(connect_url)
        await self._the_connection_stands(connection)
        await self._some_skus_match(connection)
        await self._the_order_is_refused(connection)
        await self._a_person_decides(connection)
        order = await self._the_order_is_written(connection)
        await self._the_order_comes_again(connection, order)
        self._summary(order)
        return Ending(connection, order["number"])

    async def _product_creates_a_connection(self) -> tuple[str, str]:
        self._scene("The product creates a connection for its customer Harwick Distributors")
        answer = await self._call(
            "POST",
            "/v1/connections",
            {"organization": ORGANIZATION, "environment": ENVIRONMENT, "label": "Harwick"},
        )
        self._check("The connection waits for its administrator", 201, answer.status)
        return answer.body["id"], answer.body["connect_url"]

    async def _administrator_connects(self, connect_url: str) -> None:
        self._scene("Harwick's administrator opens the connect page, signs in and consents")
        async with Browser() as browser:
            page = self._seen(await browser.open(connect_url))
            page = self._seen(await browser.submit(page, page.form(), press="Microsoft"))
            page = self._seen(
                await browser.submit(page, page.form(), press="Accept", choose=ADMINISTRATOR)
            )
            labels = [control.label for control in page.form().choices()]
            for company in (COMPANY, OTHER_COMPANY):
                self._check(f"{company} can be chosen", True, any(company in x for x in labels))
            self._check(
                "Nothing is chosen beforehand",
                False,
                any(control.checked for control in page.form().choices()),
            )
            button = page.form().choices("submit")[0].label
            page = self._seen(await browser.submit(page, page.form(), press=button, choose=COMPANY))
            self._check("The last page is fine", 200, page.status)

    async def _the_connection_stands(self, connection: str) -> None:
        self._scene("The product sees what was connected")
        answer = await self._call("GET", f"/v1/connections/{connection}")
        self._check("The connection is active", "active", answer.body["status"])
        self._check("The company is the chosen one", COMPANY, answer.body["company"]["name"])
        self._check(
            f"The tenant id comes from the token: {TENANT_ID}", TENANT_ID, answer.body["tenant"]
        )
        companies = await self._call("GET", f"/v1/connections/{connection}/companies")
        names = sorted(company["name"] for company in companies.body["data"])
        self._check("Both companies are there", [COMPANY, OTHER_COMPANY], names)

    async def _some_skus_match(self, connection: str) -> None:
        self._scene("The product's SKUs are matched to items")
        found = {}
        for sku in (EXACT_SKU, UNKNOWN_SKU):
            answer = await self._call("GET", self._match_path(connection, sku))
            found[sku] = answer.body["status"]
        self._check(f"{EXACT_SKU} matches by its number", "matched", found[EXACT_SKU])
        self._check(f"{UNKNOWN_SKU} waits for a person", "unmatched", found[UNKNOWN_SKU])

    async def _the_order_is_refused(self, connection: str) -> None:
        self._scene("A deal closes; the order names a SKU that has no item yet")
        answer = await self._call("POST", f"/v1/connections/{connection}/sales-orders", ORDER)
        self._check("The order is refused", 422, answer.status)
        self._check("The reason is named", "unmatched_item", answer.body["code"])
        pointers = [error["pointer"] for error in answer.body["errors"]]
        self._check("The line is named", ["/lines/1/sku"], pointers)
        self._check("Nothing was written", 0, len(await self._orders_written()))

    async def _a_person_decides(self, connection: str) -> None:
        self._scene(f"A person decides: {UNKNOWN_SKU} is item {ITEM_OF_UNKNOWN}")
        answer = await self._call(
            "PUT", self._match_path(connection, UNKNOWN_SKU), {"item_number": ITEM_OF_UNKNOWN}
        )
        self._check("The SKU is matched", "matched", answer.body.get("status"))
        self._check("By a person", True, answer.body.get("decided"))

    async def _the_order_is_written(self, connection: str) -> _Json:
        self._scene("The same order again, with the same reference")
        answer = await self._call(
            "POST", f"/v1/connections/{connection}/sales-orders", ORDER, told="the same order"
        )
        self._check("The order is created", 201, answer.status)
        written = await self._orders_written()
        self._check("Business Central holds it", [answer.body["number"]], written)
        return answer.body

    async def _the_order_comes_again(self, connection: str, order: _Json) -> None:
        self._scene("The product asks once more, as it would if the answer had been lost")
        answer = await self._call(
            "POST", f"/v1/connections/{connection}/sales-orders", ORDER, told="the same order"
        )
        replayed = answer.headers.get("Idempotency-Replayed")
        self._check("It is answered from the journal", "true", replayed)
        self._check("The number is the same", order["number"], answer.body.get("number"))
        self._check("The id is the same", order["id"], answer.body.get("id"))
        written = await self._orders_written()
        self._check("Business Central holds exactly one order", [order["number"]], written)

    def _match_path(self, connection: str, sku: str) -> str:
        return f"/v1/connections/{connection}/matches/items/{quote(sku, safe='')}"

    async def _call(
        self, method: str, path: str, body: object = None, *, told: str | None = None
    ) -> Answer:
        """One request of the product, shown with its answer; `told` instead of its body."""
        self._console.print(f"\n[bold cyan]→ {method}[/] {path}", highlight=False, soft_wrap=True)
        data = None if body is None else encode_json(body)
        headers = dict(self._headers)
        if data is not None:
            headers["Content-Type"] = "application/json"
            self._show(data, told)
        async with self._session.request(
            method, self._gateway + path, data=data, headers=headers
        ) as response:
            received = await response.read()
            self._console.print(f"[bold cyan]← {response.status}[/] {response.reason}")
            self._show(received)
            decoded = decode_json(received) if received else {}
            return Answer(
                response.status, response.headers, decoded if isinstance(decoded, dict) else {}
            )

    async def _orders_written(self) -> list[str]:
        """The numbers of the orders in the simulator that carry this story's reference."""
        company = quote(COMPANY)
        path = f"state?environment={ENVIRONMENT}&company={company}&entity=salesOrders"
        async with self._session.get(f"{self._simulator}/_simulator/{path}") as response:
            state: Any = decode_json(await response.read())
        return [
            order["number"]
            for order in state["value"]
            if order["externalDocumentNumber"] == ORDER["external_reference"]
        ]

    def _scene(self, title: str) -> None:
        self._console.print()
        self._console.rule(f"[bold]{title}", align="left")

    def _seen(self, page: Page) -> Page:
        address = page.url.partition("?")[0]
        self._console.print(
            f"  [dim]{page.status} {address}[/]\n  “{page.title}”", highlight=False, soft_wrap=True
        )
        return page

    def _show(self, data: bytes, told: str | None = None) -> None:
        if told is not None:
            self._console.print(f"[dim]({told})[/]")
        elif data:
            text = JSONHighlighter()(pretty(decode_json(data)))
            self._console.print(text, soft_wrap=True)

    def _summary(self, order: _Json) -> None:
        """What the story has shown, in a few lines."""
        self._scene("In short")
        for what, value in (
            ("Tenant, from the token", TENANT_ID),
            ("Companies", f"{COMPANY}, {OTHER_COMPANY}"),
            ("Chosen by a person", COMPANY),
            ("Matched by its number", EXACT_SKU),
            ("Unmatched, then decided", f"{UNKNOWN_SKU} is {ITEM_OF_UNKNOWN}"),
            ("Order number", order["number"]),
            ("Order id", order["id"]),
            ("Asked again", f"{order['number']}, and Business Central holds one such order"),
        ):
            self._console.print(f"  {what + ':':<25} {value}", highlight=False, soft_wrap=True)

    def _check(self, what: str, expected: object, found: object) -> None:
        if found != expected:
            self._console.print(f"  [bold red]✗ {what}[/]")
            raise Untrue(f"{what}: expected {expected!r}, found {found!r}.")
        self._console.print(f"  [green]✓[/] {what}", highlight=False)
