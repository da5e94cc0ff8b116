"""Every call of the control API with every JSON type in every place: none of them fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.simulator import Clock
from gateway.simulator.control.api import control_answer
from gateway.simulator.control.menu import MENU
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.state import State
from tests.unit.simulator.client import LTD

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 10**19),
    *("", "x", "(", "a{99999999999}", "\r\n", "\0", "9999-12-31T23:59:59-14:00"),
    *([], ["x"], [[]], [None], {}, {"x": 1}, {"": []}),
)
_NAMED = re.compile(r"known: (.*)\.$")


@pytest.fixture(scope="module")
def state() -> State:
    return State("http://simulator.test", 1, Clock(lambda: NOON))


def ask(state: State, method: str, path: str, body: object = None, query: str = "") -> Answer:
    data = b"" if body is None else msgspec.json.encode(body)
    return control_answer(state, Call(method, path, query, {}, data, "http://simulator.test"))


def calls(state: State) -> Iterator[tuple[str, str]]:
    """Every method and path that there is, with something in place of a name."""
    paths = msgspec.json.decode(ask(state, "GET", "/_simulator").body)["paths"]
    for path, methods in paths.items():
        for method in methods:
            yield method, re.sub(r"\{\w+\}", "x", path)


def names(state: State, method: str, path: str) -> list[str]:
    """What its body may hold, as its own refusal tells."""
    answer = ask(state, method, path, {"?": 1})
    told = _NAMED.search(msgspec.json.decode(answer.body)["error"] if answer.status == 400 else "")
    return told[1].split(", ") if told else []


def test_no_value_of_the_wrong_type_is_too_much(state: State) -> None:
    asked = 0
    for method, path in calls(state):
        for value in VALUES:
            wholes = [value] if path != "/_simulator/reset" or value is None else []
            bodies = [*wholes, *({name: value} for name in names(state, method, path))]
            for body in bodies:
                answer = ask(state, method, path, body)
                assert answer.status < 500, (method, path, body)
                asked += 1
    assert names(state, "DELETE", "/_simulator/secrets") == ["secret"]
    assert asked > 1000


def test_no_query_and_no_name_is_too_much(state: State) -> None:
    for method, path in calls(state):
        for query in ("since=x", f"since={'9' * 5000}", "path=(", "path=a%7B99999999999%7D", "%ff"):
            assert ask(state, method, path, None, query).status < 500, (method, path, query)
    for method, path in calls(state):
        for name in ("9" * 5000, "%00", "%ff", "²", "%2f"):
            assert ask(state, method, f"{path}/{name}").status < 500, (method, path, name)
            assert ask(state, method, path.replace("/x", f"/{name}")).status < 500


def test_no_row_of_the_wrong_type_is_too_much(state: State) -> None:
    there: dict[str, object] = {"environment": "Production", "company": LTD}
    for name in sorted(state.sets):
        fields = {field.type: field.name for field in state.sets[name].fields}.values()
        for value in VALUES:
            for rows in (value, [value], *([{field: value}] for field in fields)):
                body = {**there, "entity": name, "rows": rows}
                assert ask(state, "POST", "/_simulator/records", body).status < 500, body
        query = f"company={LTD}&entity={name}"
        assert ask(state, "GET", "/_simulator/state", None, query).status == 200


def test_no_detail_of_a_fault_of_the_wrong_type_is_too_much(state: State) -> None:
    for kind in MENU.values():
        good = {"kind": kind.name, **{k: v for one in kind.examples for k, v in one.wish.items()}}
        wrong: list[dict[str, object]] = [
            {"match": {name: value}} for name in ("path", "nth") for value in VALUES
        ]
        for detail in kind.details:
            wrong += [{detail.name: given} for value in VALUES for given in (value, [value])]
        for change in wrong:
            assert ask(state, "POST", "/_simulator/faults", {**good, **change}).status < 500
    ask(state, "DELETE", "/_simulator/faults")
