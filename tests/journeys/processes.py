"""The gateway and the simulator as processes of their own, as an operator runs them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientConnectionError, ClientSession

from tests import forked
from tests.connecting import walked
from tests.forked import Forked

CLIENT_ID = "11111111-1111-4111-8111-111111111111"
COMPANY = "Harwick Distributors Ltd"

Json = dict[str, Any]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """One simulator and one gateway on one database, by default a SQLite file in `folder`.

    `own` is more of the configuration; the operators' listener is at `operators`.
    """

    folder: Path
    session: ClientSession
    simulator: str = ""
    gateway: str = ""
    key: str = ""
    storage: str = "sqlite:///gateway.db"
    workers: int = 1
    own: str = ""
    operators: str = ""
    _running: dict[str, Forked] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "BC_GATEWAY_CONFIG": str(self.folder / "bc-gateway.yaml"),
            "BC_GATEWAY_KEY": base64.b64encode(b"journeys".ljust(32, b".")).decode(),
            "ENTRA_CLIENT_SECRET": "simulator-secret",
        }

    async def set_up(self) -> None:
        port = self.configure()
        simulate = "simulate", f"{self.simulator}/_simulator", "--port", str(port)
        await asyncio.gather(self.start(*simulate), self.serve())
        created = await self.command("keys", "create", "--role", "admin", "--format", "json")
        self.key = json.loads(created)["key"]

    def configure(self) -> int:
        """Write the configuration; the port of the simulator, where none is given."""
        ports = free_port(), free_port(), free_port()
        self.operators = f"http://127.0.0.1:{ports[2]}"
        self.gateway = f"http://127.0.0.1:{ports[1]}"
        self.simulator = self.simulator or f"http://127.0.0.1:{ports[0]}"
        (self.folder / "bc-gateway.yaml").write_text(
            f"public: {{listen: '127.0.0.1:{ports[1]}', url: '{self.gateway}'}}\n"
            f"console: {{listen: '127.0.0.1:{ports[2]}'}}\n"
            f"storage: {{url: '{self.storage}'}}\n"
            f"workers: {self.workers}\n"
            "encryption: {keys: [{env: BC_GATEWAY_KEY}]}\n"
            f"entra: {{client_id: {CLIENT_ID}, client_secret: {{env: ENTRA_CLIENT_SECRET}}, "
            f"authority: '{self.simulator}'}}\n"
            f"business_central: {{url: '{self.simulator}'}}\n"
            f"{self.own}"
        )
        return ports[0]

    async def serve(self) -> None:
        await self.start("serve", f"{self.gateway}/health/ready")

    async def start(self, command: str, until: str, *words: str) -> None:
        log = (self.folder / f"{command}.log").open("ab")
        process = await forked.start(
            command, *words, env=self.environment, stdout=log.fileno(), stderr=log.fileno()
        )
        log.close()
        self._running[command] = process
        while not await self.answers(until):
            if process.returncode is not None:
                raise AssertionError((self.folder / f"{command}.log").read_text())
            await asyncio.sleep(0.05)

    async def answers(self, url: str) -> bool:
        try:
            async with self.session.get(url) as response:
                return response.status == 200
        except ClientConnectionError:
            return False

    async def command(self, *words: str) -> str:
        with TemporaryFile() as printed:
            process = await forked.start(*words, env=self.environment, stdout=printed.fileno())
            assert await process.wait() == 0
            printed.seek(0)
            return printed.read().decode()

    def pid(self, command: str) -> int:
        return self._running[command].pid

    async def kill(self, command: str) -> None:
        await self.end(command, signal.SIGKILL)

    async def end(self, command: str, how: signal.Signals = signal.SIGTERM) -> int:
        """End a process; the status it ends with."""
        process = self._running.pop(command)
        process.send_signal(how)
        return await process.wait()

    async def tear_down(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            await process.wait()

    async def connect(self) -> str:
        """Create a connection and play its administrator. Returns the connection's id."""
        _, created = await self.call(
            "POST", "/v1/connections", {"organization": "harwick", "environment": "Production"}
        )
        await walked(created["connect_url"], COMPANY)
        return str(created["id"])

    async def call(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.gateway}{path}"
        async with self.session.request(method, url, json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def control(self, method: str, path: str, body: Json | None = None) -> Json:
        url = f"{self.simulator}/_simulator/{path}"
        async with self.session.request(method, url, json=body) as response:
            assert response.status < 300
            answer: Json = await response.json() if response.status != 204 else {}
            return answer

    async def type_in(self, customer: str, **fields: object) -> None:
        """A person changes a customer in Business Central."""
        body = {"company": COMPANY, "entity": "customers", "id": customer, "fields": fields}
        await self.control("PATCH", "records", body)

    async def orders(self, reference: str) -> list[Json]:
        """The sales orders with this reference that Business Central holds."""
        return await self.there("salesOrders", externalDocumentNumber=reference)

    async def there(self, entity: str, **fields: str) -> list[Json]:
        """The records with these fields that Business Central holds."""
        query = urlencode({"company": COMPANY, "entity": entity})
        state = await self.control("GET", f"state?{query}")
        return [
            each
            for each in state["value"]
            if all(each[name] == value for name, value in fields.items())
        ]
