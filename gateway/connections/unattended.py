"""Connections that nobody signs in for: the application itself, or a user and key of a server.

They are verified as they are made and each time the product asks anew. What is still missing
becomes the status, with a sentence that says who can do what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from gateway.businesscentral import Environment
from gateway.clock import Clock
from gateway.config import Config
from gateway.connections.targets import Targets, chosen, named
from gateway.entra import Tokens
from gateway.errors import (
    BusinessCentralError,
    ConnectionStateError,
    ConnectionUnauthorized,
    InvalidInput,
    RecordGone,
    SignInFailed,
    Violation,
)
from gateway.storage import Connection, Store, new_id
from gateway.wire import is_guid

_ENVIRONMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,28}")
_SERVER_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_USER = re.compile(r"[\x21-\x39\x3b-\x7e]([\x20-\x39\x3b-\x7e]{0,62}[\x21-\x39\x3b-\x7e])?")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_AGAIN: Final = "POST …/reconnect tries again."


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of a server outside Microsoft's cloud and its web service access key."""

    user: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """An unattended connection as the product asks for it. `company`: by `id` or `name`."""

    organization: str
    grant: Literal["client_credentials", "basic"]
    environment: str | None = None
    tenant: str | None = None
    company: Mapping[str, str] | None = None
    credentials: Credentials | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    label: str | None = None


