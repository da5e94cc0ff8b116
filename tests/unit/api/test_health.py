"""Ready is more than alive: it is false as soon as the database is not what it was."""

from __future__ import annotations

import os

from aiohttp import ClientSession

from gateway.app import Gateway


async def test_ready_ends_with_the_file_of_the_database(gateway: Gateway) -> None:
    async with ClientSession(gateway.config.public.url) as session:
        async with session.get("/health/ready") as answer:
            assert answer.status == 200
        os.truncate(gateway.config.storage_url.removeprefix("sqlite:///"), 0)
        async with session.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "storage_unavailable")
        async with session.get("/health/live") as answer:
            assert answer.status == 200
