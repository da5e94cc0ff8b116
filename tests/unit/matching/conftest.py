from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest

from gateway.matching import Matching
from tests.remote import COMPANY_NAME, Remote, snapshot

Plant = Callable[..., Awaitable[None]]
GTIN = "4006381333931"


@pytest.fixture
async def matching(remote: Remote) -> AsyncIterator[Matching]:
    async with Matching(
        remote.store, remote.business_central, snapshot().schemas, remote.clock
    ) as opened:
        yield opened


@pytest.fixture
def plant(remote: Remote) -> Plant:
    """Put items into the company, as if people had made them."""

    async def planted(*rows: Mapping[str, object]) -> None:
        named = [{"displayName": f"Article {row['number']}", **row} for row in rows]
        body = {"company": COMPANY_NAME, "entity": "items", "rows": named}
        async with remote.control.post("/_simulator/records", json=body) as answer:
            assert answer.status == 201, await answer.text()

    return planted
