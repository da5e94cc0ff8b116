"""The rooms that talk to Microsoft, wired up against the simulator, for their own tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientSession

from gateway.businesscentral import BusinessCentral, Deadline, open_session
from gateway.config import Config, Entra, Public, shipped
from gateway.connections import Connections
from gateway.entra import Tokens
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, COMPANIES, run_simulator
from gateway.simulator import Clock as SimulatedClock
from gateway.snapshot import Snapshot, load_snapshot
from gateway.storage import Connection, Store, open_store, upgrade
from tests.clock import MovingClock
from tests.connecting import ADMINISTRATOR, connected

PUBLIC = "http://127.0.0.1:8080"
COMPANY_ID, COMPANY_NAME = COMPANIES[0][0], COMPANIES[0][1]
OTHER_COMPANY_ID = COMPANIES[1][0]


@cache
def snapshot() -> Snapshot:
    """The shipped mappings and schemas, loaded once."""
    return load_snapshot(mappings=[shipped("mappings")], schemas=[shipped("schemas")])


@cache
def empty_database() -> bytes:
    """A database with every table and no row, made once."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()


@dataclass(slots=True)
class Remote:
    """Everything that is open, and the simulator's control."""

    url: str
    clock: MovingClock
    config: Config
    store: Store
    session: ClientSession
    tokens: Tokens
    business_central: BusinessCentral
    connections: Connections
    control: ClientSession

    def fresh(self, entra: Entra | None = None) -> Tokens:
        """A token cache that remembers nothing, as after a restart."""
        return Tokens(entra or self.config.entra, self.store, self.session, self.clock)

    def deadline(self, seconds: float = 30) -> Deadline:
        return Deadline.within(self.clock, seconds)

    async def arm(
        self, kind: str, *, count: int = 1, match: object = None, **details: object
    ) -> None:
        """Make something go wrong."""
        wish = {"kind": kind, "count": count, "match": match or {}, **details}
        async with self.control.post("/_simulator/faults", json=wish) as answer:
            assert answer.status == 201, await answer.text()

    async def journal(self, **wanted: str) -> list[dict[str, Any]]:
        """What the simulator was sent and what it answered."""
        async with self.control.get("/_simulator/journal", params=wanted) as answer:
            entries: list[dict[str, Any]] = json.loads(await answer.text())["value"]
            return entries

    async def clear(self) -> None:
        """Make everything go right again."""
        async with self.control.delete("/_simulator/faults"):
            pass

    async def forget_journal(self) -> None:
        async with self.control.delete("/_simulator/journal"):
            pass

    async def token_calls(self) -> int:
        return len(await self.journal(path="/oauth2/v2.0/token$"))

    async def microsoft(
        self, url: str, *, username: str = ADMINISTRATOR.username, decision: str = "accept"
    ) -> dict[str, str]:
        """Sign in at the address `url`; the parameters that the browser brings back."""
        form = dict(parse_qsl(urlsplit(url).query)) | {"username": username, "decision": decision}
        address = url.partition("?")[0]
        async with self.control.post(address, data=form, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    async def sign_in(self, address: str, session: str = "browser", **how: str) -> str:
        """Walk from the connect address through Microsoft and back; the ticket comes back."""
        ticket = address.rpartition("/")[2]
        begun = await self.connections.sign_ins.begin(ticket, session)
        back = await self.microsoft(begun.url, **how)
        await self.connections.sign_ins.callback(
            state=back.get("state", ""),
            session=session,
            code=back.get("code", ""),
            error=back.get("error", ""),
            description=back.get("error_description", ""),
        )
        return ticket

    async def connected(self, organization: str = "harwick") -> Connection:
        """As `connect`, without the sign-in: for tests of what comes after."""
        made, _ = await self.connections.create(organization=organization)
        return await connected(self.connections, self.control, made, COMPANY_NAME)

    async def connect(self, organization: str = "harwick") -> Connection:
        """An active connection to Harwick Distributors Ltd in Production."""
        _, address = await self.connections.create(organization=organization)
        ticket = await self.sign_in(address)
        return await self.connections.sign_ins.choose(ticket, "browser", "Production", COMPANY_ID)


@asynccontextmanager
async def open_remote(
    folder: Path, public_url: str = PUBLIC, seed_file: Path | None = None
) -> AsyncIterator[Remote]:
    """Open all of it; one clock rules the gateway and the simulator."""
    clock = MovingClock()
    (folder / "remote.db").write_bytes(empty_database())
    async with (
        run_simulator(
            clock=SimulatedClock(clock.now), on_premises=True, seed_file=seed_file
        ) as simulator,
        open_store(f"sqlite:///{folder / 'remote.db'}", [b"k" * 32], clock) as store,
        open_session() as session,
        ClientSession(simulator.url) as control,
    ):
        config = Config(
            entra=Entra(CLIENT_ID, (CLIENT_SECRET,), simulator.url),
            encryption_keys=(b"k" * 32,),
            public=Public("127.0.0.1", 8080, public_url),
            business_central_url=simulator.url,
            on_premises={"harwick-nav": f"{simulator.url}/BC"},
        )
        tokens = Tokens(config.entra, store, session, clock)
        business_central = BusinessCentral(
            simulator.url, session, tokens, clock, config.on_premises
        )
        connections = Connections(config, store, tokens, business_central, clock)
        yield Remote(
            simulator.url,
            clock,
            config,
            store,
            session,
            tokens,
            business_central,
            connections,
            control,
        )
