"""The door of this room: reads that may be repeated, writes that are sent once."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import quote
from uuid import uuid4

import structlog
from aiohttp import ClientSession
from yarl import URL

from gateway import __version__
from gateway.businesscentral.answers import (
    Answer,
    error_of,
    next_link,
    read_answer,
    retry_after,
    rows_of,
)
from gateway.businesscentral.deadline import Deadline
from gateway.businesscentral.pacing import Pacing
from gateway.businesscentral.transport import NoAnswer, NotSent, Received, exchange
from gateway.clock import Clock
from gateway.documents import encode_json
from gateway.entra import Tokens
from gateway.errors import (
    BusinessCentralUnavailable,
    ConnectionNotReady,
    ConnectionUnauthorized,
    Fault,
    GatewayError,
    OutcomeUnknown,
    RateLimited,
    UnexpectedAnswer,
)
from gateway.storage import Connection
from gateway.wire import Failure, classify, company_path, read_fault

MOST_TRIES: Final = 6
FIRST_PAUSE: Final = 1 / 4  # seconds, doubled with each try, half of it at random
MOST_PAGES: Final = 1000

_WRITES: Final = frozenset({"POST", "PATCH"})
"""aiohttp itself repeats GET, PUT and DELETE when a kept connection turns out to be dead, and
never these two. A method that joins them must be kept from being repeated first."""

_LOG = structlog.get_logger("gateway.businesscentral")


class Sendable(Protocol):
    """A write as a step of a plan renders it: `path` within the company, `body` as JSON."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def body(self) -> Mapping[str, object] | None: ...


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment of a tenant; `type` is Production or Sandbox."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Company:
    """A company. `name` is its key and cannot be blank; people know it by `display_name`."""

    id: str
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One call, however often it is sent. `about` is what the log may say of its address."""

    method: str
    url: str
    about: str
    headers: Mapping[str, str]
    data: bytes | None = field(default=None, repr=False)

    @property
    def reading(self) -> bool:
        return self.method == "GET"


class BusinessCentral:
    """Sends calls to Business Central for connections. `url` is its origin."""

    def __init__(self, url: str, session: ClientSession, tokens: Tokens, clock: Clock) -> None:
        self._url = url
        self._origin = URL(url).origin()
        self._session = session
        self._tokens = tokens
        self._clock = clock
        self._pacing = Pacing(clock)

    async def read(
        self,
        connection: Connection,
        path: str,
        query: str = "",
        *,
        deadline: Deadline,
        page_size: int | None = None,
        url: str | None = None,
    ) -> Answer:
        """GET `path` within the company of `connection`, or `url`, a next link, as it stands.

        Repeated within the deadline while that can help. Raises the errors of a connection, and
        `RecordGone`, `BusinessCentralRefused`, `UnexpectedAnswer`, `RateLimited`,
        `BusinessCentralUnavailable`.
        """
        if url is None:
            url = f"{self._root(connection)}/{_company_of(connection)}/{path}"
            url += f"?{query}" if query else ""
        return await self._read(connection, url, path, deadline, page_size)

    async def read_all(
        self, connection: Connection, path: str, query: str = "", *, deadline: Deadline
    ) -> list[dict[str, object]]:
        """Every row of a collection within the company; next links are followed to the end."""
        url = f"{self._root(connection)}/{_company_of(connection)}/{path}?{query}"
        return await self._rows(connection, url.rstrip("?"), path, deadline)

    async def write(
        self,
        connection: Connection,
        request: Sendable,
        *,
        deadline: Deadline,
        lane: str | None = None,
        if_match: str | None = None,
    ) -> Answer:
        """Send a write once; again only where it is certain that nothing was done.

        That is when no connection was made, after 429, and once after 401. Of the same `lane` of
        a connection one write is sent at a time. Raises `OutcomeUnknown` when the write may have
        been done, and `BusinessCentralRefused`, `AlreadyExists`, `RecordLocked`, `RecordChanged`,
        `RecordGone`, `RateLimited`, `BusinessCentralUnavailable` or the errors of a connection
        when it was not.
        """
        if request.method not in _WRITES:
            raise ValueError(f"a write is a POST or a PATCH, not a {request.method}")
        headers = {"Content-Type": "application/json"}
        if if_match is not None:
            headers["If-Match"] = if_match
        call = _Call(
            request.method,
            f"{self._root(connection)}/{_company_of(connection)}/{request.path}",
            request.path,
            headers,
            None if request.body is None else encode_json(request.body),
        )
        async with self._pacing.lane(lane and f"{connection.id}/{lane}", deadline):
            return await self._send(connection, call, deadline)

    async def environments(
        self, connection: Connection, *, deadline: Deadline
    ) -> list[Environment]:
        """The environments of the tenant of `connection` (bc/api.md §1)."""
        url = f"{self._url}/environments/v1.2"
        rows = await self._rows(connection, url, "environments", deadline)
        return [
            Environment(_text(row, "name"), _text(row, "type"))
            for row in rows
            if str(row.get("aadTenantId", connection.tenant)).lower() == connection.tenant
        ]

    async def companies(
        self, connection: Connection, environment: str, *, deadline: Deadline
    ) -> list[Company]:
        """The companies of `environment` that the user may see (bc/api.md §1)."""
        url = f"{self._root(connection, environment)}/companies"
        rows = await self._rows(connection, url, "companies", deadline)
        return [
            Company(
                _text(row, "id").lower(),
                _text(row, "name"),
                str(row.get("displayName") or row["name"]),
            )
            for row in rows
        ]

    def _root(self, connection: Connection, environment: str | None = None) -> str:
        name = environment or connection.environment
        if connection.tenant is None or name is None:
            raise ConnectionNotReady
        return f"{self._url}/v2.0/{connection.tenant}/{quote(name, safe='')}/api/v2.0"

    async def _read(
        self,
        connection: Connection,
        url: str,
        about: str,
        deadline: Deadline,
        page_size: int | None = None,
    ) -> Answer:
        try:
            same = URL(url, encoded=True).origin() == self._origin
        except ValueError:
            same = False
        if not same:
            raise UnexpectedAnswer("Business Central's next link leads somewhere else.")
        headers = {} if page_size is None else {"Prefer": f"odata.maxpagesize={page_size}"}
        return await self._send(connection, _Call("GET", url, about, headers), deadline)

    async def _rows(
        self, connection: Connection, url: str, about: str, deadline: Deadline
    ) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        followed: set[str] = set()
        following: str | None = url
        while following is not None:
            if following in followed or len(followed) >= MOST_PAGES:
                raise UnexpectedAnswer("Business Central's pages do not end.")
            followed.add(following)
            answer = await self._read(connection, following, about, deadline)
            rows += rows_of(answer)
            following = next_link(answer)
        return rows

    async def _send(self, connection: Connection, call: _Call, deadline: Deadline) -> Answer:
        """Send `call` until it is answered, or may not be sent again, or the time is over."""
        renewed = False
        for tried in range(1, MOST_TRIES + 1):
            wait: float | None = None
            try:
                token = await self._tokens.access_token(connection)
                received = await self._once(connection, call, token, deadline)
            except BusinessCentralUnavailable as unavailable:
                failed: GatewayError = unavailable
                wait = unavailable.retry_after
            else:
                answer = read_answer(received, reading=call.reading)
                if answer is not None:
                    self._pacing.went_well(_principal(connection))
                    return answer
                if received.status == 401 and not renewed:
                    renewed = True
                    await self._tokens.renew(connection, token)
                    continue
                wait = retry_after(received.headers, self._clock.now())
                failed = await self._failure(connection, call, received, wait)
            pause = wait if wait is not None else FIRST_PAUSE * 2**tried * random.uniform(0.5, 1)  # noqa: S311 - jitter is no secret
            if tried == MOST_TRIES or pause >= deadline.left(self._clock):
                failed.retry_after = failed.retry_after or pause
                raise failed
            await self._clock.sleep(pause)
        raise BusinessCentralUnavailable

    async def _once(
        self, connection: Connection, call: _Call, token: str, deadline: Deadline
    ) -> Received:
        """One exchange in the principal's turn.

        Raises `BusinessCentralUnavailable` where it may be repeated, else `OutcomeUnknown`.
        """
        headers = {
            "Accept": "application/json",
            "Accept-Language": "en-US",
            "Authorization": f"Bearer {token}",
            "User-Agent": f"bc-gateway/{__version__}",
            "client-request-id": str(uuid4()),
            **call.headers,
        }
        async with self._pacing.turn(_principal(connection), deadline):
            seconds = deadline.left(self._clock)
            if seconds <= 0:
                raise RateLimited(retry_after=1)
            try:
                received = await exchange(
                    self._session,
                    call.method,
                    call.url,
                    headers=headers,
                    data=call.data,
                    seconds=seconds,
                )
            except NotSent:
                raise BusinessCentralUnavailable from None
            except NoAnswer:
                _LOG.warning("business_central_silent", **_about(connection, call))
                if call.reading:
                    raise BusinessCentralUnavailable from None
                raise OutcomeUnknown from None
        _LOG.debug("business_central_call", **_about(connection, call), status=received.status)
        return received

    async def _failure(
        self, connection: Connection, call: _Call, received: Received, wait: float | None
    ) -> GatewayError:
        """The error to raise when nothing changes before the time is over.

        Raises at once what another try cannot mend.
        """
        fault = read_fault(received.status, received.headers, received.body)
        failure = classify(call.method, fault)
        _LOG.warning(
            "business_central_fault",
            **_about(connection, call),
            status=fault.status,
            code=fault.code,
            failure=failure.value,
            correlation_id=fault.correlation_id,
        )
        if fault.status in {429, 503}:
            self._pacing.slow_down(_principal(connection), wait)
        if failure is Failure.RETRY_LATER:
            kind = RateLimited if fault.status == 429 else BusinessCentralUnavailable
            return kind(fault=fault)
        if failure is Failure.UNAUTHORIZED:
            raise await self._unauthorized(connection, fault)
        raise error_of(failure, fault)

    async def _unauthorized(self, connection: Connection, fault: Fault) -> GatewayError:
        """401 with a fresh token: the user is refused as such. 403: this one thing is."""
        if fault.status == 401:
            await self._tokens.unauthorized(connection)
            return ConnectionUnauthorized(fault=fault)
        return ConnectionUnauthorized(
            "Business Central's permissions do not let this user do that. An administrator "
            "there can give them.",
            fault=fault,
        )


def _principal(connection: Connection) -> str:
    """Whom Microsoft counts the limits against."""
    return f"{connection.tenant}/{connection.principal}"


def _company_of(connection: Connection) -> str:
    if connection.company_id is None:
        raise ConnectionNotReady
    return company_path(connection.company_id)


def _about(connection: Connection, call: _Call) -> dict[str, str]:
    return {"connection": connection.id, "method": call.method, "set": call.about.split("(")[0]}


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise UnexpectedAnswer(f"Business Central named something without a {name}.")
    return value
