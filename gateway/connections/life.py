"""A connection from its creation to its deletion, and whether it may be used just now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from yarl import URL

from gateway.businesscentral import BusinessCentral, Company, Environment
from gateway.clock import Clock
from gateway.config import Config
from gateway.connections.diagnosis import Diagnosis, Rung
from gateway.connections.sign_ins import SignIns
from gateway.connections.targets import Targets, chosen, named
from gateway.connections.unattended import Unattended, environment_violations
from gateway.documents import meant
from gateway.entra import Tokens
from gateway.errors import (
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionStateError,
    ConnectionUnauthorized,
    InvalidInput,
    TargetChanged,
    UnknownConnection,
    Violation,
)
from gateway.storage import Connection, ConnectionStatus, Store, new_id
from gateway.wire import is_guid

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_STOPPED: Final[Mapping[ConnectionStatus, type[ConnectionStateError]]] = {
    "pending": ConnectionNotReady,
    "choose_environment": ConnectionNotReady,
    "choose_company": ConnectionNotReady,
    "needs_consent": ConnectionNeedsConsent,
    "unauthorized": ConnectionUnauthorized,
    "target_changed": TargetChanged,
}


class Connections:
    """Every connection. `sign_ins` are the steps of the administrator's pages, `unattended` makes
    and mends the connections that have none.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        tokens: Tokens,
        business_central: BusinessCentral,
        clock: Clock,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._targets = Targets(store, business_central, clock)
        self._diagnosis = Diagnosis(config, tokens, business_central, self._targets, clock)
        self.unattended = Unattended(config, store, tokens, self._targets, clock)
        self.sign_ins = SignIns(config, store, tokens, self._targets, clock)

    async def create(
        self,
        *,
        organization: str,
        environment: str | None = None,
        expected_tenant: str | None = None,
        params: Mapping[str, object] | None = None,
        label: str | None = None,
        return_url: str | None = None,
    ) -> tuple[Connection, str]:
        """A new connection, and the address its administrator opens within one hour.

        Raises `InvalidInput` naming every value that cannot be.
        """
        violations = [
            *environment_violations(environment),
            *_tenant_violations(expected_tenant),
            *_return_url_violations(return_url),
        ]
        if violations:
            raise InvalidInput("The connection cannot be made like this.", violations=violations)
        now = self._clock.now()
        connection = Connection(
            id=new_id("con"),
            organization=organization,
            created_at=now,
            updated_at=now,
            environment=environment,
            expected_tenant=None if expected_tenant is None else expected_tenant.lower(),
            params=dict(params or {}),
            label=label,
            return_url=return_url,
        )
        await self._store.add_connection(connection)
        return connection, await self.sign_ins.issue(connection)

    async def reconnect(self, connection: Connection) -> str:
        """A new address for the administrator; the connection keeps its id and its target.

        The addresses before it lead nowhere any more.
        """
        return await self.sign_ins.issue(connection)

    async def delete(self, connection: Connection) -> bool:
        """Erase a connection with its tokens and decisions; False when it is gone already."""
        self._tokens.forget(connection)
        self._targets.forget(connection)
        return await self._store.delete_connection(connection.id)

    async def require(self, connection_id: str) -> Connection:
        """The connection, if writes may go there.

        Raises `UnknownConnection`, and the `ConnectionStateError` that says why not.
        """
        connection = await self._found(connection_id)
        if connection.status != "active":
            raise _STOPPED[connection.status](connection.status_detail)
        return connection

    async def require_readable(self, connection_id: str) -> Connection:
        """The connection, if it may be read: a changed target stops writes only."""
        connection = await self._found(connection_id)
        if connection.status not in {"active", "target_changed"}:
            raise _STOPPED[connection.status](connection.status_detail)
        return connection

    async def verify_target(self, connection: Connection) -> None:
        """Prove before a write that environment and company are those that were connected.

        Looked up at most every five minutes. Raises `TargetChanged`, and what reading raises.
        """
        await self._targets.verify(connection)

    async def environments(self, connection: Connection) -> list[Environment]:
        """The environments of the tenant. Raises what reading raises."""
        return await self._targets.environments(connection)

    async def companies(self, connection: Connection) -> list[Company]:
        """The companies of the environment. Raises `ConnectionNotReady` and what reading raises."""
        return await self._targets.companies(connection)

    async def change_company(self, connection: Connection, wanted: Mapping[str, str]) -> Connection:
        """Take another company of the same environment, by its `id` or its exact `name`.

        Raises `InvalidInput` when there is no such company, and what reading raises.
        """
        environments = await self._targets.seen(connection)
        environment = named(environments, connection.environment or "")
        if environment is None:
            raise ConnectionNotReady("Its administrator has not chosen an environment yet.")
        companies = await self._targets.companies(connection, environment.name)
        company = chosen(companies, wanted)
        if company is None:
            raise _no_such_company(*next(iter(wanted.items())), companies)
        return await self._targets.activate(connection, environment, company)

    async def diagnose(self, connection: Connection, entities: Iterable[str]) -> list[Rung]:
        """Every rung from the sign-in to reading `entities`. Raises `StorageUnavailable`."""
        return await self._diagnosis.climb(connection, entities)

    async def _found(self, connection_id: str) -> Connection:
        connection = await self._store.connection(connection_id)
        if connection is None:
            raise UnknownConnection
        return connection


def _no_such_company(key: str, value: str, companies: list[Company]) -> InvalidInput:
    near = meant(value, [company.name for company in companies]) if key == "name" else None
    hint = near or "GET …/companies lists them."
    return InvalidInput(
        "The environment has no such company.",
        violations=[
            Violation("company", f"No company has this {key}.", f"/company/{key}", hint=hint)
        ],
    )


def _tenant_violations(tenant: str | None) -> list[Violation]:
    if tenant is None or is_guid(tenant):
        return []
    return [Violation("format", "A tenant is named by its id, a GUID.", "/tenant")]


def _return_url_violations(return_url: str | None) -> list[Violation]:
    if return_url is None:
        return []
    try:
        url = URL(return_url)
    except ValueError:
        url = URL()
    safe = url.scheme == "https" or (url.scheme == "http" and url.host in _LOOPBACK)
    if safe and url.host and not url.user:
        return []
    detail = "This must be an https address (http on this machine only) without a user name."
    return [Violation("format", detail, "/return_url")]
