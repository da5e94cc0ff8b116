"""Ready is more than alive: it is false as soon as the database is not what it was."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from aiohttp import ClientSession

from gateway.app import Gateway


async def test_ready_ends_with_the_file_of_the_database(gateway: Gateway) -> None:
    async with ClientSession(gateway.config.public.url) as session:
        async with session.get("/health/ready") as answer:
            assert answer.status == 200
        file = Path(gateway.config.storage_url.removeprefix("sqlite:///"))
        whole = await asyncio.to_thread(file.read_bytes)
        os.truncate(file, 0)
        async with session.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "storage_unavailable")
        async with session.get("/health/live") as answer:
            assert answer.status == 200
        await asyncio.to_thread(
            file.write_bytes, whole
        )  # closing a file that is cut waits for a lock in vain
