"""`/v1/connections`: connections as products see and change them."""

from __future__ import annotations

from typing import Any, Final, cast

from aiohttp import web

from gateway.api import shapes
from gateway.api.access import CALLER, connection_of, require_organization
from gateway.api.answers import answer, page
from gateway.api.bodies import read_input, read_query
from gateway.api.keys import CONNECTIONS, STORE
from gateway.clock import timestamp
from gateway.errors import InvalidQuery
from gateway.storage import Connection, ConnectionStatus
from gateway.validation import Validator

_INPUT: Final = Validator(shapes.CONNECTION_INPUT)
_CHANGE: Final = Validator(shapes.CONNECTION_CHANGE)


async def create_connection(request: web.Request) -> web.Response:
    """A new connection and the address where its administrator signs in."""
    given = cast("dict[str, Any]", await read_input(request, _INPUT))
    require_organization(request, given["organization"])
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
    """Another company, other params, another label."""
    connection = await connection_of(request)
    given = cast("dict[str, Any]", await read_input(request, _CHANGE))
    changes = {name: given[name] for name in ("params", "label") if name in given}
    if "company" in given:
        connection = await request.app[CONNECTIONS].change_company(connection, given["company"])
    if changes:
        connection = await request.app[STORE].update_connection(connection.id, **changes)
    return answer(connection_body(connection))


async def delete_connection(request: web.Request) -> web.Response:
    """Forget a connection; its tokens are erased."""
    connection = await connection_of(request)
    await request.app[CONNECTIONS].delete(connection)
    return web.Response(status=204)


async def reconnect(request: web.Request) -> web.Response:
    """A new address for the administrator."""
    connection = await connection_of(request)
    connect_url = await request.app[CONNECTIONS].reconnect(connection)
    return answer({**connection_body(connection), "connect_url": connect_url})


async def environments(request: web.Request) -> web.Response:
    """The environments of the tenant."""
    connection = await connection_of(request)
    found = await request.app[CONNECTIONS].environments(connection)
    return page([{"name": environment.name, "type": environment.type} for environment in found])


async def companies(request: web.Request) -> web.Response:
    """The companies of the environment."""
    connection = await connection_of(request)
    found = await request.app[CONNECTIONS].companies(connection)
    return page(
        [
            {"id": company.id, "name": company.name, "display_name": company.display_name}
            for company in found
        ]
    )


def connection_body(connection: Connection) -> dict[str, object]:
    """A connection as callers see it."""
    company = None
    if connection.company_id is not None:
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
