"""Business Central online and Microsoft's sign-in on loopback, for tests and demos.

``run_simulator`` is the only door; ``bc-gateway simulate``, the demo and the tests go through
it. What it starts with is described in ``seed``; tests look inside and make things go wrong
through the control API, ``GET /_simulator`` lists it. Nothing here comes from the rest of the
gateway, so that both can not share a misunderstanding.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.simulator.catalogue.catalogues import Catalogues
from gateway.simulator.catalogue.custom import read_declared
from gateway.simulator.catalogue.entities import NEWEST, EntitySet, load_catalogue
from gateway.simulator.clock import Clock
from gateway.simulator.control.scripts import arm_script
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.keeper import Keeper, Unsaved, locked
from gateway.simulator.listener import Listener
from gateway.simulator.onpremises import KEY as ON_PREMISES_KEY
from gateway.simulator.onpremises import USER as ON_PREMISES_USER
from gateway.simulator.protocol import serving
from gateway.simulator.records.values import decode_json
from gateway.simulator.seed.companies import (
    CLIENT_ID,
    CLIENT_SECRET,
    COMPANIES,
    TENANT_DOMAIN,
    TENANT_ID,
    USERS,
)
from gateway.simulator.seed.seeding import Rows, read_own_rows
from gateway.simulator.state import State
from gateway.simulator.tls import make_tls

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "COMPANIES",
    "NEWEST",
    "ON_PREMISES_KEY",
    "ON_PREMISES_USER",
    "TENANT_DOMAIN",
    "TENANT_ID",
    "USERS",
    "Clock",
    "Simulator",
    "Unsaved",
    "run_simulator",
]

_APIS = "apis"  # of a seed file: no entity set, but custom routes


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator. ``url`` is the one origin of Entra and Business Central.

    ``ca_file`` is the certificate authority that clients trust, where it speaks https.
    ``release`` is that of a fresh environment, ``faults`` is how many are armed, ``loaded`` tells
    whether the state is that of ``state_file``, which goes before release and seed.
    """

    url: str
    clock: Clock
    ca_file: Path | None = None
    release: str = NEWEST
    faults: int = 0
    loaded: bool = False


@asynccontextmanager
async def run_simulator(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 1,
    clock: Clock | None = None,
    on_premises: bool = False,
    release: str = NEWEST,
    tls: bool = False,
    tls_folder: Path | None = None,
    items: int = 0,
    seed_file: Path | None = None,
    fault_script: Path | None = None,
    state_file: Path | None = None,
) -> AsyncIterator[Simulator]:
    """Serve until the block ends; port 0 takes a free one.

    ``on_premises`` serves a server outside Microsoft's cloud under ``/BC`` as well, with basic
    authentication. ``release`` is Business Central's, from ``17.0`` to ``29.0``. ``tls`` serves
    https by a throw-away certificate authority, whose certificate is written to ``tls_folder``,
    or to a temporary folder that goes when the block ends. ``items`` is how many items there are
    beside the invented ones, ``seed_file`` has rows of one's own, as ``read_own_rows`` takes
    them, and declares custom routes under ``apis``. The faults of ``fault_script`` are armed at
    the start. ``state_file`` keeps the state: what it holds goes before ``seed`` and ``items``.

    Raises OSError when the address is taken or can not be used, or a file not be read or
    written, and ValueError for a release that is none and a file that holds something else; at
    the end Unsaved where the state could not be kept.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    load_catalogue(release)
    listening = socket.create_server((host, port), family=family)
    bound = listening.getsockname()[1]
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    url = f"{'https' if tls else 'http'}://{shown}:{bound}"
    time = clock or Clock()
    cleanup = AsyncExitStack()
    try:
        declared, rows = ((), None) if seed_file is None else _seed(seed_file)
        state = State(
            url,
            seed,
            time,
            items=items,
            rows=rows,
            on_premises=on_premises,
            release=release,
            declared=declared,
        )
        keeper, loaded = None, False
        if fault_script is not None:
            _arm(state, fault_script)
        if state_file is not None:
            cleanup.enter_context(locked(state_file))
            keeper = Keeper(state_file, state)
            loaded = keeper.load()
    except BusinessCentralError as error:
        listening.close()
        await cleanup.aclose()
        raise ValueError(f"{seed_file}: {error}") from None
    except BaseException:  # also a cancelled start leaves nothing open; it is raised again
        listening.close()
        await cleanup.aclose()
        raise
    listener = Listener(state)
    try:
        context = ca_file = None
        if tls:
            folder = tls_folder or Path(
                cleanup.enter_context(TemporaryDirectory(prefix="bc-gateway-simulator-"))
            )
            context, ca_file = make_tls(folder, host)
        await cleanup.enter_async_context(serving(listener.handle, listening, context))
        cleanup.callback(listener.close)  # before it waits for what runs
        await cleanup.enter_async_context(state.webhooks)
        async with _kept(keeper):
            yield Simulator(url, time, ca_file, release, len(state.faults.listed()), loaded)
    finally:
        await cleanup.aclose()
        listening.close()


def _seed(seed_file: Path) -> tuple[tuple[EntitySet, ...], Rows]:
    """The entity sets that a seed file declares under ``apis``, and its rows.

    Raises OSError and ValueError.
    """
    try:
        given = _json(seed_file.read_bytes())
        apis = given.pop(_APIS, []) if isinstance(given, dict) else []
        declared = read_declared(apis)
        return declared, read_own_rows(given, Catalogues(declared).stored)
    except (ValueError, BusinessCentralError) as error:
        raise ValueError(f"{seed_file}: {error}") from None


def _json(text: bytes) -> object:
    """JSON with exact decimals. Raises ValueError with line and column."""
    try:
        return decode_json(text)
    except BusinessCentralError:
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise ValueError(f"{place}: this is no JSON: {error.msg}.") from None
        except RecursionError:
            raise ValueError("this is nested too deeply.") from None
        raise ValueError("this is no JSON that can be read.") from None


def _arm(state: State, fault_script: Path) -> None:
    """Arm the faults of a file. Raises OSError and ValueError."""
    try:
        arm_script(state.faults, fault_script.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{fault_script}, {error}") from None


@asynccontextmanager
async def _kept(keeper: Keeper | None) -> AsyncIterator[None]:
    """Save the state while the block runs, and when it ends."""
    if keeper is None:
        yield
        return
    ending = asyncio.Event()
    saving = asyncio.create_task(keeper.run(ending))
    try:
        yield
    finally:
        ending.set()
        await saving
