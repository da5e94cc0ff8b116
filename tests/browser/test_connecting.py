"""The ways that lead to a connection, and what people do on them without meaning harm."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.person import COMPANY, SHOP, House, Look, People, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE_ENVIRONMENT = {
    "value": [
        {
            "name": "Production",
            "type": "Production",
            "countryCode": "GB",
            "status": "Active",
            "applicationFamily": "BusinessCentral",
        }
    ]
}


async def choose_both(person: Person, environment: str = "Production") -> None:
    """From the list of environments to the connection."""
    await person.choose(environment)
    await person.press("Show its companies")
    await person.choose(COMPANY)
    await person.press("Connect this company")
    await person.is_at("Business Central is connected")


async def test_several_environments_and_back_to_the_product(person: Person, house: House) -> None:
    async def welcome(route: Route) -> None:
        await route.fulfill(body="<h1>Welcome back</h1>", content_type="text/html")

    await person.page.context.route(f"{SHOP}/**", welcome)
    await person.open(await house.address(label="Harwick Leeds", return_url=f"{SHOP}/connected"))
    await person.reads("Tidewater Deals asks to connect to your Microsoft Dynamics 365")
    await person.look("Connect Business Central")
    await person.sign_in()
    await person.look("Choose an environment")
    await person.choose("Sandbox")
    await person.press("Show its companies")
    await person.look("Choose a company")
    await person.reads("in the environment Sandbox")
    await person.choose(COMPANY)
    await person.press("Connect this company")
    await person.look("Business Central is connected")
    await person.page.get_by_role("link", name="Back to Tidewater Deals").click()
    await person.is_at("Welcome back")
    connection = await house.connection()
    assert (connection.status, connection.environment) == ("active", "Sandbox")
    assert connection.company_name == COMPANY


async def test_the_one_environment_is_still_a_choice(person: Person, house: House) -> None:
    await house.arm(
        "status", status=200, count=50, body=ONE_ENVIRONMENT, match={"path": "^/environments"}
    )
    await person.open(await house.address())
    await person.sign_in()
    await person.look("Choose an environment")
    await expect(person.page.get_by_role("radio")).to_have_count(1)
    await expect(person.page.get_by_role("radio")).not_to_be_checked()
    await choose_both(person)


async def test_an_environment_that_the_product_named_is_not_asked_for(
    person: Person, house: House
) -> None:
    await person.open(await house.address(environment="Production"))
    await person.look("Connect Business Central")
    await person.sign_in()
    await person.look("Choose a company")
    await person.choose("Harwick Ireland")
    await person.press("Connect this company")
    await person.look("Business Central is connected")
    await person.reads("You can close this page.")
    assert (await house.connection()).company_name == "Harwick Ireland"


@pytest.mark.parametrize("product_name", [None])
async def test_a_product_without_a_name_is_described(person: Person, house: House) -> None:
    await person.open(await house.address(environment="Production", return_url=f"{SHOP}/"))
    await person.reads("A software product that your company uses asks to connect to your")
    await person.look("Connect Business Central")
    await person.sign_in()
    await person.choose(COMPANY)
    await person.press("Connect this company")
    await person.look("Business Central is connected")
    await person.reads("Back to the product")


@pytest.mark.parametrize("product_name", ["W" * 60])
async def test_long_names_on_the_narrowest_screen(person: Person, house: House) -> None:
    looks = [Look("narrow", 320, 568, "light")]
    await person.open(await house.address(label="M" * 80, return_url=f"{SHOP}/"))
    await person.look("Connect Business Central", looks=looks)
    await person.sign_in(decision="Cancel")
    await person.look("Not connected yet", looks=looks)
    await person.sign_in(press="Try again")
    await person.look("Choose an environment", looks=looks)
    await person.choose("Sandbox")
    await person.press("Show its companies")
    await person.look("Choose a company", looks=looks)
    await person.choose(COMPANY)
    await person.press("Connect this company")
    await person.look("Business Central is connected", looks=looks)


async def test_without_scripts_everything_works_the_same(people: People, house: House) -> None:
    person = await people(java_script=False)
    await person.open(await house.address())
    await person.sign_in()
    await person.is_at("Choose an environment")
    await choose_both(person)
    assert (await house.connection()).status == "active"


async def test_pressing_without_a_choice_stays_on_the_page(person: Person, house: House) -> None:
    await person.open(await house.address(environment="Production"))
    await person.sign_in()
    await person.press("Connect this company")
    await expect(person.page.get_by_role("radio").first).to_be_focused()
    await person.is_at("Choose a company")


async def test_a_page_that_does_not_check_by_itself_is_told_by_the_gateway(
    person: Person, house: House
) -> None:
    await person.open(await house.address(environment="Production"))
    await person.sign_in()
    await person.is_at("Choose a company")
    await person.page.evaluate("document.forms[0].noValidate = true")
    await person.press("Connect this company")
    await person.reads("Choose one of the companies first.")
    await expect(person.page).to_have_title("Error: Choose a company")
    await person.look("Choose a company")
    await person.choose(COMPANY)
    await person.press("Connect this company")
    await person.is_at("Business Central is connected")


async def test_reloading_in_the_middle_changes_nothing(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.page.reload()
    await person.sign_in()
    await person.is_at("Choose an environment")
    await person.page.reload()
    await person.choose("Sandbox")
    await person.press("Show its companies")
    await person.is_at("Choose a company")
    await person.page.reload()
    await person.reads("in the environment Sandbox")
    await person.choose(COMPANY)
    await person.press("Connect this company")
    await person.is_at("Business Central is connected")
    await person.page.reload()
    await person.is_at("Business Central is connected")


async def test_going_back_leads_nowhere_wrong(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.sign_in()
    await person.choose("Sandbox")
    await person.press("Show its companies")
    await person.is_at("Choose a company")
    await person.page.go_back()
    await person.is_at("Choose an environment")
    await choose_both(person, "Production")

    await person.page.go_back()
    await person.is_at("Business Central is connected")
    connection = await house.connection()
    assert (connection.status, connection.environment) == ("active", "Production")


async def test_going_back_to_microsoft_leads_forward_again(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.sign_in()
    await person.is_at("Choose an environment")
    await person.page.go_back()
    await person.is_at("Pick an account")
    await person.press("Continue")
    await person.is_at("Choose an environment")
    await choose_both(person)


async def test_a_double_click_does_what_one_click_does(person: Person, house: House) -> None:
    async def press_twice(button: str) -> None:
        await person.page.get_by_role("button", name=button, exact=True).dblclick()

    await person.open(await house.address())
    await press_twice("Sign in at Microsoft")
    await person.is_at("Permissions requested")
    await person.choose("admin@harwick.example")
    await press_twice("Accept")
    await person.is_at("Choose an environment")
    await person.choose("Production")
    await press_twice("Show its companies")
    await person.is_at("Choose a company")
    await person.choose(COMPANY)
    await press_twice("Connect this company")
    await person.is_at("Business Central is connected")
    assert (await house.connection()).status == "active"


async def test_one_address_in_two_tabs(person: Person, house: House) -> None:
    address = await house.address()
    await person.open(address)
    other = await person.other_tab()
    await other.open(address)
    await person.press("Sign in at Microsoft")
    await person.is_at("Permissions requested")
    await other.sign_in()
    await other.is_at("Choose an environment")

    await person.press("Accept")
    await person.is_at("Choose an environment")
    await choose_both(person)
    await other.choose("Sandbox")
    await other.press("Show its companies")
    await other.look("Business Central is connected")
    assert (await house.connection()).environment == "Production"
