"""The demo: the story is true, told, and over; a step that is not true ends it with 1."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from aiohttp import ClientSession
from rich.console import Console

from gateway.app import Gateway
from gateway.cli.demo import _addresses
from gateway.cli.story import Ending, Story, Untrue
from gateway.config import Config, Entra, Listener, Public
from gateway.simulator import TENANT_ID, Simulator
from tests.unit.cli.conftest import Run


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


def test_what_is_served_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    config = Config(
        Entra("client", ("secret",)),
        (b"k" * 32,),
        Public("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        Listener("127.0.0.1", 9081),
    )
    _addresses(config, "http://127.0.0.1:8090", "bcg_key", Ending("con_1", "S-ORD101001"))
    told = capsys.readouterr().out
    for address in ("8080/docs", "9081/metrics", "8090/_simulator"):
        assert f"http://127.0.0.1:{address}" in told
    assert "con_1/sales-orders?number=S-ORD101001" in told
