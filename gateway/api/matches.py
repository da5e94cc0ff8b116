"""`…/matches/items`: which item a SKU is; a person's decision stays until it is forgotten."""

from __future__ import annotations

from typing import Final, cast

from aiohttp import web

from gateway.api import shapes
from gateway.api.access import connection_of
from gateway.api.answers import answer, page
from gateway.api.bodies import READ_WITHIN, read_input, read_query
from gateway.api.keys import CLOCK, CONNECTIONS, MATCHING
from gateway.businesscentral import Deadline
from gateway.errors import InvalidQuery, NotFound
from gateway.matching import ItemMatch
from gateway.validation import Validator

LONGEST_SKU: Final = 250

_INPUT: Final = Validator(shapes.MATCH_INPUT)


async def list_matches(request: web.Request) -> web.Response:
    """What people decided, with how it stands in Business Central now."""
    connection = await connection_of(request)
    read_query(request, ())
    matching = request.app[MATCHING]
    skus = [decision.sku for decision in await matching.decisions(connection)]
    if not skus:
        return page([])
    readable = await request.app[CONNECTIONS].require_readable(connection.id)
    found = await matching.items(readable, skus, _deadline(request))
    return page([_body(match) for match in found.values()])


async def one_match(request: web.Request) -> web.Response:
    """Which item a SKU is, or why none."""
    sku = _sku(request)
    connection = await connection_of(request)
    readable = await request.app[CONNECTIONS].require_readable(connection.id)
    found = await request.app[MATCHING].items(readable, [sku], _deadline(request))
    return answer(_body(found[sku]))


async def decide(request: web.Request) -> web.Response:
    """Keep a person's decision. Raises `InvalidInput` when it cannot be."""
    sku = _sku(request)
    connection = await connection_of(request)
    given = await read_input(request, _INPUT)
    readable = await request.app[CONNECTIONS].require_readable(connection.id)
    match = await request.app[MATCHING].decide(
        readable, sku, cast("str", given["item_number"]), _deadline(request)
    )
    return answer(_body(match))


async def forget(request: web.Request) -> web.Response:
    """Forget a decision. Raises `NotFound` when there is none."""
    sku = _sku(request)
    connection = await connection_of(request)
    if not await request.app[MATCHING].forget(connection, sku):
        raise NotFound("Nobody has decided which item this SKU is.")
    return web.Response(status=204)


def _sku(request: web.Request) -> str:
    sku = request.match_info["sku"]
    if len(sku) > LONGEST_SKU:
        raise InvalidQuery(f"A SKU has at most {LONGEST_SKU} characters.")
    return sku


def _deadline(request: web.Request) -> Deadline:
    return Deadline.within(request.app[CLOCK], READ_WITHIN)


def _body(match: ItemMatch) -> dict[str, object]:
    item = None
    if match.record is not None:
        item = {
            "id": match.record["id"],
            "number": match.record["number"],
            "name": match.record["displayName"],
            "blocked": bool(match.record["blocked"]),
        }
    return {
        "sku": match.sku,
        "status": match.status,
        "decided": match.decided,
        "reason": match.reason,
        "item": item,
    }
