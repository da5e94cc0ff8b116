"""Why a connection does not work: every rung from the sign-in to what the mappings read.

The listener and the command line ask. Nothing is written to Business Central.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from gateway.businesscentral import BusinessCentral, Deadline, rows_of
from gateway.clock import Clock
from gateway.config import Config
from gateway.connections.targets import ANSWER_WITHIN, UNSEEN, Targets, chosen, named
from gateway.entra import Tokens, consent_url
from gateway.errors import (
    BusinessCentralUnavailable,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionUnauthorized,
    GatewayError,
    RateLimited,
    SignInFailed,
    StorageUnavailable,
    UnexpectedAnswer,
)
from gateway.storage import Connection, Grant
from gateway.wire import query

Outcome = Literal["passed", "failed", "not_reached"]

OPERATOR: Final = "the gateway's operator"
ADMINISTRATOR: Final = "the administrator who connects"
MICROSOFT: Final = "a Microsoft administrator of the tenant"
BUSINESS_CENTRAL: Final = "an administrator of Business Central"
PRODUCT: Final = "the product"
NOBODY: Final = "nobody; try again later"

_PRINCIPAL: Final[Mapping[Grant, str]] = {
    "authorization_code": "Business Central, page Users: licence and permission sets of the user",
    "client_credentials": (
        "Business Central, page Microsoft Entra Applications: State Enabled, permission sets"
    ),
    "basic": "Business Central, page Users: web service access key and permission sets",
}
_Step = Callable[[Connection], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing that must be true. `who` must act and `where`, if it is not."""

    name: str
    outcome: Outcome
    detail: str | None = None
    who: str | None = None
    where: str | None = None


class _Failed(Exception):
    """A rung is not true."""

    def __init__(self, detail: str, who: str, where: str) -> None:
        super().__init__(detail)
        self.detail, self.who, self.where = detail, who, where


class Diagnosis:
    """Climbs the rungs of a connection."""

    def __init__(
        self,
        config: Config,
        tokens: Tokens,
        business_central: BusinessCentral,
        targets: Targets,
        clock: Clock,
    ) -> None:
        self._config = config
        self._tokens = tokens
        self._business_central = business_central
        self._targets = targets
        self._clock = clock

    async def climb(self, connection: Connection, entities: Iterable[str]) -> list[Rung]:
        """Every rung in order; those above one of the first four that fails are not reached.

        `entities` are the entity sets that must be readable. Raises `StorageUnavailable`.
        """
        steps: list[tuple[str, _Step]] = [
            ("sign_in", self._sign_in),
            ("tenant", self._tenant),
            ("environment", self._environment),
            ("company", self._company),
        ]
        reads = sorted(set(entities))
        rungs: list[Rung] = []
        for name, step in steps:
            rungs.append(await self._tried(connection, name, step))
            if rungs[-1].outcome == "failed":
                above = [other for other, _ in steps[len(rungs) :]]
                above += [f"read {entity}" for entity in reads]
                return [*rungs, *(Rung(other, "not_reached") for other in above)]
        return rungs + [
            await self._tried(connection, f"read {entity}", self._reading(entity))
            for entity in reads
        ]

    async def _tried(self, connection: Connection, name: str, step: _Step) -> Rung:
        try:
            return Rung(name, "passed", await step(connection))
        except _Failed as failed:
            return Rung(name, "failed", failed.detail, failed.who, failed.where)
        except StorageUnavailable:
            raise
        except GatewayError as error:
            who, where = self._who(connection, error)
            return Rung(name, "failed", error.detail, who, where)

    async def _sign_in(self, connection: Connection) -> None:
        """Ask anew: a token in memory may outlive the consent for an hour, a failure its cause."""
        self._tokens.forget(connection)
        await self._tokens.access_token(connection)

    async def _tenant(self, connection: Connection) -> None:
        if not await self._targets.seen(connection):
            raise _Failed(
                "The account sees no Business Central environment in the tenant.",
                MICROSOFT,
                "Microsoft 365 admin center: a subscription of Business Central, and its licence",
            )

    async def _environment(self, connection: Connection) -> str | None:
        environments = await self._targets.seen(connection)
        found = named(environments, connection.environment or "")
        if found is None:
            there = ", ".join(known.name for known in environments)
            detail = f'There is no environment "{connection.environment}"; there are {there}.'
            if connection.environment is None:
                detail = f"No environment is chosen; there are {there}."
            raise _Failed(detail, PRODUCT, _elsewhere(connection))
        if UNSEEN in {found.type, connection.environment_type}:
            return "The list of environments may not be seen, so its type is not known."
        if connection.environment_type not in {None, found.type}:
            raise _Failed(
                f"It was of type {connection.environment_type} and is of type {found.type}.",
                PRODUCT,
                _anew(connection),
            )
        return None

    async def _company(self, connection: Connection) -> None:
        where = f"PATCH /v1/connections/{connection.id} with a company of GET …/companies"
        companies = await self._targets.companies(connection)
        if connection.company_id is None or connection.company_name is None:
            raise _Failed("No company is chosen.", PRODUCT, where)
        found = chosen(companies, {"id": connection.company_id})
        if found is None or found.name != connection.company_name:
            raise _Failed(
                f'The company "{connection.company_name}" is not there any more, or not visible.',
                PRODUCT,
                where,
            )

    def _reading(self, entity: str) -> _Step:
        async def read(connection: Connection) -> str | None:
            answer = await self._business_central.read(
                connection,
                entity,
                query(top=1),
                deadline=Deadline.within(self._clock, ANSWER_WITHIN),
            )
            if rows_of(answer):
                return None
            return "It holds no record, or none that may be seen."

        return read

    def _who(self, connection: Connection, error: GatewayError) -> tuple[str, str]:
        """Who must act on `error`, and where."""
        if isinstance(error, ConnectionUnauthorized):
            return BUSINESS_CENTRAL, _PRINCIPAL[connection.grant]
        if isinstance(error, ConnectionNeedsConsent) and connection.grant == "client_credentials":
            return MICROSOFT, consent_url(self._config.entra, connection.tenant or "")
        if isinstance(error, ConnectionNeedsConsent | ConnectionNotReady):
            return ADMINISTRATOR, _anew(connection)
        if isinstance(error, SignInFailed):
            return OPERATOR, "the gateway's configuration, entra; the registration at Microsoft"
        if isinstance(error, BusinessCentralUnavailable | RateLimited | UnexpectedAnswer):
            return NOBODY, "the same request again"
        return OPERATOR, "the mapping that reads this, and the release of this environment"


def _elsewhere(connection: Connection) -> str:
    """Where another environment is named: at the connect page, where there is one."""
    if connection.grant == "authorization_code":
        return _anew(connection)
    return f"PATCH /v1/connections/{connection.id} with another environment"


def _anew(connection: Connection) -> str:
    return f"POST /v1/connections/{connection.id}/reconnect"
