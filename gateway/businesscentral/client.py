"""The door of this room: reads that may be repeated, writes that are sent once."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from copy import copy
from itertools import count
from typing import Final, Self

import structlog
from aiohttp import ClientSession

from gateway.businesscentral.addresses import STANDARD, Addresses
from gateway.businesscentral.answers import (
    Answer,
    error_of,
    next_link,
    retry_after,
    rows_of,
)
from gateway.businesscentral.calls import Call, Journal, Sendable
from gateway.businesscentral.deadline import Deadline
from gateway.businesscentral.pacing import Pacing
from gateway.businesscentral.tenants import Company, Environment, company_of, environment_of
from gateway.businesscentral.transport import NoAnswer, NotSent, Received
from gateway.businesscentral.watched import watched_exchange
from gateway.clock import Clock
from gateway.documents import encode_json
from gateway.entra import Tokens, scheme_of
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

_WRITES: Final = frozenset({"POST", "PATCH", "DELETE"})

_LOG = structlog.get_logger("gateway.businesscentral")


class BusinessCentral:
    """Sends calls to Business Central for connections. `url` is its origin.

    `on_premises` leads from the name of a server outside Microsoft's cloud to its instance.
    """

    def __init__(
        self,
        url: str,
        session: ClientSession,
        tokens: Tokens,
        clock: Clock,
        on_premises: Mapping[str, str] | None = None,
    ) -> None:
        self._addresses = Addresses(url, on_premises or {})
        self._session = session
        self._tokens = tokens
        self._clock = clock
        self._pacing = Pacing(clock)
        self._identities = _identities()

    def pinned(self, schema_version: str | None) -> Self:
        """The same client, whose calls ask for this version of Business Central's schemas
        (bc/api.md §1); with None for none. Next links are followed as they stand.
        """
        if schema_version is None:
            return self
        client = copy(self)
        client._addresses = self._addresses.pinned(schema_version)  # noqa: SLF001 - its own
        return client

    async def read(
        self,
        connection: Connection,
        path: str,
        query: str = "",
        *,
        deadline: Deadline,
        page_size: int | None = None,
        url: str | None = None,
        api: str = STANDARD,
    ) -> Answer:
        """GET `path` within the company of `connection`, or `url`, a next link, as it stands.
        `api` is the route: publisher/group/version of a custom one.

        Repeated within the deadline while that can help. Raises the errors of a connection, and
        `RecordGone`, `BusinessCentralRefused`, `UnexpectedAnswer`, `RateLimited`,
        `BusinessCentralUnavailable`.
        """
        if url is None:
            path_of_all = f"{_company_of(connection)}/{path}"
            url = self._addresses.at(connection, path_of_all, query, api=api)
        else:
            self._require_own(connection, url)
        headers = {} if page_size is None else {"Prefer": f"odata.maxpagesize={page_size}"}
        return await self._send(connection, Call("GET", url, path, headers), deadline)

    async def read_all(
        self,
        connection: Connection,
        path: str,
        query: str = "",
        *,
        deadline: Deadline,
        api: str = STANDARD,
    ) -> list[dict[str, object]]:
        """Every row of a collection within the company; next links are followed to the end."""
        url = self._addresses.at(connection, f"{_company_of(connection)}/{path}", query, api=api)
        return await self._rows(connection, url, path, deadline)

    async def metadata(self, connection: Connection, api: str, *, deadline: Deadline) -> bytes:
        """The `$metadata` of a route, as it came (bc/api.md §1). Raises as `read` does."""
        url = self._addresses.at(connection, "$metadata", api=api)
        call = Call("GET", url, "$metadata", {"Accept": "application/xml"}, xml=True)
        return (await self._send(connection, call, deadline)).raw

    async def write(
        self,
        connection: Connection,
        request: Sendable,
        *,
        deadline: Deadline,
        lane: str | None = None,
        if_match: str | None = None,
        journal: Journal | None = None,
        patience: Deadline | None = None,
        api: str = STANDARD,
    ) -> Answer:
        """Send a write once; again only where it is certain that nothing was done.

        That is when no connection was made, after 429, and once after 401. Of the same `lane` of
        a connection one write is sent at a time. `journal` hears of it after all waiting, right
        before each time it leaves. Pauses that Business Central asks for are kept within
        `patience`, by default within the deadline.

        Raises `OutcomeUnknown` when the write may have been done, and `BusinessCentralRefused`,
        `AlreadyExists`, `RecordLocked`, `RecordChanged`, `RecordGone`, `RateLimited`,
        `BusinessCentralUnavailable`, the errors of a connection or what `journal` raises when it
        was not.
        """
        if request.method not in _WRITES:
            raise ValueError(f"a write is a POST, a PATCH or a DELETE, not a {request.method}")
        headers = {} if request.body is None else {"Content-Type": "application/json"}
        if if_match is not None:
            headers["If-Match"] = if_match
        call = Call(
            request.method,
            self._addresses.at(connection, f"{_company_of(connection)}/{request.path}", api=api),
            request.path,
            headers,
            None if request.body is None else encode_json(request.body),
            journal=journal,
        )
        if lane is None:
            return await self._send(connection, call, deadline, patience)
        with await self._pacing.lane(f"{connection.id}/{lane}", deadline):
            return await self._send(connection, call, deadline, patience)

    @asynccontextmanager
    async def lane(self, connection_id: str, name: str, deadline: Deadline) -> AsyncIterator[None]:
        """Hold a lane of a connection around several calls; one of another name than `write` has.

        Raises `RateLimited` when it is not free before the deadline.
        """
        with await self._pacing.lane(f"{connection_id}/{name}", deadline):
            yield

    async def environments(
        self, connection: Connection, *, deadline: Deadline
    ) -> list[Environment]:
        """The environments of the tenant of `connection` (bc/api.md §1).

        The list is made for users. An application that may not see it is not refused as such.
        """
        proving = connection.grant != "client_credentials"
        rows = await self._rows(
            connection, self._addresses.environments, "environments", deadline, proving=proving
        )
        return [
            environment_of(row)
            for row in rows
            if str(row.get("aadTenantId", connection.tenant)).lower() == connection.tenant
        ]

    async def companies(
        self, connection: Connection, environment: str, *, deadline: Deadline
    ) -> list[Company]:
        """The companies of `environment` that the user may see (bc/api.md §1)."""
        url = self._addresses.at(connection, "companies", environment=environment)
        return [company_of(row) for row in await self._rows(connection, url, "companies", deadline)]

    async def _rows(
        self,
        connection: Connection,
        url: str,
        about: str,
        deadline: Deadline,
        *,
        proving: bool = True,
    ) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        followed: set[str] = set()
        following: str | None = url
        while following is not None:
            if following in followed or len(followed) >= MOST_PAGES:
                raise UnexpectedAnswer("Business Central's pages do not end.")
            followed.add(following)
            call = Call("GET", following, about, {}, proving=proving)
            answer = await self._send(connection, call, deadline)
            rows += rows_of(answer)
            following = next_link(answer)
            if following is not None:
                self._require_own(connection, following)
        return rows

    def _require_own(self, connection: Connection, url: str) -> None:
        """Raises `UnexpectedAnswer` for a link that the token of `connection` must not go to."""
        if not self._addresses.owns(connection, url):
            raise UnexpectedAnswer("Business Central's next link leads somewhere else.")

    async def _send(
        self,
        connection: Connection,
        call: Call,
        deadline: Deadline,
        patience: Deadline | None = None,
    ) -> Answer:
        """Send `call` until it is answered, or may not be sent again, or the time is over."""
        patience, renewed, principal = patience or deadline, False, _principal(connection)
        for tried in range(1, MOST_TRIES + 1):
            wait: float | None = None
            try:
                token = await self._tokens.access_token(connection)
                with await self._pacing.turn(principal, deadline, patience):
                    received, answer = await self._once(connection, call, token, deadline)
            except BusinessCentralUnavailable as unavailable:
                failed: GatewayError = unavailable
                wait = unavailable.retry_after
            else:
                if answer is not None:
                    self._pacing.went_well(principal)
                    return answer
                if received.status == 401 and call.proving and not renewed:
                    renewed = True
                    await _did_nothing(call, _token_refused(received))
                    await self._tokens.renew(connection, token)
                    continue
                wait = retry_after(received.headers, self._clock.now())
                failed = await self._failure(connection, call, received, wait)
            pause = wait if wait is not None else FIRST_PAUSE * 2**tried * random.uniform(0.5, 1)  # noqa: S311 - jitter is no secret
            if tried == MOST_TRIES or pause >= patience.left(self._clock):
                failed.retry_after = failed.retry_after or pause
                raise failed
            await _did_nothing(call, failed)
            await self._clock.sleep(pause)
        raise BusinessCentralUnavailable

    async def _once(
        self,
        connection: Connection,
        call: Call,
        token: str,
        deadline: Deadline,
    ) -> tuple[Received, Answer | None]:
        """One exchange, in the principal's turn.

        Raises `BusinessCentralUnavailable` where it may be repeated, else `OutcomeUnknown`.
        """
        seconds = deadline.left(self._clock)
        if seconds <= 0:
            raise RateLimited(retry_after=1)
        if call.journal is not None:
            await call.journal.leaves()
        headers = {
            "Authorization": f"{scheme_of(connection)} {token}",
            "client-request-id": next(self._identities),
            **call.headers,
        }
        try:
            return await watched_exchange(self._session, call, headers, seconds)
        except NotSent:
            raise BusinessCentralUnavailable from None
        except NoAnswer:
            _LOG.warning("business_central_silent", **_about(connection, call))
            if call.reading:
                raise BusinessCentralUnavailable from None
            raise OutcomeUnknown from None

    async def _failure(
        self, connection: Connection, call: Call, received: Received, wait: float | None
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
            raise await self._unauthorized(connection, call, fault)
        raise error_of(failure, fault)

    async def _unauthorized(self, connection: Connection, call: Call, fault: Fault) -> GatewayError:
        """401 with a fresh token: the principal is refused as such. 403: this one thing is."""
        if fault.status == 401 and call.proving:
            sentence = await self._tokens.unauthorized(connection)
            return ConnectionUnauthorized(sentence, fault=fault)
        return ConnectionUnauthorized(
            "Business Central's permissions do not let this user do that. An administrator "
            "there can give them.",
            fault=fault,
        )


async def _did_nothing(call: Call, error: GatewayError) -> None:
    if call.journal is not None:
        await call.journal.came_to_nothing(error)


def _token_refused(received: Received) -> ConnectionUnauthorized:
    return ConnectionUnauthorized(
        fault=read_fault(received.status, received.headers, received.body)
    )


def _identities() -> Iterator[str]:
    """A GUID for each call: all but its last part is random and the same, that part counts."""
    text = f"{random.getrandbits(80):020x}"
    start = f"{text[:8]}-{text[8:12]}-4{text[12:15]}-a{text[15:18]}"
    return (f"{start}-{number:012x}" for number in count(1))


def _principal(connection: Connection) -> str:
    """Whom Microsoft counts the limits against."""
    return f"{connection.tenant or connection.environment}/{connection.principal}"


def _company_of(connection: Connection) -> str:
    if connection.company_id is None:
        raise ConnectionNotReady
    return company_path(connection.company_id)


def _about(connection: Connection, call: Call) -> dict[str, str]:
    return {"connection": connection.id, "method": call.method, "set": call.about.split("(")[0]}
