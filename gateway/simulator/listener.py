"""The listener: one origin for Entra, Business Central and the control API.

Every call goes the same way: written down, hit by faults, served, answered. The work itself is
done without waiting for anything, so one call is never interleaved with another. A call that
waited until all was reset is dropped, as by a server that was started anew.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from dataclasses import replace
from decimal import localcontext

from aiohttp import web

from gateway.simulator.admincenter import admin_answer, is_admin_center
from gateway.simulator.businesscentral import (
    BusinessCentral,
    Effects,
    error_answer,
    odata_answer,
    split_root,
    unproven,
)
from gateway.simulator.clock import timestamp
from gateway.simulator.control.api import control_answer, is_control
from gateway.simulator.control.callfaults import CallFaults
from gateway.simulator.control.effects import REJECTED
from gateway.simulator.control.kinds import Occasion
from gateway.simulator.control.views import environment_seen
from gateway.simulator.delivery import deliver, drop, whole
from gateway.simulator.entra.tokens import Claims
from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError, EntraError, bad_request
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.onpremises import ENVIRONMENT, below_root, is_on_premises, user_of
from gateway.simulator.receiving import received
from gateway.simulator.routes import entity_named
from gateway.simulator.seed.companies import TENANT_ID, TENANTS
from gateway.simulator.state import State
from gateway.simulator.webhooks.subscriptions import Prove, Unproven

_PRECISION = 60  # digits, so that sums of AL's decimals are exact: 18 before the point, 20 after it
_TOO_DEEP = "The query is nested too deeply."
_TENANT_IDS = {name: tenant.id for tenant in TENANTS for name in (tenant.id, tenant.domain)}


class _Over(Exception):
    """What the call was about is there no more."""


class Listener:
    """Serves one simulator. ``close`` ends the delays that are still running."""

    def __init__(self, state: State) -> None:
        self._state = state

    def close(self) -> None:
        """Let everything that waits go on."""
        self._state.era.set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request."""
        call = await received(request)
        with localcontext(prec=_PRECISION):
            response = await self._answered(request, call)
        if call.flaw is not None:
            response.force_close()  # what comes next may be the rest of it
        return response

    async def _answered(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        state = self._state
        if call.method != "GET":
            state.changes += 1
        if is_control(call):
            return whole(control_answer(state, _asked(call)))
        entity = entity_named(call.segments, state.segments)
        now = state.clock.now()
        entry = state.journal.begin(timestamp(now), call, entity)
        claims = self._claims(call)
        about = state.addressed(call.segments)
        occasion = Occasion(call, entity, claims, now, entity_set=about)
        faults = CallFaults(occasion, state.faults.striking(occasion))
        entry.faults = faults.names
        entry.principal = str(claims["oid"]) if claims else None
        answer = await self._in_turn(call, claims, faults, entry.principal)
        if call.method != "GET":
            state.changes += 1  # it may have been saved while this waited
        state.journal.end(entry, answer)
        if answer is None:
            return drop(request)
        return await deliver(request, answer, faults, self._wait)

    async def _in_turn(
        self, call: Call, claims: Claims | None, faults: CallFaults, principal: str | None
    ) -> Answer | None:
        """As ``_serve``, once it is the turn of the call among those of its principal."""
        limited = principal if _is_business_central(call) else None
        try:
            era = self._state.era
            async with self._state.turns.turn(limited):
                with self._state.journal.running(principal):
                    return await self._serve(call, claims, faults, era)
        except _Over:
            return None
        except BusinessCentralError as error:
            return error_answer(error, str(uuid.uuid4()))

    async def _serve(
        self, call: Call, claims: Claims | None, faults: CallFaults, era: asyncio.Event
    ) -> Answer | None:
        """The answer, or None for a connection that is to be dropped. Raises _Over."""
        if faults.has("drop_before_commit"):
            return None
        await self._wait(faults.seconds("before"))
        answer = faults.instead(committed=False) or await self._worked(call, claims, faults, era)
        answer = faults.instead(committed=True) or answer
        await self._wait(faults.seconds("after"))
        if faults.has("drop_after_commit"):
            return None
        return faults.altered(answer)

    async def _worked(
        self, call: Call, claims: Claims | None, faults: CallFaults, era: asyncio.Event
    ) -> Answer:
        """The work, done anew where it finds that an address has to answer first: the one thing
        that it needs to wait for. Raises _Over.
        """
        self._stay(era)
        try:
            return self._work(call, claims, faults, unproven)
        except Unproven as asked:
            refusal = await self._state.webhooks.handshake(asked.url)
            url = asked.url
        self._stay(era)

        def prove(wanted: str) -> None:
            if wanted != url:  # the subscription was changed in the meantime
                raise _changed()
            if refusal is not None:
                raise refusal

        return self._work(call, claims, faults, prove)

    def _stay(self, era: asyncio.Event) -> None:
        """Raises _Over where everything was reset meanwhile."""
        if era is not self._state.era:
            raise _Over

    async def _wait(self, seconds: float) -> None:
        if seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._state.era.wait(), seconds)

    def _work(self, call: Call, claims: Claims | None, faults: CallFaults, prove: Prove) -> Answer:
        request_id = str(uuid.uuid4())
        try:
            faults.refuse()
            if call.flaw is not None and _is_business_central(call):
                raise call.flaw
            answer = self._route(call, claims, faults, prove)
        except RecursionError:
            answer = error_answer(bad_request(_TOO_DEEP), request_id)
        except EntraError as error:
            return self._state.entra.error_answer(error, call)
        except BusinessCentralError as error:
            answer = error_answer(error, request_id)
            if error.status == 401:
                scheme = "Basic" if is_on_premises(call) else "Bearer"
                answer = answer.with_headers(WWW_Authenticate=f'{scheme} realm=""')
        if _is_business_central(call):
            extra = {"OData-Version": "4.0", "Request-Id": request_id}
            return answer.with_headers(**extra, ms_correlation_x=str(uuid.uuid4()))
        return answer

    def _route(self, call: Call, claims: Claims | None, faults: CallFaults, prove: Prove) -> Answer:
        if self._state.on_premises and is_on_premises(call):
            if claims is None:
                raise _rejected()
            environment = self._state.environments.get(ENVIRONMENT)
            route, rest = below_root(call, self._state.catalogues.routes)
            return self._served(environment, call, route, rest, faults, prove=prove)
        if not _is_business_central(call):
            answer = self._state.entra.answer(_asked(call), faults.sign_in)
            return answer or _nothing(call)
        if is_admin_center(call):
            return admin_answer(call, claims, self._online(claims))
        if claims is None or not self._let_in(call, claims):
            raise _rejected()
        segments = call.segments
        if segments[0] == "environments":
            return self._environments(call, claims)
        tenant, name, route, rest = split_root(segments, self._state.catalogues.routes)
        if tenant is not None and _TENANT_IDS.get(tenant.lower()) != claims["tid"]:
            raise _rejected()
        environments = self._online(claims)
        return self._served(environments.get(name.lower()), call, route, rest, faults, prove=prove)

    def _let_in(self, call: Call, claims: Claims) -> bool:
        user = self._state.signins.accounts.with_id(claims["oid"])
        return _has_role(call, claims) and (user is None or user.licensed)

    def _online(self, claims: Claims | None) -> dict[str, Environment]:
        """The environments of the caller's tenant: only the first one has any."""
        mine = claims is not None and claims["tid"] == TENANT_ID
        return self._state.environments if mine else {}

    def _served(
        self,
        environment: Environment | None,
        call: Call,
        route: str,
        rest: list[str],
        faults: CallFaults,
        *,
        prove: Prove,
    ) -> Answer:
        if environment is None:
            raise BusinessCentralError(404, "NoEnvironment", "Environment does not exist.")
        depth = len(call.segments) - len(rest)
        root = call.origin + "/".join(call.path.split("/")[: depth + 1])
        history = self._state.history
        served = BusinessCentral(
            environment_seen(environment, faults, history, self._state.seed),
            self._state.catalogues.of(faults.release or environment.release, route),
            self._state.clock,
            root,
            faults.effects,
            lambda part: self._effects_on(part, faults),
            prove,
        )
        with history.late(sum(d.number("seconds") for d in faults.details("late_commit"))):
            return served.answer(call, rest)

    def _effects_on(self, part: Call, faults: CallFaults) -> Effects:
        """What faults change inside one request of a batch. Raises BusinessCentralError."""
        entity = entity_named(part.segments, self._state.segments)
        about = self._state.addressed(part.segments)
        occasion = replace(faults.occasion, call=part, entity=entity, entity_set=about, part=True)
        struck = CallFaults(occasion, self._state.faults.striking(occasion))
        struck.refuse()
        return struck.effects

    def _environments(self, call: Call, claims: Claims) -> Answer:
        value = [
            {
                "aadTenantId": claims["tid"],
                "applicationFamily": "BusinessCentral",
                "type": environment.type,
                "name": environment.name,
                "countryCode": "GB",
                "webServiceUrl": call.origin,
                "webClientLoginUrl": f"{call.origin}/{claims['tid']}/{environment.name}",
                "ringName": "PROD",
            }
            for environment in self._online(claims).values()
        ]
        if call.method != "GET" or call.segments[1:] not in (["v1.1"], ["v1.2"]):
            raise BusinessCentralError(404, "BadRequest_ResourceNotFound", "Resource not found.")
        return odata_answer(200, {"value": value})

    def _claims(self, call: Call) -> Claims | None:
        if self._state.on_premises and is_on_premises(call):
            user = user_of(call)
            return None if user is None else {"oid": user}
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        claims = self._state.tokens.verify(token.strip())
        if claims is None or not (claims.get("scp") or claims.get("roles")):
            return None
        return claims


