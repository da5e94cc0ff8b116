from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.config import shipped
from gateway.mapping import Plan, Step
from gateway.matching import Matching
from gateway.operations import Engine, Outcome
from gateway.snapshot import Current, Snapshot, load_snapshot
from gateway.storage import Connection, Operation, Store, open_store
from tests.remote import COMPANY_ID, Remote

ORDER: dict[str, Any] = {
    "external_reference": "D-1042",
    "customer": {"number": "10000"},
    "order_date": "2026-11-23",
    "ship_to": {"name": "Birgit Holm"},
    "lines": [
        {"sku": "1896-S", "quantity": 2, "unit_price": Decimal("19.90")},
        {"sku": "1900-S", "quantity": Decimal("1.5"), "unit_price": 100},
    ],
}


@cache
def snapshot() -> Snapshot:
    """The shipped mappings, read once, and leave to delete customers."""
    loaded = load_snapshot(mappings=[shipped("mappings")], schemas=[shipped("schemas")])
    customers = loaded.resources["customers"]
    step = Step("delete", "delete", "repeatable", "customers")
    delete = replace(customers.verbs["read"], verb="delete", steps=(step,))
    allowed = replace(customers, verbs={**customers.verbs, "delete": delete})
    return replace(loaded, resources={**loaded.resources, "customers": allowed})


def order(**changes: object) -> dict[str, Any]:
    """Harwick's order, with other members."""
    return {**deepcopy(ORDER), **changes}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person types into Business Central."""

    path: str
    body: Mapping[str, object] | None = field(repr=False, default=None)
    method: str = "POST"


@dataclass(slots=True)
class Writes:
    """An engine with everything below it, against the simulator."""

    remote: Remote
    engine: Engine
    store: Store
    connection: Connection
    current: Current

    @property
    def plan(self) -> Plan:
        return snapshot().plan("sales-orders", "create")

    async def create(
        self,
        document: object = None,
        *,
        key: str | None = None,
        wait: float = 60,
        prefer_async: bool = False,
    ) -> Outcome:
        """Run one create of Harwick's order, or of `document`."""
        return await self.engine.run(
            self.connection,
            self.plan,
            order() if document is None else document,
            snapshot=snapshot(),
            key=key,
            wait=wait,
            prefer_async=prefer_async,
        )

    async def customer(self, verb: str, document: object = None, **how: Any) -> Outcome:  # noqa: ANN401 - what `run` takes
        """Run one write of a customer; `id` or `key` is the target."""
        target: dict[str, object] = {name: how.pop(name) for name in ("id", "key") if name in how}
        plan = snapshot().plan("customers", verb)
        how = {"snapshot": snapshot(), "key": how.pop("idempotency_key", None), **how}
        return await self.engine.run(self.connection, plan, document, target=target, **how)

    async def there(self, number: str = "10000") -> dict[str, Any]:
        """A customer as the simulator holds it."""
        [found] = [row for row in await self.orders("customers") if row["number"] == number]
        return found

    async def person(self, customer_id: str, **changed: object) -> None:
        """Somebody changes a customer in Business Central."""
        where = {"company": COMPANY_ID, "entity": "customers", "id": customer_id}
        wish = {**where, "fields": changed}
        async with self.remote.control.patch("/_simulator/records", json=wish) as answer:
            assert answer.status == 200, await answer.text()

    async def sent(self, method: str) -> list[dict[str, Any]]:
        """The calls of this method about customers that the simulator saw."""
        return await self.remote.journal(method=method, entity="customers")

    async def orders(self, entity: str = "salesOrders") -> list[dict[str, Any]]:
        """What the simulator holds."""
        wanted = {"environment": "Production", "company": COMPANY_ID, "entity": entity}
        async with self.remote.control.get("/_simulator/state", params=wanted) as answer:
            assert answer.status == 200, await answer.text()
            rows: list[dict[str, Any]] = (await answer.json())["value"]
            return rows

    async def posts(self) -> int:
        """How often an order was sent."""
        return len(await self.remote.journal(method="POST", entity="salesOrders"))

    async def operation(self) -> Operation:
        """The only operation there is."""
        [found] = await self.store.operations()
        return found

    async def until(self, happened: Callable[[Operation], bool]) -> Operation:
        """Wait, for real, until the only operation is as wanted; the clock stands still."""
        while True:
            for found in await self.store.operations():
                if happened(found):
                    return found
            await asyncio.sleep(0.01)

    async def until_it_has_arrived(self) -> None:
        """Wait until Business Central has what was sent, and is slow to work on it."""
        await self.until(lambda operation: operation.state == "sending")
        while True:
            async with self.remote.control.get("/_simulator/load") as answer:
                if any(load["now"] for load in (await answer.json())["value"]):
                    return
            await asyncio.sleep(0.01)

    async def pass_until(
        self, happened: Callable[[Operation], bool], *, step: float = 1.0
    ) -> Operation:
        """Let time pass until the only operation is as wanted."""
        while True:
            for _ in range(10):
                for found in await self.store.operations():
                    if happened(found):
                        return found
                if self.idle:
                    break
                await asyncio.sleep(0.005)
            await self.remote.clock.advance(step)

    async def rest(self) -> None:
        """Wait until nothing is under way."""
        await self._until_it_is(idle=True)

    async def work(self) -> None:
        """Wait until something is under way."""
        await self._until_it_is(idle=False)

    async def _until_it_is(self, *, idle: bool) -> None:
        while True:
            if self.idle is idle:
                return
            await asyncio.sleep(0.001)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: the worker, its heartbeat and whoever waits for an end
        sleep until their time.
        """
        waiting = sum(map(len, self.engine._awaited.values()))
        return not self.engine._courses and self.remote.clock.sleepers >= 2 + waiting


@asynccontextmanager
async def open_writes(
    remote: Remote,
    connection: Connection,
    folder: Path,
    known: Snapshot | None = None,
    url: str | None = None,
) -> AsyncIterator[Writes]:
    """An engine that serves alone from the database of `remote`, which lies in `folder`, or from
    another one at `url`. `known` are its mappings, by default the shipped ones.
    """
    url, current = url or f"sqlite:///{folder / 'remote.db'}", Current(known or snapshot())
    async with (
        open_store(url, [b"k" * 32], remote.clock, serving=True) as store,
        Engine(
            store,
            current,
            remote.business_central,
            remote.connections,
            Matching(store, remote.business_central, snapshot().schemas, remote.clock),
            clock=remote.clock,
        ) as engine,
    ):
        yield Writes(remote, engine, store, connection, current)


@pytest.fixture
async def connection(remote: Remote) -> Connection:
    return await remote.connected()


@pytest.fixture
async def writes(remote: Remote, connection: Connection, tmp_path: Path) -> AsyncIterator[Writes]:
    async with open_writes(remote, connection, tmp_path) as opened:
        yield opened
