"""Requests about subscriptions, as the listener has to know them before it serves them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.exchange import Call
from gateway.simulator.records.values import decode_json

_SEGMENT = re.compile(r"subscriptions(?:\((?:subscriptionId=)?'([0-9a-f]+)'\))?", re.IGNORECASE)


def is_subscription(call: Call) -> bool:
    """Whether a call is about the subscriptions of a route, or one of them."""
    return bool(call.segments) and _SEGMENT.fullmatch(call.segments[-1]) is not None


def address_of(call: Call, environments: Mapping[str, Environment]) -> object:
    """The address that has to prove itself: the one in the body, else the one it had."""
    try:
        body = decode_json(call.body)
    except BusinessCentralError:
        return None
    given = body.get("notificationUrl") if isinstance(body, dict) else None
    if given is not None or call.method == "POST":
        return given
    found = _SEGMENT.fullmatch(call.segments[-1])
    known = None if found is None else found[1]
    for environment in environments.values():
        one = environment.subscriptions.by_id.get(known or "")
        if one is not None:
            return one.url
    return None
