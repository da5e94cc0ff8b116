"""A connection as a sign-in leaves it, for tests of what comes after; and the way to it by hand.

For `connected` the tokens come from the simulator; the gateway is handed them, and the target, in place of being
taken through its pages. The way through them is walked in `tests/unit/api/test_connect.py` and
`tests/unit/test_connections.py`, and by people in `tests/journeys` and `tests/browser`.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientSession

from gateway.businesscentral import Company, Environment
from gateway.cli.browser import Browser
from gateway.connections import Connections
from gateway.entra.identity import SignedIn
from gateway.entra.sign_in import SCOPE
from gateway.simulator import CLIENT_ID, CLIENT_SECRET, COMPANIES, TENANT_ID, USERS
from gateway.storage import Connection

REDIRECT = "http://localhost:8080/oauth/callback"
ENTRA = "/organizations/oauth2/v2.0"
ADMINISTRATOR = next(user for user in USERS if user.administrator)


async def signed_in(microsoft: ClientSession) -> SignedIn:
    """What Microsoft gives for the administrator; `microsoft` is a session with its address."""
    application = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "scope": SCOPE}
    form = {
        **application,
        "response_type": "code",
        "username": ADMINISTRATOR.username,
        "decision": "accept",
    }
    async with microsoft.post(f"{ENTRA}/authorize", data=form, allow_redirects=False) as answer:
        back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    grant = {
        **application,
        "grant_type": "authorization_code",
        "code": back["code"],
        "client_secret": CLIENT_SECRET,
    }
    async with microsoft.post(f"{ENTRA}/token", data=grant) as answer:
        given = json.loads(await answer.text())
    return SignedIn(
        TENANT_ID,
        ADMINISTRATOR.object_id,
        given["refresh_token"],
        given["access_token"],
        given["expires_in"],
    )


async def walked(connect_url: str, company: str) -> None:
    """Play the administrator on the pages, from the address in a connection to its company."""
    async with Browser() as browser:
        page = await browser.open(connect_url)
        page = await browser.submit(page, page.form(), press="Microsoft")
        button = page.form().choices("submit")[0].label  # Accept at first, Continue later
        page = await browser.submit(page, page.form(), press=button, choose=ADMINISTRATOR.username)
        button = page.form().choices("submit")[0].label
        page = await browser.submit(page, page.form(), press=button, choose=company)
        assert page.status == 200, page.text


async def connected(
    connections: Connections, microsoft: ClientSession, connection: Connection, company: str
) -> Connection:
    """Make a new connection an active one to this company of its environment or of Production."""
    rooms = connections.sign_ins
    signed = await signed_in(microsoft)
    connection = await rooms._store.update_connection(
        connection.id,
        status="choose_environment",
        tenant=signed.tenant,
        principal=signed.principal,
    )
    await rooms._tokens.adopt(connection, signed)
    name = connection.environment or "Production"
    company_id = next(one[0] for one in COMPANIES if one[1] == company)
    return await rooms._targets.activate(
        connection, Environment(name, name), Company(company_id, company, company)
    )
