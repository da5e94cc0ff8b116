"""The simulator's own pages: consent and admin consent, clicked and typed, on a phone as well."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from yarl import URL

from gateway.simulator import CLIENT_ID, CLIENT_SECRET
from tests.browser.person import ADMINISTRATOR, House, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

RESOURCE = "https://api.businesscentral.dynamics.com"
CLERK, OWNER = "clerk@harwick.example", "owner@larkfield.example"


async def visit(person: Person, house: House, path: str, **parameters: str) -> None:
    """Open an endpoint of Microsoft's for an application at `/back`, which nobody serves."""
    request = {"client_id": CLIENT_ID, "redirect_uri": f"{house.url}/back", "state": "s"}
    await person.open(str(URL(house.simulator + path).with_query(request | parameters)))


async def sign_in(person: Person, house: House, **parameters: str) -> None:
    scope = f"openid offline_access {RESOURCE}/Financials.ReadWrite.All"
    path = "/organizations/oauth2/v2.0/authorize"
    await visit(person, house, path, response_type="code", scope=scope, **parameters)


async def came_back(person: Person) -> dict[str, str]:
    await person.page.wait_for_url("**/back?*")
    return dict(URL(person.page.url).query)


async def claims(house: House, tenant: str) -> dict[str, Any]:
    """What stands in the application's own token."""
    form = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_type": "client_credentials",
        "scope": f"{RESOURCE}/.default",
    }
    async with house.control.post(f"/{tenant}/oauth2/v2.0/token", data=form) as answer:
        token = (await answer.json())["access_token"]
    return jwt.decode(token, options={"verify_signature": False})


async def test_accepting_once_is_enough(person: Person, house: House) -> None:
    await sign_in(person, house)
    await person.look("Permissions requested")
    await person.reads("Read and write your company's data in Business Central")
    await person.choose(CLERK)
    await person.press("Accept")
    assert {"code", "state"} <= set(await came_back(person))
    await sign_in(person, house)  # the browser is signed in
    assert "code" in await came_back(person)
    await sign_in(person, house, prompt="select_account")
    await person.look("Pick an account")
    await person.press("Continue")
    assert "code" in await came_back(person)
    await sign_in(person, house, prompt="select_account")
    await person.choose(ADMINISTRATOR)  # who has not agreed yet
    await person.press("Continue")
    await person.look("Permissions requested")
    await person.press("Accept")
    assert "code" in await came_back(person)


async def test_cancelling(person: Person, house: House) -> None:
    await sign_in(person, house)
    await person.press("Cancel")
    back = await came_back(person)
    assert (back["error"], back["state"]) == ("access_denied", "s")


async def test_the_keyboard_is_enough(person: Person, house: House) -> None:
    await sign_in(person, house)
    keyboard = person.page.keyboard
    for key in ("Tab", "ArrowDown", "Tab", "Enter"):
        await keyboard.press(key)
    assert "code" in await came_back(person)
    async with house.control.get("/_simulator/consents") as answer:
        tenants = (await answer.json())["value"]
    assert [each["users"] for each in tenants] == [[CLERK], []]


async def test_a_form_that_posts_itself(person: Person, house: House) -> None:
    await sign_in(person, house, response_mode="form_post")
    async with person.page.expect_request(f"{house.url}/back") as sent:
        await person.press("Accept")
    request = await sent.value
    assert (request.method, "code=" in str(request.post_data)) == ("POST", True)


async def test_a_refusal_that_is_shown(person: Person, house: House) -> None:
    await sign_in(person, house, redirect_uri="https://elsewhere.example/")
    await person.look("Sign in")
    await person.reads("AADSTS50011")


async def test_an_administrator_consents_for_everybody(person: Person, house: House) -> None:
    path = "/larkfield.example/v2.0/adminconsent"
    assert "roles" not in await claims(house, "larkfield.example")
    await visit(person, house, path, scope=f"{RESOURCE}/.default")
    await person.look("Permissions requested")
    await person.reads("Review for your organization")
    await person.press("Accept")
    back = await came_back(person)
    assert (back["admin_consent"], "error" in back) == ("True", False)
    assert "API.ReadWrite.All" in (await claims(house, "larkfield.example"))["roles"]


async def test_an_administrator_declines(person: Person, house: House) -> None:
    path = "/larkfield.example/v2.0/adminconsent"
    await visit(person, house, path, scope=f"{RESOURCE}/.default")
    await person.choose(OWNER)
    await person.press("Cancel")
    back = await came_back(person)
    assert (back["admin_consent"], back["error"]) == ("True", "consent_required")
    assert "roles" not in await claims(house, "larkfield.example")
