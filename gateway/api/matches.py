"""`…/matches`: which item a SKU is; a person's decision stays until it is forgotten."""

from __future__ import annotations

from typing import Final, cast

from aiohttp import web

from gateway.api import match_shapes
from gateway.api.access import connection_of
from gateway.api.answers import answer, page
from gateway.api.bodies import READ_WITHIN, preferences, read_input, read_number, read_query
from gateway.api.keys import CLOCK, CONNECTIONS, MATCHING, STORE
from gateway.businesscentral import Deadline
from gateway.clock import timestamp
from gateway.errors import InvalidInput, InvalidQuery, NotFound, Violation
from gateway.matching import (
    LONGEST_SKU,
    STATUSES,
    WHY,
    Asked,
    Candidate,
    Decision,
    ItemMatch,
    is_sku,
    kept_match,
)
from gateway.storage import DECIDED, MatchFilter, MatchProgress
from gateway.validation import Validator

_INPUT: Final = Validator(match_shapes.MATCH_INPUT)
_MANY: Final = Validator(match_shapes.MATCHES_INPUT)
_YES_OR_NO: Final = {"true": True, "false": False}


async def match_items(request: web.Request) -> web.Response:
    """Match many SKUs against the catalogue: 200 with all, or 202 with where to look."""
    connection = await connection_of(request)
    wish = preferences(request)
    asked = _asked(cast("list[object]", (await read_input(request, _MANY))["skus"]))
    readable = await request.app[CONNECTIONS].require_readable(connection.id)
    wait = 0.0 if wish.respond_async else wish.wait
    matched = await request.app[MATCHING].match(readable, asked, wait=wait)
    if matched.matches is None:
        headers = {"Location": f"/v1/connections/{connection.id}/matches", "Retry-After": "5"}
        return answer(_progress_body(matched.progress), status=202, headers=headers)
    data = [_body(match) for match in matched.matches]
    return answer({"data": data, "counts": matched.progress.counts})


async def progress(request: web.Request) -> web.Response:
    """How far the latest matching is. Raises `NotFound` when there was none."""
    connection = await connection_of(request)
    read_query(request, ())
    found = await request.app[MATCHING].progress(connection)
    if found is None:
        raise NotFound("No SKUs of this connection have been matched yet.")
    return answer(_progress_body(found))


async def list_matches(request: web.Request) -> web.Response:
    """What is kept, as it was when it was matched or decided, by SKU."""
    connection = await connection_of(request)
    query = read_query(request, ("status", "decided", "limit", "cursor"))
    status, decided = query.get("status"), query.get("decided")
    if status is not None and status not in STATUSES:
        raise InvalidQuery(f"status must be one of {', '.join(STATUSES)}.")
    if decided is not None and decided not in _YES_OR_NO:
        raise InvalidQuery("decided must be true or false.")
    wanted = MatchFilter(status, None if decided is None else _YES_OR_NO[decided])
    limit = read_number(query.get("limit", "100"), "limit", 1, 1000)
    store, purpose = request.app[STORE], f"matches {connection.id} {wanted!r}"
    after = store.open(purpose, query["cursor"]) if "cursor" in query else None
    kept = await request.app[MATCHING].kept(connection, wanted, after=after, limit=limit + 1)
    cursor = store.seal(purpose, kept[limit - 1].sku) if len(kept) > limit else None
    return page([_body(kept_match(match)) for match in kept[:limit]], cursor)


async def one_match(request: web.Request) -> web.Response:
    """Which item a SKU is for an order now, or why none."""
    sku = _sku(request)
    connection = await connection_of(request)
    readable = await request.app[CONNECTIONS].require_readable(connection.id)
    found = await request.app[MATCHING].items(readable, [sku], _deadline(request))
    return answer(_body(found[sku]))


async def decide(request: web.Request) -> web.Response:
    """Keep a person's decision. Raises `InvalidInput` when it cannot be."""
    sku = _sku(request)
    connection = await connection_of(request)
    given = cast("dict[str, str]", await read_input(request, _INPUT))
    readable = await request.app[CONNECTIONS].require_readable(connection.id)
    match = await request.app[MATCHING].decide(readable, Decision(sku, **given), _deadline(request))
    return answer(_body(match))


async def forget(request: web.Request) -> web.Response:
    """Forget what is kept of a SKU. Raises `NotFound` when there is nothing."""
    sku = _sku(request)
    connection = await connection_of(request)
    if not await request.app[MATCHING].forget(connection, sku):
        raise NotFound("Nothing is kept of this SKU.")
    return web.Response(status=204)


def _asked(given: list[object]) -> list[Asked]:
    """The SKUs, each once. Raises `InvalidInput` when one stands there in two ways."""
    found: dict[str, Asked] = {}
    twice: list[Violation] = []
    for at, one in enumerate(given):
        asked = Asked(one) if isinstance(one, str) else Asked(**cast("dict[str, str]", one))
        if found.setdefault(asked.sku, asked) != asked:
            detail = "This SKU stands there before, with another GTIN or name."
            twice.append(Violation("duplicate_sku", detail, f"/skus/{at}"))
    if twice:
        raise InvalidInput("A SKU is asked for in two ways.", violations=twice)
    return list(found.values())


def _sku(request: web.Request) -> str:
    sku = request.match_info["sku"]
    if not is_sku(sku):
        raise InvalidQuery(
            f"A SKU has 1 to {LONGEST_SKU} characters, none of them a control character."
        )
    return sku


def _deadline(request: web.Request) -> Deadline:
    return Deadline.within(request.app[CLOCK], READ_WITHIN)


def _body(match: ItemMatch) -> dict[str, object]:
    one = match.matched
    return {
        "sku": match.sku,
        "status": match.status,
        "rule": match.rule,
        "decided": match.rule == DECIDED,
        "reason": match.reason,
        "item": None if one is None else _item(one),
        "unit_of_measure": match.unit_of_measure,
        "candidates": []
        if one is not None
        else [
            {**_item(candidate), "rule": candidate.rule, "why": WHY[candidate.rule]}
            for candidate in match.candidates
        ],
    }


def _item(candidate: Candidate) -> dict[str, object]:
    item, variant = candidate.item, candidate.variant
    return {
        "id": item.id,
        "number": item.number,
        "name": item.name,
        "gtin": item.gtin,
        "blocked": item.blocked,
        "variant": None if variant is None else {"id": variant.id, "code": variant.code},
    }


def _progress_body(progress: MatchProgress) -> dict[str, object]:
    return {
        "state": progress.state,
        "skus": progress.skus,
        "items_read": progress.items_read,
        "items_total": progress.items_total,
        "counts": progress.counts,
        "detail": progress.detail,
        "started_at": timestamp(progress.started_at),
        "updated_at": timestamp(progress.updated_at),
    }
