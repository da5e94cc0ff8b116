"""A server outside Microsoft's cloud, where the simulator was started with one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, encode_basic_auth

from gateway.simulator import ON_PREMISES_KEY, ON_PREMISES_USER

if TYPE_CHECKING:
    from gateway.simulator.threaded import BusinessCentral

AUTH = {"Authorization": encode_basic_auth(ON_PREMISES_USER, ON_PREMISES_KEY)}


def customers(business_central: BusinessCentral) -> str:
    return f"{business_central.url}/BC/api/v2.0/companies({business_central.company})/customers"


@pytest.mark.business_central(on_premises=True)
async def test_user_and_key_let_in_and_nothing_else_does(
    business_central: BusinessCentral,
) -> None:
    path, url = customers(business_central), business_central.url
    async with ClientSession() as session:

        async def status(
            auth: str = AUTH["Authorization"], query: str = "", url: str = path
        ) -> int:
            headers = {"Authorization": auth} if auth else {}
            async with session.get(url + query, headers=headers) as response:
                return response.status

        assert await status() == 200
        assert await status(query="?tenant=default&$top=1") == 200
        assert await status(query="?tenant=other") == 404
        assert await status(encode_basic_auth(ON_PREMISES_USER, "wrong")) == 401
        assert await status(encode_basic_auth("somebody", ON_PREMISES_KEY)) == 401
        assert await status("") == 401
        assert await status(url=f"{url}/BC/") == 404
        assert await status(url=f"{url}/v2.0/Production/api/v2.0/companies") == 401
        for header in ("Basic %%%", f"Bearer {base64.b64encode(b'x').decode()}"):
            async with session.get(path, headers={"Authorization": header}) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.business_central(on_premises=True)
async def test_writing_is_as_online(business_central: BusinessCentral) -> None:
    path = customers(business_central)
    async with (
        ClientSession(headers=AUTH) as session,
        session.post(path, json={"displayName": "Harwick Trading"}) as response,
    ):
        assert response.status == 201
        assert response.headers["Location"].startswith(path)


async def test_without_it_there_is_no_such_server(business_central: BusinessCentral) -> None:
    async with (
        ClientSession(headers=AUTH) as session,
        session.get(f"{business_central.url}/BC/api/v2.0/companies") as response,
    ):
        assert response.status in {401, 404}
