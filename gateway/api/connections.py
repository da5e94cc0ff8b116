"""`/v1/connections`: connections as products see and change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, Literal, cast

from aiohttp import web

from gateway.api import shapes
from gateway.api.access import CALLER, connection_of, require_organization
from gateway.api.answers import answer, page
from gateway.api.bodies import read_input, read_query
from gateway.api.keys import CONNECTIONS, STORE, snapshot_of
from gateway.clock import timestamp
from gateway.connections import Credentials, Rung, Wish, params_violations
from gateway.errors import Forbidden, InvalidInput, InvalidQuery, Violation
from gateway.snapshot import Snapshot
from gateway.storage import Connection, ConnectionStatus, Grant
from gateway.validation import Validator

_INPUT: Final = Validator(shapes.CONNECTION_INPUT)
_CHANGE: Final = Validator(shapes.CONNECTION_CHANGE)


async def create_connection(request: web.Request) -> web.Response:
    """A new connection and the address where its administrator signs in, where there is one."""
    given = cast("dict[str, Any]", await read_input(request, _INPUT))
    require_organization(request, given["organization"])
    _check_params(request, given, given["organization"])
    grant: Grant = given.get("grant", "authorization_code")
    if grant != "authorization_code":
        return await _create_unattended(request, given, grant)
    _check_attended(given)
    connection, connect_url = await request.app[CONNECTIONS].create(
        organization=given["organization"],
        environment=given.get("environment"),
        expected_tenant=given.get("tenant"),
        params=given.get("params", {}),
        label=given.get("label"),
        return_url=given.get("return_url"),
    )
    return answer(
        {**connection_body(connection), "connect_url": connect_url},
        status=201,
        headers={"Location": f"/v1/connections/{connection.id}"},
    )


async def _create_unattended(
    request: web.Request, given: Mapping[str, Any], grant: Literal["client_credentials", "basic"]
) -> web.Response:
    if grant == "client_credentials" and request[CALLER].organization is not None:
        raise Forbidden(
            "The application may enter every tenant that has consented, so only a key that is "
            "not limited to one organization may say whose tenant it is."
        )
    if "return_url" in given:
        raise _refused("/return_url", "No browser comes by with this grant.")
    wish = Wish(
        organization=given["organization"],
        grant=grant,
        environment=given.get("environment"),
        tenant=given.get("tenant"),
        company=given.get("company"),
        credentials=_credentials(given),
        params=given.get("params", {}),
        label=given.get("label"),
    )
    connection = await request.app[CONNECTIONS].unattended.create(wish)
    return answer(
        connection_body(connection),
        status=201,
        headers={"Location": f"/v1/connections/{connection.id}"},
    )


async def list_connections(request: web.Request) -> web.Response:
    """The caller's connections."""
    query = read_query(request, ("organization", "status"))
    status = query.get("status")
    if status is not None and status not in shapes.CONNECTION_STATUS:
        raise InvalidQuery(f"status must be one of {', '.join(shapes.CONNECTION_STATUS)}.")
    limit = request[CALLER].organization
    organization = query.get("organization", limit)
    if limit is not None and organization != limit:
        return page([])
    found = await request.app[STORE].connections(
        organization=organization, status=cast("ConnectionStatus | None", status)
    )
    return page([connection_body(connection) for connection in found])


async def one_connection(request: web.Request) -> web.Response:
    """One connection."""
    return answer(connection_body(await connection_of(request)))


async def change_connection(request: web.Request) -> web.Response:
    """Another company, other params, another label; without an administrator also more."""
    connection = await connection_of(request)
    given = cast("dict[str, Any]", await read_input(request, _CHANGE))
    _check_params(request, given, connection.id, connection.organization)
    changes = {name: given[name] for name in ("params", "label") if name in given}
    connections, credentials = request.app[CONNECTIONS], _credentials(given)
    if credentials is not None or "environment" in given:
        connection = await connections.unattended.change(
            connection,
            environment=given.get("environment"),
            company=given.get("company"),
            credentials=credentials,
        )
    elif "company" in given:
        connection = await connections.change_company(connection, given["company"])
    if changes:
        connection = await request.app[STORE].update_connection(connection.id, **changes)
    return answer(connection_body(connection))


