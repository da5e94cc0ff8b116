"""The operators' page that tries mappings: by mouse and by keyboard, on a desk and on a phone."""

from __future__ import annotations

from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.browser.person import House, People, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

TITLE: Final = "Try a mapping"
QUANTITY: Final = '"{{ line.quantity }}"'
CREATED: Final = f"{' ' * 10}quantity: {QUANTITY}"  # so deep it stands under `create` alone
SELECTED: Final = "(text) => text.value.slice(text.selectionStart, text.selectionEnd)"


@pytest_asyncio.fixture(loop_scope="session")
async def page(person: Person, house: House) -> Person:
    await person.open(f"{house.console}/try?start=sales-orders")
    await summary(person, "Would send 1 request.")
    return person


async def summary(person: Person, text: str) -> None:
    await expect(person.page.get_by_role("status")).to_have_text(text)


async def change(person: Person, label: str, old: str, new: str) -> None:
    """Put `new` where `old` stands in a text, with the keys that a person would use."""
    text = person.page.get_by_label(label)
    start = (await text.input_value()).rindex(old)
    await text.focus()
    await text.evaluate(f"(text) => text.setSelectionRange({start}, {start + len(old)})")
    await person.page.keyboard.insert_text(new)


def line(person: Person, text: str) -> Locator:
    return person.page.get_by_role("group").filter(has_text=text).first


async def test_what_is_typed_is_tried_at_once(page: Person) -> None:
    await page.look(TITLE)
    await change(page, "Document (JSON)", '"quantity": 2.5', '"quantity": 12.50')
    await page.reads('"quantity": 12.50,')
    doubled = CREATED.replace("line.quantity", "line.quantity * 2")
    await change(page, "Mapping (YAML)", CREATED, doubled)
    await page.reads('"quantity": 25.00,')
    await page.page.get_by_label("Verb").select_option("ship-and-invoice")
    await summary(page, "Some answers are missing.")
    await page.reads("Missing answers")
    await page.look(TITLE)


async def test_a_mistake_is_told_with_its_place(page: Person) -> None:
    await change(page, "Mapping (YAML)", QUANTITY, '"{{ line.quantty }}"')
    await summary(page, "1 mistake to put right.")
    found = page.page.locator("#findings-mapping li")
    await expect(found).to_contain_text("M201 unknown-input")
    await expect(found).to_contain_text('Did you mean "quantity"?')
    mapping = page.page.get_by_label("Mapping (YAML)")
    await expect(mapping).to_have_attribute("aria-invalid", "true")
    await page.look(TITLE)
    place = found.get_by_role("button")
    lines = (await mapping.input_value()).splitlines()
    row, column = (await place.inner_text()).split(":")
    assert lines[int(row) - 1][int(column) - 1 :].startswith("line.quantty")
    await place.click()
    assert await mapping.evaluate(SELECTED) == "line.quantty"
    await expect(mapping).to_be_focused()
    await page.page.keyboard.insert_text("line.quantity")
    await summary(page, "Would send 1 request.")
    await expect(found).to_have_count(0)
    await change(page, "Document (JSON)", '"currency"', "currency")
    await summary(page, "1 mistake to put right.")
    await expect(page.page.locator("#findings-input li")).to_contain_text("8:3")


async def test_each_field_explains_itself_by_keyboard(page: Person) -> None:
    quantity = line(page, '"quantity": 2.5')
    await quantity.locator("summary").focus()
    await page.page.keyboard.press("Enter")
    await expect(quantity).to_contain_text("order.lines[0].quantity = 2.5")
    await expect(quantity).to_contain_text("{{ line.quantity }}")
    await page.look(TITLE)
    await change(page, "Document (JSON)", '"quantity": 2.5', '"quantity": 3.5')
    changed = line(page, '"quantity": 3.5')  # it stays open, and tells what is so now
    await expect(changed.get_by_text("order.lines[0].quantity = 3.5")).to_be_visible()
    await changed.locator("summary").focus()
    await page.page.keyboard.press("Tab")
    await page.page.keyboard.press("Enter")
    mapping = page.page.get_by_label("Mapping (YAML)")
    await expect(mapping).to_be_focused()
    assert await mapping.evaluate(SELECTED) == QUANTITY


async def test_what_would_be_refused_and_what_nothing_reads(page: Person) -> None:
    await change(page, "Document (JSON)", '"sku"', '"colour": "red", "sku"')
    await summary(page, "Would be refused as invalid_input.")
    await page.reads("Read by nothing")
    await expect(page.page.locator("#unused")).to_contain_text("/lines/0/colour")
    await page.look(TITLE)


async def test_nothing_is_asked_of_business_central(page: Person, house: House) -> None:
    beginnings = page.page.get_by_label("Begin with").locator("option")
    titles = await beginnings.all_inner_texts()
    assert "Sales invoices: post" in titles
    for title in titles:
        await page.page.get_by_label("Begin with").select_option(title)
        await page.press("Open")
        await expect(page.page.get_by_role("status")).to_contain_text("Would send 1 request.")
    async with house.control.get("/_simulator/journal") as answer:
        assert (await answer.json())["value"] == []
    assert await house.gateway.store.operations() == []


async def test_without_a_script_there_is_a_button(people: People, house: House) -> None:
    person = await people(java_script=False)
    await person.open(f"{house.console}/try?start=customers:update")
    await person.page.get_by_label("Document (JSON)").fill('{"name": "Adatum & Sons"}')
    await person.press("Try it")
    await person.reads('"displayName": "Adatum & Sons"')
    await expect(person.page.get_by_label("Verb")).to_have_value("update")