class Unattended:
    """Makes, verifies and mends such connections."""

    def __init__(
        self, config: Config, store: Store, tokens: Tokens, targets: Targets, clock: Clock
    ) -> None:
        self._config = config
        self._store = store
        self._tokens = tokens
        self._targets = targets
        self._clock = clock

    async def create(self, wish: Wish) -> Connection:
        """A new connection, as far as it gets. Raises `InvalidInput` for what cannot be."""
        violations = [*self._violations(wish)]
        if violations:
            raise InvalidInput("The connection cannot be made like this.", violations=violations)
        now, credentials = self._clock.now(), wish.credentials
        principal = self._config.entra.client_id if credentials is None else credentials.user
        tenant = wish.tenant
        if tenant is not None and wish.grant == "client_credentials":
            tenant = tenant.lower()
        connection = Connection(
            id=new_id("con"),
            organization=wish.organization,
            created_at=now,
            updated_at=now,
            grant=wish.grant,
            tenant=tenant,
            environment=wish.environment,
            principal=principal,
            params=dict(wish.params),
            label=wish.label,
        )
        await self._store.add_connection(connection)
        if credentials is not None:
            await self._tokens.adopt_key(connection, credentials.user, credentials.key)
        return await self.settle(connection, wish.company)

    async def change(
        self,
        connection: Connection,
        *,
        environment: str | None = None,
        company: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
    ) -> Connection:
        """Another environment, or another user and key, verified at once.

        With the environment the company is open again. Raises `InvalidInput`, and then nothing
        has changed.
        """
        violations = _credentials_violations(credentials)
        if credentials is not None and connection.grant != "basic":
            violations = [_wrong("/credentials", "Only the grant basic has a user and key.")]
        if environment is not None and connection.grant == "authorization_code":
            violations.append(_wrong("/environment", "The administrator chooses it: reconnect."))
        elif environment is not None:
            violations += self._environment_violations(connection.grant, environment)
        if violations:
            raise InvalidInput("The connection cannot be changed so.", violations=violations)
        changes: dict[str, object] = {}
        if environment is not None:
            changes = dict.fromkeys(("environment_type", "company_id", "company_name"))
            changes["environment"] = environment
        if credentials is not None:
            await self._tokens.adopt_key(connection, credentials.user, credentials.key)
            changes["principal"] = credentials.user
        connection = await self._store.update_connection(connection.id, **changes)
        return await self.settle(connection, company)

    async def settle(
        self, connection: Connection, company: Mapping[str, str] | None = None
    ) -> Connection:
        """Verify from the token to the company, and make the connection active if all is there.

        Whatever stopped it before is tried anew. `company` is by `id` or exact `name`; without
        it the one it had or asked for is taken, and never just any.
        """
        changes: dict[str, object] = {"status": "pending", "status_detail": None}
        if company is None:
            company = _company_of(connection)
        else:  # kept, so that it need not be said again when this fails
            changes |= {"company_id": company.get("id"), "company_name": company.get("name")}
        self._tokens.forget(connection)
        connection = await self._store.update_connection(connection.id, **changes)
        try:
            return await self._verified(connection, company)
        except ConnectionStateError as error:
            return await self._stopped(connection, error)
        except (BusinessCentralError, SignInFailed) as error:
            return await self._store.update_connection(
                connection.id, status_detail=f"{error.detail} {_AGAIN}"
            )

    async def _verified(
        self, connection: Connection, wanted: Mapping[str, str] | None
    ) -> Connection:
        environments = await self._targets.seen(connection)
        environment = named(environments, connection.environment or "")
        if environment is None:
            return await self._without_environment(connection, environments)
        try:
            companies = await self._targets.companies(connection, environment.name)
        except RecordGone:
            return await self._without_environment(connection, [])
        company = None if wanted is None else chosen(companies, wanted)
        if company is not None:
            return await self._targets.activate(connection, environment, company)
        detail = "Nobody has chosen a company yet."
        if wanted is not None:
            detail = f"The environment has no company with this {next(iter(wanted))}."
        return await self._store.update_connection(
            connection.id,
            status="choose_company",
            status_detail=f"{detail} GET …/companies lists them; choose one with PATCH.",
            environment=environment.name,
            environment_type=environment.type,
        )

    async def _without_environment(
        self, connection: Connection, environments: list[Environment]
    ) -> Connection:
        there = ", ".join(known.name for known in environments)
        detail = f'The tenant has no environment "{connection.environment}".'
        detail += f" It has {there}." if there else ""
        return await self._store.update_connection(
            connection.id,
            status="choose_environment",
            status_detail=f"{detail} Name another one with PATCH.",
        )

    async def _stopped(self, connection: Connection, error: ConnectionStateError) -> Connection:
        """What stands after an error of the connection: a token's refusal has said so already."""
        found = await self._store.connection(connection.id)
        if found is not None and found.status != "pending":
            return found
        refused = isinstance(error, ConnectionUnauthorized)
        return await self._store.update_connection(
            connection.id,
            status="unauthorized" if refused else "pending",
            status_detail=f"{error.detail} {_AGAIN}",
        )

    def _violations(self, wish: Wish) -> list[Violation]:
        found = self._environment_violations(wish.grant, wish.environment)
        if wish.grant == "client_credentials":
            if wish.tenant is None or not is_guid(wish.tenant):
                found.append(_wrong("/tenant", "The tenant must be named by its id, a GUID."))
            if wish.credentials is not None:
                found.append(_wrong("/credentials", "Only the grant basic has a user and key."))
            return found
        if wish.tenant is not None and not _SERVER_TENANT.fullmatch(wish.tenant):
            found.append(_wrong("/tenant", "This can be no tenant of a server."))
        if wish.credentials is None:
            found.append(_wrong("/credentials", "The grant basic needs a user and key."))
        return [*found, *_credentials_violations(wish.credentials)]

    def _environment_violations(self, grant: str, environment: str | None) -> list[Violation]:
        if environment is None:
            return [_wrong("/environment", "Without an administrator it must be named here.")]
        if grant == "basic" and environment not in self._config.on_premises:
            detail = (
                "The gateway's configuration has no server of this name under "
                "business_central.on_premises."
            )
            return [_wrong("/environment", detail)]
        return environment_violations(environment)


def _company_of(connection: Connection) -> Mapping[str, str] | None:
    """The company that it has, or was asked for and never seen."""
    if connection.company_id is not None:
        return {"id": connection.company_id}
    return None if connection.company_name is None else {"name": connection.company_name}


def environment_violations(environment: str | None) -> list[Violation]:
    """What is wrong with the name of an environment (bc/api.md §1); nothing if it is None."""
    if environment is None or _ENVIRONMENT.fullmatch(environment):
        return []
    detail = "An environment has a name of at most 29 letters, digits, _ and -, a letter first."
    return [Violation("pattern", detail, "/environment")]


def _credentials_violations(credentials: Credentials | None) -> list[Violation]:
    """HTTP Basic takes no colon in a user, the server nothing but ASCII (bc/api.md §13)."""
    found = []
    if credentials is not None and not _USER.fullmatch(credentials.user):
        found.append(_wrong("/credentials/user", "At most 64 ASCII characters without a colon."))
    if credentials is not None and not _KEY.fullmatch(credentials.key):
        found.append(_wrong("/credentials/key", "At most 200 ASCII characters without a space."))
    return found


def _wrong(pointer: str, detail: str) -> Violation:
    return Violation("grant", detail, pointer)
