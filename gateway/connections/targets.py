"""The target of a connection: tenant, environment and company, each seen before it is believed.

Nothing ever falls back to a first or only environment or company (bc/pitfalls.md 15).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from weakref import WeakValueDictionary

import structlog

from gateway.businesscentral import BusinessCentral, Company, Deadline, Environment
from gateway.clock import Clock
from gateway.errors import ConnectionNotReady, ConnectionUnauthorized, TargetChanged
from gateway.storage import Connection, Store

VERIFIED_FOR: Final = 300.0  # seconds
ON_PREMISES: Final = "OnPremises"
UNSEEN: Final = "Unknown"  # the type of an environment whose list may not be seen
ANSWER_WITHIN: Final = 60  # seconds for what a person or a product waits for

_LOG = structlog.get_logger("gateway.connections")

_Target = tuple[str | None, ...]


class Targets:
    """Lists what a tenant has, and watches that a target stays what was connected."""

    def __init__(self, store: Store, business_central: BusinessCentral, clock: Clock) -> None:
        self._store = store
        self._business_central = business_central
        self._clock = clock
        self._verified: dict[str, tuple[_Target, float]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def environments(self, connection: Connection) -> list[Environment]:
        """The environments of the tenant. Raises what `BusinessCentral.read` raises.

        A server outside Microsoft's cloud has none: it stands for one itself (bc/api.md §13).
        """
        if connection.grant == "basic":
            return [Environment(connection.environment or "", ON_PREMISES)]
        return await self._business_central.environments(connection, deadline=self._deadline())

    async def seen(self, connection: Connection) -> list[Environment]:
        """The environments, as far as this principal may know them.

        An application that may not see the list is taken at its word for the one it names; that
        it can read the companies there has to prove it.
        """
        try:
            return await self.environments(connection)
        except ConnectionUnauthorized:
            if connection.grant != "client_credentials" or connection.environment is None:
                raise
            return [Environment(connection.environment, connection.environment_type or UNSEEN)]

    async def companies(
        self, connection: Connection, environment: str | None = None
    ) -> list[Company]:
        """The companies of `environment`, else of the one the connection has.

        Raises `ConnectionNotReady` and what `BusinessCentral.read` raises.
        """
        name = environment or connection.environment
        if name is None:
            raise ConnectionNotReady("Its administrator has not chosen an environment yet.")
        return await self._business_central.companies(connection, name, deadline=self._deadline())

    async def activate(
        self, connection: Connection, environment: Environment, company: Company
    ) -> Connection:
        """Make these the target. Both were seen in the tenant a moment ago."""
        active = await self._store.update_connection(
            connection.id,
            status="active",
            status_detail=None,
            environment=environment.name,
            environment_type=environment.type,
            company_id=company.id,
            company_name=company.name,
        )
        self._verified[active.id] = (_target(active), self._clock.time())
        _LOG.info("connection_active", connection=active.id, environment=environment.name)
        return active

    async def verify(self, connection: Connection) -> None:
        """See that the target is what was connected, unless that was seen five minutes ago.

        However many writes wait for it, it is looked up once. Raises `TargetChanged` when it is
        not, which also stops the connection, and what reading raises.
        """
        target = _target(connection)
        if self._is_verified(connection.id, target):
            return
        lock = self._locks.setdefault(connection.id, asyncio.Lock())
        async with lock:
            now = self._clock.time()
            if self._is_verified(connection.id, target):  # by somebody else meanwhile
                return
            difference = await self._difference(connection)
            if difference is not None:
                self._verified.pop(connection.id, None)
                await self._store.update_connection(
                    connection.id, status="target_changed", status_detail=difference
                )
                _LOG.warning("target_changed", connection=connection.id)
                raise TargetChanged(f"{difference} Writes have stopped; reconnect to confirm.")
            self._verified[connection.id] = (target, now)

    def _is_verified(self, connection_id: str, target: _Target) -> bool:
        seen = self._verified.get(connection_id)
        return (
            seen is not None and seen[0] == target and self._clock.time() - seen[1] < VERIFIED_FOR
        )

    def forget(self, connection: Connection) -> None:
        """Drop what memory holds of a connection that is deleted."""
        self._verified.pop(connection.id, None)

    async def _difference(self, connection: Connection) -> str | None:
        """How the target differs from what was connected, as a sentence; None if it does not."""
        name, kind = connection.environment, connection.environment_type
        environment = named(await self.seen(connection), name or "")
        if environment is None:
            return f'The environment "{name}" is not there any more.'
        if environment.type != kind and UNSEEN not in {environment.type, kind}:
            return f'The environment "{name}" was of type {kind} and is of type {environment.type}.'
        companies = await self.companies(connection)
        company = next((known for known in companies if known.id == connection.company_id), None)
        if company is None:
            return f'The company "{connection.company_name}" is not there any more.'
        if company.name != connection.company_name:
            return f'The company "{connection.company_name}" has another name now.'
        return None

    def _deadline(self) -> Deadline:
        return Deadline.within(self._clock, ANSWER_WITHIN)


def named(environments: list[Environment], name: str) -> Environment | None:
    """The environment of that name; Business Central does not tell upper from lower case."""
    wanted = name.casefold()
    return next((known for known in environments if known.name.casefold() == wanted), None)


def chosen(companies: list[Company], wanted: Mapping[str, str]) -> Company | None:
    """The company of that `id`, or of exactly that `name`."""
    key, value = next(iter(wanted.items()))
    value = value.lower() if key == "id" else value
    return next(
        (known for known in companies if value == (known.id if key == "id" else known.name)), None
    )


def _target(connection: Connection) -> _Target:
    return (
        connection.tenant,
        connection.environment,
        connection.environment_type,
        connection.company_id,
        connection.company_name,
    )
