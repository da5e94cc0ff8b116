"""The page for developers, on a phone as well."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.person import House, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_root_leads_to_the_page(person: Person, house: House) -> None:
    await person.open(f"{house.url}/")
    assert person.page.url == f"{house.url}/docs"
    await person.look("What this gateway speaks", whole=False)
    for part in ("Sales orders", "Problems", "Shapes of data"):
        await person.page.get_by_role("navigation").get_by_role("link", name=part).click()
        await expect(person.page.get_by_role("heading", name=part)).to_be_in_viewport()
        await person.look("What this gateway speaks", whole=False)
