"""The demo: the story is true, told, and over; a step that is not true ends it with 1."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from aiohttp import ClientSession
from rich.console import Console

from gateway.app import Gateway
from gateway.cli.story import Story, Untrue, pretty
from gateway.simulator import TENANT_ID, Simulator
from tests.unit.cli.conftest import Run

pytestmark = pytest.mark.usefixtures("logging_as_it_was")


def test_the_story_once(run: Run) -> None:
    result = run("demo", "--once")
    assert result.exit_code == 0, result.output
    assert "✗" not in result.output
    number = re.search(r"Order number: +(\S+)", result.output)
    assert number is not None
    for told in (
        TENANT_ID,
        "Harwick Distributors Ltd, Harwick Ireland",
        "1896-S",
        "CHAIR-PARIS",
        '"code": "unmatched_item"',
        '"pointer": "/lines/1/sku"',
        '"unit_price": 1000.80',
        "✓ Business Central holds exactly one order",
        f"{number[1]}, and Business Central holds one such order",
        "Every step was true.",
    ):
        assert told in result.output


async def test_a_step_that_is_not_true(gateway: Gateway, simulator: Simulator) -> None:
    shown = StringIO()
    async with ClientSession() as session:
        story = Story(
            Console(file=shown),
            session,
            gateway=gateway.config.public.url,
            simulator=simulator.url,
            key="bcg_wrong",
        )
        with pytest.raises(Untrue, match="expected 201, found 401") as raised:
            await story.tell()
    assert raised.value.exit_code == 1
    assert "✗ The connection waits for its administrator" in shown.getvalue()


def test_json_is_shown_exactly() -> None:
    assert pretty({"a": [1, "x\n"], "b": {}, "c": [], "d": None}) == (
        '{\n  "a": [\n    1,\n    "x\\n"\n  ],\n  "b": {},\n  "c": [],\n  "d": null\n}'
    )
