from __future__ import annotations

from time import monotonic

import pytest
from aiohttp import ClientPayloadError

from tests.unit.simulator.client import Client


async def test_a_slow_body_comes_whole_and_piece_by_piece(client: Client) -> None:
    normal = (await client.get("items")).text
    await client.arm("slow_body", {"entity": "items"}, seconds=0.2)
    headers, started = {"Authorization": f"Bearer {client.token}"}, monotonic()
    async with client.session.get(client.url("items"), headers=headers) as answer:
        begun = monotonic() - started
        pieces = [piece async for piece in answer.content.iter_any()]
    assert b"".join(pieces).decode() == normal
    assert len(pieces) > 2
    assert begun < 0.1 < monotonic() - started


async def test_half_a_body_is_no_answer_but_the_work_is_done(client: Client) -> None:
    await client.arm("partial_body", {"method": "POST"})
    with pytest.raises(ClientPayloadError):
        await client.post("customers", {"displayName": "Juniper Hall"})
    assert len(await client.state("customers")) == 7
