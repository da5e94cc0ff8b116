"""`bc-gateway operations` answers where an order is, beside a serving process."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import Clock
from gateway.errors import BusinessCentralRefused, Fault
from gateway.operations import failures
from gateway.storage import changed, open_store
from tests.operations import an_operation
from tests.unit.cli.conftest import Run

NOW = Clock().now()
ORDER = an_operation(
    NOW,
    created_at=NOW - timedelta(hours=1),
    document={"ship_to": {"name": "Philomena Quill"}},
    key="D-1042",
)
REFUSED = changed(
    ORDER, id="op_2", organization="other", key="D-1043", created_at=NOW - timedelta(days=3)
)
FAULT = Fault(400, "Application_DialogException", "Philomena Quill is wrong", "4f3b")


@pytest.fixture(autouse=True)
def _journal(config_file: Path) -> None:
    async def write() -> None:
        url = f"sqlite:///{config_file.parent / 'gateway.db'}"
        async with open_store(url, [b"k" * 32], Clock(), serving=True) as store:
            for order, number in ((ORDER, "S-ORD101001"), (REFUSED, None)):
                began = await store.begin(order)
                request = {
                    "method": "POST",
                    "path": "salesOrders",
                    "body": {"x": "Philomena Quill"},
                }
                operation, call = await store.intent(
                    began.operation, "create", request, entity="salesOrders", anchor=order.key,
                    place="harwick production c0a1", snapshot="snapshot",
                )  # fmt: skip
                if number is None:
                    error = BusinessCentralRefused(fault=FAULT)
                    problem = failures.written(error, order.document)
                    operation, _ = await store.result(operation, call, problem, anchor=None)
                    ended: dict[str, object] = {
                        "state": "failed",
                        "problem": problem,
                        "remedy": problem["detail"],
                    }
                else:
                    came = {"status": 201, "body": {"number": number}, "correlation_id": "4f3a"}
                    operation, _ = await store.result(operation, call, came)
                    ended = {"state": "succeeded", "record_number": number, "record_id": "5a1e"}
                await store.advance(operation, **ended, owner=None, lease_until=None)

    asyncio.run(write())


LISTED: tuple[tuple[list[str], list[str]], ...] = (
    ([], ["op_1", "op_2"]),
    (["--state", "failed"], ["op_2"]),
    (["--organization", "harwick"], ["op_1"]),
    (["--resource", "sales-orders", "--limit", "1"], ["op_1"]),
    (["--key", "D-1043"], ["op_2"]),
    (["--number", "S-ORD101001"], ["op_1"]),
    (["--since", "2h"], ["op_1"]),
    (["--since", "4d"], ["op_1", "op_2"]),
    (["--since", (NOW - timedelta(hours=2)).isoformat()], ["op_1"]),
    (["--since", f"{NOW - timedelta(hours=2):%Y-%m-%dT%H:%M}"], ["op_1"]),
    (["--cause", "ambiguous"], []),
)


def test_all_and_some(run: Run) -> None:
    for words, found in LISTED:
        result = run("operations", "list", "--format", "json", *words)
        assert ([row["id"] for row in json.loads(result.stdout)], words) == (found, words)
    assert "S-ORD101001" in run("operations", "list").output


def test_a_list_of_nothing_says_so(run: Run) -> None:
    result = run("operations", "list", "--cause", "ambiguous")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "There is nothing to show.\n"
    unknown = run("operations", "list", "--connection", "con_9")
    assert unknown.exit_code == 1
    assert "There is no connection con_9." in unknown.output


def test_a_time_that_is_none(run: Run) -> None:
    for since in ("yesterday", "2w", "999999d"):
        result = run("operations", "list", "--since", since)
        assert result.exit_code == 2
        assert "2h" in result.output


def test_where_is_the_order(run: Run) -> None:
    for name in ("D-1042", "S-ORD101001", "op_1"):
        output = run("operations", "show", name).output
        for told in ("succeeded", "It is done.", "S-ORD101001", "POST salesOrders", "201", "4f3a"):
            assert told in output
        assert "Philomena" not in output


def test_why_it_was_refused(run: Run) -> None:
    told = json.loads(run("operations", "show", "D-1043", "--format", "json").stdout)
    assert (told["state"], told["calls"][0]["status"]) == ("failed", 400)
    assert told["calls"][0]["code"] == "Application_DialogException"
    assert "key of its own" in told["next"]
    said = told["business_central_code"], told["business_central_message"], told["correlation_id"]
    assert said == ("Application_DialogException", "… is wrong", "4f3b")
    assert "Philomena" not in json.dumps(told)
    table = run("operations", "show", "D-1043").output
    for words in ("… is wrong", "Application_DialogException", "4f3b", "refused"):
        assert words in table
    assert table.count("Business Central refused the request.") == 1
    listed = json.loads(run("operations", "list", "--format", "json").stdout)
    assert [row["business_central_message"] for row in listed] == [None, "… is wrong"]


def test_payloads_are_shown_to_who_asks(run: Run) -> None:
    assert "Philomena Quill" in run("operations", "show", "D-1042", "--payload").output
    shown = run("operations", "show", "D-1042", "--payload", "--format", "json").stdout
    assert json.loads(shown)["sent"][0]["request"]["body"] == {"x": "Philomena Quill"}


def test_several_of_one_key_are_told_apart(run: Run, config_file: Path) -> None:
    async def another() -> None:
        url = f"sqlite:///{config_file.parent / 'gateway.db'}"
        async with open_store(url, [b"k" * 32], Clock()) as store:
            await store.begin(changed(ORDER, id="op_3", connection_id="con_2"))

    asyncio.run(another())
    result = run("operations", "show", "D-1042", "--format", "json")
    assert result.exit_code == 1
    assert {row["id"] for row in json.loads(result.stdout)} == {"op_1", "op_3"}
    assert "by its id" in result.stderr


def test_none(run: Run) -> None:
    result = run("operations", "show", "D-9999")
    assert result.exit_code == 1
    assert "operations list" in result.output


def park(config_file: Path, cause: str) -> None:
    """Begin a third operation, which nothing was sent of, and park it."""

    async def begin() -> None:
        url = f"sqlite:///{config_file.parent / 'gateway.db'}"
        async with open_store(url, [b"k" * 32], Clock()) as store:
            began = await store.begin(changed(ORDER, id="op_4", key="D-1044"))
            await store.advance(began.operation, state="parked", owner=None, cause=cause)

    asyncio.run(begin())


def test_a_parked_one_is_taken_up_again_and_given_up(run: Run, config_file: Path) -> None:
    park(config_file, "record_locked")
    assert "queued" in run("operations", "retry", "D-1044").output
    told = json.loads(run("operations", "cancel", "D-1044", "--format", "json").stdout)
    assert (told[0]["state"], told[0]["remedy"]) == ("cancelled", "Nothing was written.")


def test_what_cannot_be_settled_is_said_in_words(run: Run) -> None:
    for word in ("retry", "cancel"):
        result = run("operations", word, "D-1042")
        assert (result.exit_code, "is over" in result.output) == (1, True)
        assert run("operations", word, "D-9999").exit_code == 1
