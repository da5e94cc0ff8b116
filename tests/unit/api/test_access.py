"""Keys, roles and organizations, against a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.access import (
    connection_of,
    new_key,
    require_organization,
    require_role,
)
from gateway.api.keys import CONFIG, STORE
from gateway.api.problems import boundary
from gateway.clock import Clock
from gateway.config import Config, Entra, Public
from gateway.storage import ApiKey, Connection, Role, Store, changed, new_id, open_store

Ask = Callable[[str, str | None], Awaitable[tuple[int, str]]]
NOW = Clock().now()
HARWICK = Connection("con_1", "harwick", NOW, NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    async with open_store(url, [b"k" * 32], Clock()) as opened:
        await opened.add_connection(HARWICK)
        yield opened


@pytest.fixture
async def ask(store: Store) -> AsyncIterator[Ask]:
    """Asks an application for a path with a key: status, and code or answer."""

    async def open_to_all(_request: web.Request) -> web.Response:
        return web.json_response({"code": "open"})

    async def for_integrators(request: web.Request) -> web.Response:
        require_role(request, "integrator")
        return web.json_response({"code": "done"})

    async def for_harwick(request: web.Request) -> web.Response:
        require_organization(request, "harwick")
        return web.json_response({"code": "done"})

    async def connection(request: web.Request) -> web.Response:
        return web.json_response({"code": (await connection_of(request)).id})

    app = web.Application(middlewares=[boundary])
    app[STORE] = store
    app[CONFIG] = Config(
        Entra("client", ("secret",)), (b"k" * 32,), Public("127.0.0.1", 1, "http://127.0.0.1:1")
    )
    app.add_routes(
        [
            web.get("/docs", open_to_all),
            web.get("/v1/drafts", for_integrators),
            web.get("/v1/limited", for_harwick),
            web.get("/v1/connections/{connection}", connection),
        ]
    )
    async with TestClient(TestServer(app)) as client:

        async def send(path: str, key: str | None) -> tuple[int, str]:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            async with client.get(path, headers=headers) as response:
                return response.status, (await response.json())["code"]

        yield send


async def key(store: Store, role: Role, organization: str | None = None) -> str:
    text, hashed = new_key()
    await store.add_key(ApiKey(new_id("key"), hashed, role, organization, Clock().now()))
    return text


async def test_a_key_is_long_and_its_hash_is_not_it() -> None:
    (first, hashed), (second, _) = new_key(), new_key()
    assert first != second
    assert first.startswith("bcg_")
    assert len(first) > 40
    assert first not in hashed


async def test_without_a_key(ask: Ask) -> None:
    assert await ask("/docs", None) == (200, "open")
    assert await ask("/v1/drafts", None) == (401, "unauthenticated")
    assert await ask("/v1/nowhere", None) == (401, "unauthenticated")


@pytest.mark.parametrize("wrong", ["", "bcg_wrong", " ", "Bearer x"])
async def test_a_wrong_key(ask: Ask, wrong: str) -> None:
    assert await ask("/v1/drafts", wrong) == (401, "unauthenticated")


async def test_a_revoked_key(ask: Ask, store: Store) -> None:
    text = await key(store, "admin")
    assert (await ask("/v1/drafts", text))[0] == 200
    (known,) = await store.keys()
    await store.revoke_key(known.id)
    assert await ask("/v1/drafts", text) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("role", "expected"),
    [("product", (403, "forbidden")), ("integrator", (200, "done")), ("admin", (200, "done"))],
)
async def test_a_role_may_do_what_those_before_it_may(
    ask: Ask, store: Store, role: Role, expected: tuple[int, str]
) -> None:
    assert await ask("/v1/drafts", await key(store, role)) == expected


@pytest.mark.parametrize(
    ("organization", "allowed", "found"),
    [
        (None, (200, "done"), (200, "con_1")),
        ("harwick", (200, "done"), (200, "con_1")),
        ("other", (403, "forbidden"), (404, "unknown_connection")),
    ],
)
async def test_a_key_limited_to_an_organization(
    ask: Ask,
    store: Store,
    organization: str | None,
    allowed: tuple[int, str],
    found: tuple[int, str],
) -> None:
    text = await key(store, "product", organization)
    assert await ask("/v1/limited", text) == allowed
    assert await ask("/v1/connections/con_1", text) == found


async def test_a_connection_that_is_not_there(ask: Ask, store: Store) -> None:
    text = await key(store, "admin")
    await store.add_connection(changed(HARWICK, id="con_2"))
    assert await ask("/v1/connections/con_2", text) == (200, "con_2")
    assert await ask("/v1/connections/con_3", text) == (404, "unknown_connection")


async def test_a_key_of_no_text_is_unknown(ask: Ask) -> None:
    assert await ask("/v1/limited", "\udcff\udcfe") == (401, "unauthenticated")
