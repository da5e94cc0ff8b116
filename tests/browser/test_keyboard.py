"""The whole way by keyboard alone, and the focus can be seen at every stop."""

from __future__ import annotations

from typing import Final

import pytest

from tests.browser.person import House, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOCUS: Final = """() => {
  const element = document.activeElement;
  const rings = [element, element.closest("label")].filter(Boolean).map(getComputedStyle);
  const seen = rings.some((ring) => ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2);
  const text = (element.labels?.[0] ?? element).textContent.trim();
  return { text, seen };
}"""


async def go_to(person: Person, text: str) -> None:
    """Press Tab until the focus is where `text` stands."""
    for _ in range(8):
        await person.page.keyboard.press("Tab")
        focus = await person.page.evaluate(FOCUS)
        assert focus["seen"], f"the focus on {focus['text']!r} cannot be seen"
        if focus["text"].startswith(text):
            return
    raise AssertionError(f"Tab does not lead to {text!r}")


async def press(person: Person, key: str) -> None:
    await person.page.keyboard.press(key)


async def test_the_whole_way(person: Person, house: House) -> None:
    await person.open(await house.address(return_url=f"{house.url}/docs"))
    await go_to(person, "Sign in at Microsoft")
    await press(person, "Enter")
    await person.is_at("Permissions requested")
    await person.page.get_by_role("button", name="Accept").focus()
    await press(person, "Enter")

    await person.is_at("Choose an environment")
    await go_to(person, "Production")
    await press(person, "Space")
    await press(person, "ArrowDown")
    await press(person, "Enter")
    await person.is_at("Choose a company")
    await person.reads("in the environment Sandbox")
    await go_to(person, "Harwick Distributors Ltd")
    await press(person, "Space")
    await go_to(person, "Connect this company")
    await press(person, "Space")

    await person.is_at("Business Central is connected")
    await go_to(person, "Back to Tidewater Deals")
    await press(person, "Enter")
    await person.is_at("What this gateway speaks")


async def test_the_way_on_from_a_stop(person: Person, house: House) -> None:
    await person.open(await house.address())
    await person.sign_in(decision="Cancel")
    await person.is_at("Not connected yet")
    await go_to(person, "Try again")
    await press(person, "Enter")
    await person.is_at("Permissions requested")


async def test_the_titles_tell_the_steps_apart(person: Person, house: House) -> None:
    await person.open(await house.address())
    titles = [await person.page.title()]
    await person.sign_in(decision="Cancel")
    titles.append(await person.page.title())
    await person.sign_in(press="Try again")
    titles.append(await person.page.title())
    await person.choose("Production")
    await person.press("Show its companies")
    await person.is_at("Choose a company")
    titles.append(await person.page.title())
    assert titles == [
        "Connect Business Central",
        "Not connected yet",
        "Choose an environment",
        "Choose a company",
    ]
