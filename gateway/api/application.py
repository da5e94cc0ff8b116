"""The public listener as one application: its routes in one table.

`gateway.app` calls `public_application` and gives it what the handlers use (`keys.py`).
"""

from __future__ import annotations

from functools import cache

import aiohttp_jinja2
import jinja2
from aiohttp import web

from gateway.api import (
    connections,
    docs,
    dry_run,
    health,
    matches,
    openapi,
    operations,
    records,
)
from gateway.api.connect import connect_routes
from gateway.api.keys import CONFIG, CURRENT
from gateway.api.problems import boundary
from gateway.config import Config
from gateway.snapshot import Current

_CONNECTION = "/v1/connections/{connection}"
_NOT_RESOURCES = "companies|diagnosis|environments|matches|reconnect"
_SEGMENT = "[^/]+"  # of an address: a key may hold braces, which the framework would not take
_RECORDS = f"{_CONNECTION}/{{resource:(?!(?:{_NOT_RESOURCES})(?:/|$))[^{{}}/]+}}"


def public_application(config: Config, current: Current) -> web.Application:
    """The application, without the rest of what `keys.py` lists: the caller puts that there."""
    app = web.Application(middlewares=[boundary], client_max_size=config.most_body_bytes)
    app[CONFIG] = config
    app[CURRENT] = current
    app[openapi.DESCRIPTION] = openapi.Description(config.public.url)
    app[aiohttp_jinja2.APP_KEY] = templates()
    app.add_routes([*_routes(), *connect_routes()])
    return app


@cache
def templates() -> jinja2.Environment:
    """The pages, each compiled once in a process."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("gateway.api"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _routes() -> list[web.RouteDef]:
    """Every path of the gateway but the connect pages.

    The framework holds a path against those that begin alike one after the other. So records,
    which are asked for most, come first; they take any resource but `_NOT_RESOURCES`.
    """
    return [
        web.get("/", docs.start),
        web.get("/docs", docs.page),
        web.get("/openapi.json", openapi.document),
        web.get("/health/live", health.live),
        web.get("/health/ready", health.ready),
        web.get("/v1/resources", records.resources),
        web.post("/v1/dry-run", dry_run.dry_run),
        web.get("/v1/operations", operations.list_operations),
        web.get("/v1/operations/{operation}", operations.one_operation),
        web.post("/v1/operations/{operation}/retry", operations.retry_operation),
        web.post("/v1/operations/{operation}/cancel", operations.cancel_operation),
        web.get("/v1/connections", connections.list_connections),
        web.post("/v1/connections", connections.create_connection),
        web.get(_RECORDS, records.list_records),
        web.post(_RECORDS, records.create_record),
        web.route("*", _RECORDS, records.no_such_verb),
        web.get(f"{_RECORDS}/{{id:{_SEGMENT}}}", records.one_record),
        web.put(f"{_RECORDS}/{{id:{_SEGMENT}}}", records.put_record),
        web.patch(f"{_RECORDS}/{{id:{_SEGMENT}}}", records.change_record),
        web.delete(f"{_RECORDS}/{{id:{_SEGMENT}}}", records.delete_record),
        web.route("*", f"{_RECORDS}/{{id:{_SEGMENT}}}", records.no_such_verb),
        web.post(f"{_RECORDS}/{{id:{_SEGMENT}}}/{{action:{_SEGMENT}}}", records.act_on_record),
        web.get(_CONNECTION, connections.one_connection),
        web.patch(_CONNECTION, connections.change_connection),
        web.delete(_CONNECTION, connections.delete_connection),
        web.post(f"{_CONNECTION}/reconnect", connections.reconnect),
        web.post(f"{_CONNECTION}/diagnosis", connections.diagnosis),
        web.get(f"{_CONNECTION}/environments", connections.environments),
        web.get(f"{_CONNECTION}/companies", connections.companies),
        web.get(f"{_CONNECTION}/matches", matches.progress),
        web.get(f"{_CONNECTION}/matches/items", matches.list_matches),
        web.post(f"{_CONNECTION}/matches/items", matches.match_items),
        web.get(f"{_CONNECTION}/matches/items/{{sku:{_SEGMENT}}}", matches.one_match),
        web.put(f"{_CONNECTION}/matches/items/{{sku:{_SEGMENT}}}", matches.decide),
        web.delete(f"{_CONNECTION}/matches/items/{{sku:{_SEGMENT}}}", matches.forget),
    ]
