"""The administrator's way, step by step: ticket, Microsoft, environment, company.

The connect pages call these steps. A ticket is an address for one hour and one connection; state
and session bind each step to the browser that took the one before. Every mistake is an error
whose text a person can act on.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

import structlog

from gateway.businesscentral import Company, Environment
from gateway.clock import Clock
from gateway.config import Config
from gateway.connections.targets import Targets, named
from gateway.entra import Secrets, Tokens, refusal_text, sign_in_url
from gateway.errors import AddressExpired, Conflict, InvalidInput, NotFound, SignInFailed
from gateway.storage import Connection, SignIn, Store, changed

TICKET_LIFE: Final = timedelta(hours=1)

_LOG = structlog.get_logger("gateway.connections")


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that goes to Microsoft now: the address there, and the state it is known by."""

    url: str = field(repr=False)
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectPage:
    """What the administrator has to see next.

    `start`: what is asked and why. `environment`, `company`: one of them must be chosen; the
    companies are those of `environment`. `done`: the connection stands.
    """

    kind: Literal["start", "environment", "company", "done"]
    connection: Connection
    environments: tuple[Environment, ...] = ()
    environment: Environment | None = None
    companies: tuple[Company, ...] = ()


class SignIns:
    """The steps of a sign-in. Tickets, states and sessions are stored as hashes only."""

    def __init__(
        self, config: Config, store: Store, tokens: Tokens, targets: Targets, clock: Clock
    ) -> None:
        self._config = config
        self._store = store
        self._tokens = tokens
        self._targets = targets
        self._clock = clock

    async def issue(self, connection: Connection) -> str:
        """A fresh address for the administrator of `connection`, valid for one hour.

        The addresses before it lead nowhere any more, nor does a sign-in that began at one.
        """
        ticket = secrets.token_urlsafe(32)
        now = self._clock.now()
        await self._store.delete_sign_ins(connection.id)
        await self._store.save_sign_in(
            SignIn(_hash(ticket), connection.id, created_at=now, expires_at=now + TICKET_LIFE)
        )
        return f"{self._config.public.url}/connect/{ticket}"

    async def page(self, ticket: str, session: str, environment: str | None = None) -> ConnectPage:
        """Where the sign-in stands, as far as the browser with this `session` may know.

        `environment` is the one chosen on the page before. Raises `NotFound`, `Conflict` for a
        ticket that was used in another browser, `SignInFailed`, and what reading the tenant raises.
        """
        sign_in, connection = await self._under_way(ticket)
        signed_in = _signed_in(sign_in, session)
        if sign_in.used_at is not None:
            if not signed_in:
                raise _used()
            return ConnectPage("done", connection)
        if not signed_in:
            return ConnectPage("start", connection)
        return await self._next(sign_in, connection, environment)

    async def begin(self, ticket: str, session: str) -> Begun:
        """Bind the sign-in to this browser and send it to Microsoft. Raises `NotFound`."""
        sign_in, _ = await self._under_way(ticket)
        if sign_in.used_at is not None:
            raise _used()
        bound = Secrets.fresh()
        await self._store.save_sign_in(
            changed(
                sign_in,
                state=_hash(bound.state),
                verifier=bound.verifier,
                nonce=bound.nonce,
                session=_hash(session),
            )
        )
        url = sign_in_url(self._config.entra, self._redirect_uri(), bound)
        return Begun(url, bound.state)

    async def callback(
        self, *, state: str, session: str, code: str, error: str, description: str
    ) -> None:
        """Take Microsoft's answer: tokens are kept once it is proven who signed in.

        A state works once, and only in the browser that began. Raises `SignInFailed` with a
        sentence for the administrator, `NotFound` when the ticket is over.
        """
        if not state:  # so Microsoft comes back from the consent of a whole organization, too
            raise SignInFailed(
                "This answer from Microsoft belongs to no sign-in. If you have just consented for "
                "your whole organization, that is done: you can close this page. Otherwise begin "
                "again at the address you were given."
            )
        sign_in = await self._store.sign_in_by_state(_hash(state))
        if sign_in is None or sign_in.verifier is None or sign_in.nonce is None:
            raise SignInFailed(
                "This answer from Microsoft belongs to no sign-in that is under way here; perhaps "
                "it was used already. Begin again at the address you were given."
            )
        if not _same(sign_in.session, session):
            raise SignInFailed(
                "This sign-in was begun in another browser. Open the address you were given in "
                "this one, and begin again."
            )
        self._check_alive(sign_in)
        await self._store.save_sign_in(
            changed(sign_in, state=None, verifier=None, nonce=None, session=None)
        )
        if error or not code:  # an error first: the other parameters look fine beside it
            raise SignInFailed(refusal_text(error, description))
        signed_in = await self._tokens.redeem(
            code,
            redirect_uri=self._redirect_uri(),
            verifier=sign_in.verifier,
            nonce=sign_in.nonce,
        )
        connection = await self._connection(sign_in)
        _check_tenant(connection, signed_in.tenant)
        connection = await self._store.update_connection(
            connection.id,
            status="choose_environment",
            status_detail=None,
            tenant=signed_in.tenant,
            principal=signed_in.principal,
        )
        await self._tokens.adopt(connection, signed_in)
        await self._store.save_sign_in(
            changed(sign_in, state=None, verifier=None, nonce=None, session=_hash(session))
        )
        _LOG.info("signed_in", connection=connection.id, tenant=signed_in.tenant)

    async def choose(
        self, ticket: str, session: str, environment: str, company_id: str
    ) -> Connection:
        """Take the person's choice, once it was seen in the tenant; the ticket is used then.

        Raises `InvalidInput` for a choice that is none, and what `page` raises.
        """
        sign_in, connection = await self._under_way(ticket)
        if not _signed_in(sign_in, session):
            raise SignInFailed("Sign in at Microsoft first.")
        if sign_in.used_at is not None:
            raise _used()
        shown = await self._next(sign_in, connection, environment)
        company = next((known for known in shown.companies if known.id == company_id), None)
        if shown.environment is None or company is None:
            raise InvalidInput("Choose one of the companies.")
        active = await self._targets.activate(connection, shown.environment, company)
        await self._finish(sign_in)
        return active

    async def _next(
        self, sign_in: SignIn, connection: Connection, chosen: str | None
    ) -> ConnectPage:
        """What is still to be chosen. Only what the product named is taken without asking."""
        environments = await self._targets.environments(connection)
        if not environments:
            raise SignInFailed(
                "This account sees no Business Central environment in the tenant. Sign in with "
                "an account that works in Business Central."
            )
        was_active = connection.company_id is not None
        environment = named(environments, chosen or connection.environment or "")
        if connection.environment is not None and not was_active:
            environment = named(environments, connection.environment)
            if environment is None:
                raise SignInFailed(
                    f'The connection is for the environment "{connection.environment}", and this '
                    f"tenant has {', '.join(known.name for known in environments)}. Sign in with "
                    "an account of the right tenant, or have the connection made anew."
                )
        if environment is None:
            return ConnectPage("environment", connection, tuple(environments))
        companies = await self._targets.companies(connection, environment.name)
        same = _same_company(connection, environment, companies)
        if same is not None:
            active = await self._targets.activate(connection, environment, same)
            await self._finish(sign_in)
            return ConnectPage("done", active)
        if connection.environment is not None and not was_active:
            connection = await self._wait_for_company(connection, environment)
        return ConnectPage(
            "company", connection, tuple(environments), environment, tuple(companies)
        )

    async def _wait_for_company(
        self, connection: Connection, environment: Environment
    ) -> Connection:
        if connection.status == "choose_company":
            return connection
        return await self._store.update_connection(
            connection.id,
            status="choose_company",
            environment=environment.name,
            environment_type=environment.type,
        )

    async def _finish(self, sign_in: SignIn) -> None:
        await self._store.save_sign_in(changed(sign_in, used_at=self._clock.now()))

    async def _under_way(self, ticket: str) -> tuple[SignIn, Connection]:
        sign_in = await self._store.sign_in_by_ticket(_hash(ticket))
        if sign_in is None:
            raise NotFound(
                "This address is not known here, or a newer one has taken its place. Check that it "
                "was copied whole, or ask whoever gave it to you for a new one."
            )
        self._check_alive(sign_in)
        return sign_in, await self._connection(sign_in)

    def _check_alive(self, sign_in: SignIn) -> None:
        if self._clock.now() >= sign_in.expires_at:
            raise AddressExpired(
                "This address was good for one hour, and that is over. Ask whoever gave it to "
                "you for a new one."
            )

    async def _connection(self, sign_in: SignIn) -> Connection:
        connection = await self._store.connection(sign_in.connection_id)
        if connection is None:
            raise NotFound("This connection was deleted. Ask whoever gave you the address.")
        return connection

    def _redirect_uri(self) -> str:
        return f"{self._config.public.url}/oauth/callback"


