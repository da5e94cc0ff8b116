"""The simulator in a thread of its own, for tests that are written plainly or with any loop.

``gateway.pytest_plugin`` gives it as the fixture ``business_central``. Its helpers talk to the
control API and wait for the answer, which comes from the other thread.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

from gateway.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    COMPANIES,
    NEWEST,
    TENANT_DOMAIN,
    TENANT_ID,
    Clock,
    Simulator,
    run_simulator,
)

_PATIENCE = 30.0  # seconds
_SCOPE = "https://api.businesscentral.dynamics.com/.default"


class Refused(Exception):
    """The simulator's control API or its sign-in refused; the text is its sentence."""


@dataclass(frozen=True, slots=True)
class Options:
    """How it starts. ``now``, with its offset from UTC, is where the clock stands, else it
    follows the real time; the others are those of ``run_simulator``. ``seed_file``, a path, is
    looked for from the current folder.
    """

    seed: int = 1
    items: int = 0
    release: str = NEWEST
    on_premises: bool = False
    tls: bool = False
    seed_file: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class BusinessCentral:
    """A running simulator.

    ``url`` is the origin of Microsoft's sign-in and of Business Central, ``company`` the id of
    *Harwick Distributors Ltd*, ``ca_file`` what clients trust where it speaks https. Helpers
    raise Refused.
    """

    url: str
    ca_file: Path | None = None
    client_id: str = CLIENT_ID
    client_secret: str = field(default=CLIENT_SECRET, repr=False)
    tenant: str = TENANT_ID
    domain: str = TENANT_DOMAIN
    environment: str = "Production"
    company: str = COMPANIES[0][0]

    @property
    def api(self) -> str:
        """The root of API v2.0 of the environment."""
        return f"{self.url}/v2.0/{self.environment}/api/v2.0"

    @property
    def company_url(self) -> str:
        """The root of the company: ``…/companies(…)``."""
        return f"{self.api}/companies({self.company})"

    def route(self, name: str) -> str:
        """The root of the company in another route, such as ``publisher/group/v1.0``."""
        root = f"{self.url}/v2.0/{self.environment}/api/{name}"
        return f"{root}/companies({self.company})"

    def token(self) -> str:
        """An access token of the application, by its secret."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": _SCOPE,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._send(
            "POST", f"/{self.tenant}/oauth2/v2.0/token", urlencode(form).encode(), kind
        )
        return str(answer["access_token"])

    @property
    def headers(self) -> dict[str, str]:
        """What lets a request in: ``Authorization`` with a fresh token."""
        return {"Authorization": f"Bearer {self.token()}"}

    def arm(
        self,
        kind: str,
        match: Mapping[str, object] | None = None,
        count: int | None = 0,
        **details: object,
    ) -> int:
        """Arm a fault of the menu; gives its id. ``count`` 0 is the kind's own."""
        fault = {"kind": kind, "match": dict(match or {}), **details}
        if count != 0:
            fault["count"] = count
        return int(self.control("POST", "faults", fault)["id"])

    def clear(self, fault: int | None = None) -> None:
        """Clear one fault, or all."""
        self.control("DELETE", "faults" if fault is None else f"faults/{fault}")

    def advance(self, seconds: float) -> str:
        """Move the clock forward; gives the time."""
        return str(self.control("POST", "clock", {"advance": seconds})["now"])

    def journal(self, **wanted: str) -> list[dict[str, Any]]:
        """The requests and answers so far; ``method``, ``path``, ``entity``, ``since``."""
        entries: list[dict[str, Any]] = self.control("GET", f"journal?{urlencode(wanted)}")["value"]
        return entries

    def state(self, entity: str) -> list[dict[str, Any]]:
        """The records of an entity set of the company as they are stored."""
        query = urlencode(
            {"environment": self.environment, "company": self.company, "entity": entity}
        )
        records: list[dict[str, Any]] = self.control("GET", f"state?{query}")["value"]
        return records

    def hash(self) -> str:
        """The hash of the whole state."""
        return str(self.control("GET", "hash")["sha256"])

    def reset(self) -> None:
        """Back to the beginning."""
        self.control("POST", "reset")

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Any call of the control API; the answer's JSON. ``path`` is ``clock``, ``/clock`` or
        ``/_simulator/clock``.
        """
        path = path.lstrip("/").removeprefix("_simulator").lstrip("/")
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, f"/_simulator/{quote(path, safe='/?&=%+@')}", data, {})

    def _send(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or 0
        connection: HTTPConnection
        if self.ca_file is not None:
            context = ssl.create_default_context(cafile=self.ca_file)
            connection = HTTPSConnection(host, port, timeout=_PATIENCE, context=context)
        else:
            connection = HTTPConnection(host, port, timeout=_PATIENCE)
        try:
            connection.request(method, path, data, {**headers, "Connection": "close"})
            response = connection.getresponse()
            text, status = response.read(), response.status
        finally:
            connection.close()
        answer: dict[str, Any] = json.loads(text) if text else {}
        if status >= 400:
            raise Refused(answer.get("error_description") or answer.get("error") or str(status))
        return answer


@contextmanager
def running(wishes: Mapping[str, object]) -> Iterator[BusinessCentral]:
    """A simulator in a thread, until the block ends. ``wishes`` are fields of Options.

    Raises what ``run_simulator`` raises, TypeError for a wish that is none or has the wrong type,
    ValueError for a ``now`` that is no moment.
    """
    options = _options(wishes)
    clock = Clock()
    if options.now:
        clock.set(_moment(options.now), stands=True)
    thread = _Thread(options, clock)
    thread.start()
    try:
        simulator = thread.started()
        yield BusinessCentral(simulator.url, simulator.ca_file)
    finally:
        thread.end()


class _Thread(threading.Thread):
    """The thread, with a loop of its own."""

    def __init__(self, options: Options, clock: Clock) -> None:
        super().__init__(name="business-central", daemon=True)
        self._options = options
        self._clock = clock
        self._ready = threading.Event()
        self._ending: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._simulator: Simulator | None = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Serve until told to end."""
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - told to who waits in ``started``
            self._failure = failure
        finally:
            self._ready.set()

    def started(self) -> Simulator:
        """Wait until it serves. Raises what kept it from serving."""
        self._ready.wait(_PATIENCE)
        if self._failure is not None:
            raise self._failure
        if self._simulator is None:
            raise TimeoutError("the simulator did not start")
        return self._simulator

    def end(self) -> None:
        """Stop serving, and wait for the end of it."""
        if self._loop is not None and self._ending is not None and self.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
        self.join(_PATIENCE)

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        options = self._options
        async with run_simulator(
            seed=options.seed,
            items=options.items,
            release=options.release,
            on_premises=options.on_premises,
            tls=options.tls,
            seed_file=Path(options.seed_file) if options.seed_file else None,
            clock=self._clock,
        ) as simulator:
            self._simulator = simulator
            self._ready.set()
            await self._ending.wait()


def _options(wishes: Mapping[str, object]) -> Options:
    usual = asdict(Options())
    wishes = {name: str(one) if isinstance(one, Path) else one for name, one in wishes.items()}
    for name, value in wishes.items():
        if name not in usual:
            raise TypeError(f"there is no option '{name}', only {', '.join(usual)}")
        if type(value) is not type(usual[name]):
            raise TypeError(f"{name} can not be {value!r}")
    return cast("Callable[..., Options]", Options)(**wishes)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"now is a moment such as 2026-03-02T12:00:00Z, not '{text}'") from None
    if moment.tzinfo is None:
        raise ValueError(f"now is a moment with its offset from UTC, not '{text}'")
    return moment