def _is_business_central(call: Call) -> bool:
    return call.path.startswith(("/v2.0/", "/environments/", "/admin/")) or is_on_premises(call)


def _has_role(call: Call, claims: Claims) -> bool:
    """Whether an application was given the permission of the route (bc/api.md §2)."""
    roles = claims.get("roles")
    automation = "/api/microsoft/automation/" in call.path
    needed = "Automation.ReadWrite.All" if automation else "API.ReadWrite.All"
    return roles is None or needed in roles


def _asked(call: Call) -> Call:
    """The call as it is served by Entra and the control API, where HEAD is a GET without the body
    of its answer (RFC 9110 §9.3.2). Business Central refuses it: among the methods that it allows
    it has none such (github.com/MicrosoftDocs/dynamics365smb-devitpro-pb/pull/3636).
    """
    return replace(call, method="GET") if call.method == "HEAD" else call


def _nothing(call: Call) -> Answer:
    if call.flaw is not None:
        return error_answer(call.flaw, str(uuid.uuid4()))
    hint = " GET /_simulator lists what the simulator's control does."
    known = hint if call.path in {"", "/"} else ""
    return json_answer(404, {"error": f"There is nothing at {call.path}.{known}"})


def _rejected() -> BusinessCentralError:
    return BusinessCentralError(401, "Authentication_InvalidCredentials", REJECTED)


def _changed() -> BusinessCentralError:
    text = "Another user has already changed the record."
    return BusinessCentralError(409, "Request_EntityChanged", text)
