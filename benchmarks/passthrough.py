"""What the gateway is held against: a bare aiohttp proxy that makes the same upstream calls.

It checks nothing, keeps nothing and translates nothing: the order goes on as it came, the items
are read, the record is read back, and the answer is handed out byte by byte.
`python -m benchmarks.passthrough UPSTREAM` prints its port.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

from benchmarks.order import COMPANY, TENANT

ITEMS = "items?$select=id,number,displayName,blocked&$filter=number%20eq%20%271800-S%27"
EXPAND = "$select=id,number,status&$expand=salesOrderLines($select=sequence,quantity)"


async def serve(upstream: str) -> None:
    root = f"{upstream}/v2.0/{TENANT.format(at=0)}/Production/api/v2.0/companies({COMPANY})"
    headers = {"Authorization": "Bearer " + "a" * 1200, "Content-Type": "application/json"}

    async def create(request: web.Request) -> web.Response:
        body = await request.read()
        async with session.get(f"{root}/{ITEMS}", headers=headers) as answer:
            await answer.read()
        async with session.post(f"{root}/salesOrders", data=body, headers=headers) as answer:
            made = json.loads(await answer.read())
        url = f"{root}/salesOrders({made['id']})?{EXPAND}"
        async with session.get(url, headers=headers) as answer:
            return web.Response(
                body=await answer.read(), status=201, content_type="application/json"
            )

    async with ClientSession(
        connector=TCPConnector(limit=1000), cookie_jar=DummyCookieJar()
    ) as session:
        app = web.Application()
        app.router.add_post("/v1/connections/{connection}/sales-orders", create)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        await web.SockSite(runner, listening).start()
        print(listening.getsockname()[1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
