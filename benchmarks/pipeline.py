"""(f): an order from bytes to bytes, parsed, validated, mapped, validated, encoded.

By hand the same libraries do the same work: msgspec with exact decimals, the same two compiled
schemas, and the mapping of `mapping.py`. What the gateway does more, it does for everybody: it
refuses duplicate keys, deep nesting, and numbers that no amount can be.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from benchmarks.mapping import LINES, Body, Row, fastest, hand_written, order_of
from gateway.config import shipped
from gateway.documents import decode_json, encode_json
from gateway.snapshot import load_snapshot

LIMIT: Final = 1.5
LINES_PER_ROUND: Final = 1_000


def pipelines() -> tuple[Callable[[Body], bytes], Callable[[Body], bytes]]:
    """By hand, and the gateway's: each takes the names of an order with its `raw` bytes."""
    snapshot = load_snapshot(mappings=[shipped("mappings")], schemas=[shipped("schemas")])
    plan = snapshot.plan("sales-orders", "create")
    mapped = plan.steps[0].body
    assert mapped is not None
    canonical = snapshot.schemas.input_validator(plan.schema)
    entity = snapshot.schemas.entity_validator(plan.api, plan.entity, "create")
    takes: Any = canonical._fits  # noqa: SLF001 - the very same compiled schemas
    fits: Any = entity._fits  # noqa: SLF001
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    encode = msgspec.json.Encoder(decimal_format="number").encode

    def by_hand(names: Body) -> bytes:
        order = decode(names["raw"])
        if not takes(order):
            raise ValueError("not an order")
        body = hand_written({**names, "order": order})
        if not fits(body):
            raise ValueError("not a sales order")
        return encode(body)

    def gateway(names: Body) -> bytes:
        order = decode_json(names["raw"])
        if canonical.violations(order):
            raise ValueError("not an order")
        body = mapped({**names, "order": order})
        if entity.violations(body):
            raise ValueError("not a sales order")
        return encode_json(body)

    return by_hand, gateway


def rows(rounds: int = 25) -> list[Row]:
    """Both at every number of lines; they must make the same bytes."""
    by_hand, gateway = pipelines()
    found = []
    for lines in LINES:
        names = order_of(lines)
        names["raw"] = encode_json(names.pop("order"))
        if decode_json(by_hand(names)) != decode_json(gateway(names)):
            raise AssertionError("the benchmark is not of the shipped mapping any more")
        times = max(1, LINES_PER_ROUND // (lines + 5))
        found.append(Row(lines, *fastest([by_hand, gateway], names, times, rounds)))
    return found