async def delete_connection(request: web.Request) -> web.Response:
    """Forget a connection; its tokens are erased."""
    connection = await connection_of(request)
    await request.app[CONNECTIONS].delete(connection)
    return web.Response(status=204)


async def reconnect(request: web.Request) -> web.Response:
    """A new address for the administrator; without one, everything is verified anew."""
    connection = await connection_of(request)
    if connection.grant != "authorization_code":
        settled = await request.app[CONNECTIONS].unattended.settle(connection)
        return answer(connection_body(settled))
    connect_url = await request.app[CONNECTIONS].reconnect(connection)
    return answer({**connection_body(connection), "connect_url": connect_url})


async def environments(request: web.Request) -> web.Response:
    """The environments of the tenant."""
    connection = await connection_of(request)
    found = await request.app[CONNECTIONS].environments(connection)
    return page(
        [
            {
                "name": environment.name,
                "type": environment.type,
                "country": environment.country,
                "ring": environment.ring,
                "web_client_url": environment.web_client_url,
            }
            for environment in found
        ]
    )


async def companies(request: web.Request) -> web.Response:
    """The companies of the environment."""
    connection = await connection_of(request)
    found = await request.app[CONNECTIONS].companies(connection)
    return page(
        [
            {
                "id": company.id,
                "name": company.name,
                "display_name": company.display_name,
                "system_version": company.system_version,
                "created_at": company.created_at,
                "updated_at": company.updated_at,
            }
            for company in found
        ]
    )


async def diagnosis(request: web.Request) -> web.Response:
    """Every rung from the sign-in to what the mappings read, and the first that fails."""
    connection = await connection_of(request)
    entities = entities_read(snapshot_of(request), connection)
    return answer(diagnosis_body(await request.app[CONNECTIONS].diagnose(connection, entities)))


def entities_read(snapshot: Snapshot, connection: Connection) -> set[str]:
    """The entity sets that its mappings read by themselves, not as parts of another."""
    return {
        entity
        for resource in snapshot.of(connection.id, connection.organization).values()
        for plan in resource.verbs.values()
        for entity in (plan.entity, *(lookup.entity for lookup in plan.lookups))
        if entity is not None
    }


def diagnosis_body(rungs: Sequence[Rung]) -> dict[str, object]:
    """A diagnosis as callers and operators see it."""
    shown = [asdict(rung) for rung in rungs]
    failed = next((rung for rung in shown if rung["outcome"] == "failed"), None)
    return {"passed": failed is None, "first_failed": failed, "rungs": shown}


def _check_params(request: web.Request, given: Mapping[str, Any], *owners: str) -> None:
    """Raises `InvalidInput` for settings that no mapping reads, or reads otherwise."""
    resources = snapshot_of(request).of(*owners).values()
    declared = [plan.params for resource in resources for plan in resource.verbs.values()]
    violations = params_violations(given.get("params", {}), declared)
    if violations:
        raise InvalidInput("No mapping takes these settings.", violations=violations)


def _check_attended(given: Mapping[str, Any]) -> None:
    if "company" in given:
        raise _refused("/company", "With this grant the administrator chooses the company.")
    if "credentials" in given:
        raise _refused("/credentials", "Only the grant basic has a user and key.")


def _refused(pointer: str, detail: str) -> InvalidInput:
    return InvalidInput(
        "The connection cannot be made like this.", violations=[Violation("grant", detail, pointer)]
    )


def _credentials(given: Mapping[str, Any]) -> Credentials | None:
    found = given.get("credentials")
    return None if found is None else Credentials(found["user"], found["key"])


def connection_body(connection: Connection) -> dict[str, object]:
    """A connection as callers see it."""
    company = None
    if connection.company_id is not None and connection.company_name is not None:
        company = {"id": connection.company_id, "name": connection.company_name}
    return {
        "id": connection.id,
        "organization": connection.organization,
        "status": connection.status,
        "status_detail": connection.status_detail,
        "grant": connection.grant,
        "tenant": connection.tenant,
        "environment": connection.environment,
        "environment_type": connection.environment_type,
        "company": company,
        "principal": connection.principal,
        "params": dict(connection.params),
        "label": connection.label,
        "created_at": timestamp(connection.created_at),
        "updated_at": timestamp(connection.updated_at),
    }
