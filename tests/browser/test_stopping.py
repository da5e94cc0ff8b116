"""The ways that lead to no connection: each says what happened, what helps, and goes on."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.person import ADMINISTRATOR, COMPANY, House, People, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER_TENANT = "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111"
VISITOR = "visitor@harwick.example"


async def has_no_button(person: Person) -> None:
    await expect(person.page.get_by_role("button")).to_have_count(0)


async def test_a_refused_consent(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.sign_in(decision="Cancel")
    await person.look("Not connected yet")
    await person.reads("The permission was declined, so nothing was connected.")
    await person.page.reload()
    await person.sign_in(press="Try again")
    await person.is_at("Choose an environment")


async def test_a_user_without_a_licence(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.sign_in(VISITOR)
    await person.look("This account cannot use Business Central")
    await person.reads("assign a Business Central licence to the account")
    await person.press("Sign in with another account")
    await person.is_at("Pick an account")
    await person.choose(ADMINISTRATOR)
    await person.press("Continue")
    await person.is_at("Permissions requested")
    await person.press("Accept")
    await person.is_at("Choose an environment")


async def test_a_user_who_lacks_a_permission(person: Person, house: House) -> None:
    body = {"error": {"code": "Authorization_RequestDenied", "message": "No permission."}}
    await house.arm("status", status=403, count=9, body=body, match={"path": "companies"})
    await person.open(await house.address(environment="Production"))
    await person.sign_in()
    await person.look("A permission is missing")
    await person.reads("give the account the permission")


async def test_a_user_without_a_company(person: Person, house: House) -> None:
    await house.arm("status", status=200, body={"value": []}, count=9, match={"path": "companies$"})
    await person.open(await house.address(environment="Production"))
    await person.sign_in()
    await person.look("There is no company to choose")
    await person.reads("This account may use no company in the environment Production.")
    await person.press("Sign in with another account")
    await person.is_at("Pick an account")


async def test_a_tenant_without_an_environment(person: Person, house: House) -> None:
    await house.arm(
        "status", status=200, body={"value": []}, count=9, match={"path": "^/environments"}
    )
    await person.open(await house.address())
    await person.sign_in()
    await person.look("Not connected yet")
    await person.reads("This account sees no Business Central environment in the tenant.")
    await person.press("Try again")
    await person.is_at("Pick an account")


async def test_the_wrong_tenant(person: Person, house: House) -> None:
    await person.open(await house.address(expected_tenant=OTHER_TENANT))
    await person.look("Connect Business Central")
    await person.sign_in()
    await person.look("Not connected yet")
    await person.reads(f"another tenant than the one this connection is for ({OTHER_TENANT})")
    assert (await house.connection()).tenant is None
    await person.press("Try again")
    await person.is_at("Pick an account")


async def test_an_address_that_has_expired(person: Person, house: House) -> None:
    address = await house.address()
    await person.open(address)
    await house.clock.advance(3600)
    await person.press("Sign in at Microsoft")
    await person.look("This address has expired")
    await person.reads("Ask whoever gave it to you for a new one.")
    await person.reads("The address came from Tidewater Deals")
    await has_no_button(person)


async def test_an_address_that_expires_at_microsoft(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.press("Sign in at Microsoft")
    await person.is_at("Permissions requested")
    await house.clock.advance(3600)
    await person.press("Accept")
    await person.is_at("This address has expired")
    await has_no_button(person)


async def test_an_address_that_was_not_copied_whole(person: Person, house: House) -> None:
    await person.open((await house.address())[:-5])
    await person.look("This address does not work")
    await person.reads("Check that it was copied whole")
    await has_no_button(person)


async def test_an_older_address_after_a_reconnect(person: Person, house: House) -> None:
    older = await house.address()
    newer = await house.gateway.connections.reconnect(await house.connection())
    await person.open(older)
    await person.look("This address does not work")
    await has_no_button(person)
    await person.open(newer)
    await person.is_at("Connect Business Central")


async def test_an_address_that_somebody_else_has_used(people: People, house: House) -> None:
    address = await house.address(environment="Production")
    first, second = await people(), await people()
    await first.open(address)
    await first.sign_in()
    await first.choose(COMPANY)
    await first.press("Connect this company")
    await first.is_at("Business Central is connected")

    await second.open(address)
    await second.look("This address was used already")
    await has_no_button(second)


async def test_a_browser_that_forgets_its_cookies(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.page.context.clear_cookies()
    await person.press("Sign in at Microsoft")
    await person.look("Please try that again")
    await person.sign_in(press="Try again")
    await person.is_at("Choose an environment")


async def test_an_answer_of_microsoft_in_another_browser(people: People, house: House) -> None:
    first, second = await people(), await people()
    await first.open(await house.address())
    await first.press("Sign in at Microsoft")
    await first.is_at("Permissions requested")
    await second.open(first.page.url)
    await second.press("Accept")
    await second.look("Not connected yet")
    await second.reads("This sign-in was begun in another browser.")
    await has_no_button(second)


async def test_business_central_out_of_reach(person: Person, house: House) -> None:
    headers = {"Retry-After": "3000"}
    await house.arm("status", status=503, headers=headers, match={"path": "^/environments"})
    await person.open(await house.address())
    await person.sign_in()
    await person.look("Business Central cannot be reached at the moment")
    await house.clock.advance(3001)
    await person.press("Try again")
    await person.is_at("Choose an environment")