def _check_tenant(connection: Connection, tenant: str) -> None:
    """A connection that names a tenant, or has stood for one, is never moved to another."""
    stood = connection.tenant if connection.company_id is not None else None
    expected = connection.expected_tenant or stood
    if expected is not None and expected.lower() != tenant:
        raise SignInFailed(
            f"The account belongs to another tenant than the one this connection is for "
            f"({expected}). Sign in with a work account of that tenant."
        )


def _same_company(
    connection: Connection, environment: Environment, companies: list[Company]
) -> Company | None:
    """The company that stood before a new sign-in, if it is the very same."""
    before = (connection.environment, connection.environment_type)
    if before != (environment.name, environment.type):
        return None
    return next(
        (
            company
            for company in companies
            if (company.id, company.name) == (connection.company_id, connection.company_name)
        ),
        None,
    )


def _signed_in(sign_in: SignIn, session: str) -> bool:
    """Whether Microsoft's answer for this sign-in came to this very browser."""
    return sign_in.state is None and _same(sign_in.session, session)


def _same(stored: str | None, session: str) -> bool:
    return stored is not None and hmac.compare_digest(stored, _hash(session))


def _used() -> Conflict:
    return Conflict(
        "This address was used, and the connection stands. Ask whoever gave it to you for a new "
        "one if something must change.",
    )


def _hash(text: str) -> str:
    """SHA-256 in hex. A cookie may hold bytes that are no UTF-8; they are just another text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
