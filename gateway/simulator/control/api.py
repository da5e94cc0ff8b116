"""The control API under ``/_simulator``: how tests look inside and make things go wrong.

JSON in and out; a mistake is answered with ``{"error": "<sentence>"}``. Called by ``listener``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import TypeVar, cast

from gateway.simulator.clock import FIRST, LAST, timestamp
from gateway.simulator.control.asking import body_of, decoded, number_of, query_of
from gateway.simulator.control.coverage import coverage
from gateway.simulator.control.environments import (
    change_environment,
    copy_environment,
    delete_environment,
    list_environments,
)
from gateway.simulator.control.journal import Entry
from gateway.simulator.control.keeping import digest
from gateway.simulator.control.kinds import is_moment
from gateway.simulator.control.menu import MENU
from gateway.simulator.control.patterns import Pattern
from gateway.simulator.control.people import add_user, change_user, list_users
from gateway.simulator.control.records import put_in, show_state, type_in
from gateway.simulator.control.registering import (
    consents,
    give_consent,
    put_secret,
    remove_secret,
    withdraw_consent,
)
from gateway.simulator.errors import BusinessCentralError, ControlError
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.records.values import decode_json
from gateway.simulator.seed.seeding import Seeding, read_own_rows
from gateway.simulator.state import State

_ROOT = "/_simulator"
_MOST_ADVANCE = 10 * 365 * 86_400
_MOST_ITEMS = 100_000
_LARGEST_SEED = 2**63 - 1
_FAULT_ID = re.compile(r"[0-9]{1,18}")

Handler = Callable[[State, Call], Answer]
MemberHandler = Callable[[State, Call, str], Answer]
Served = TypeVar("Served")


def is_control(call: Call) -> bool:
    """Whether the call is to the control API."""
    return call.path == _ROOT or call.path.startswith(f"{_ROOT}/")


def control_answer(state: State, call: Call) -> Answer:
    """Serve one call of the control API."""
    segments = call.segments[1:]
    name = segments[0] if segments else ""
    try:
        if call.flaw is not None:
            raise ControlError(call.flaw.text, call.flaw.status)
        if len(segments) == 2 and name in _MEMBERS:
            return _chosen(_MEMBERS[name], call)(state, call, segments[1])
        if len(segments) > 1:
            raise ControlError(f"There is nothing at {call.path}.", 404)
        if name not in _HANDLERS:
            raise ControlError(f"There is nothing at {call.path}; try GET /_simulator.", 404)
        return _chosen(_HANDLERS[name], call)(state, call)
    except ControlError as error:
        return json_answer(error.status, {"error": error.text})


def _chosen(methods: dict[str, Served], call: Call) -> Served:
    """What serves the method of the call. Raises ControlError (405)."""
    found = methods.get(call.method)
    if found is None:
        allowed = ", ".join(sorted(methods))
        raise ControlError(f"{call.path} does {allowed}, not {call.method}.", 405)
    return found


def _index(_: State, _call: Call) -> Answer:
    paths = {f"/_simulator/{name}": sorted(methods) for name, methods in _HANDLERS.items() if name}
    for name, members in _MEMBERS.items():
        member = _ONLY_MEMBER.get(name, "{name}")
        paths[f"/_simulator/{name}/{member}"] = sorted(members)
    faults = [kind.described for kind in MENU.values()]
    return json_answer(200, {"paths": paths, "faults": faults})


def _reset(state: State, _call: Call) -> Answer:
    state.reset()
    return Answer(204)


def _seed(state: State, call: Call) -> Answer:
    """Another world: another seed, more items, rows of one's own. What is not said is as before."""
    body = body_of(call, "seed", "items", "rows")
    number = _whole(body, "seed", state.seeding.number, _LARGEST_SEED)
    items = _whole(body, "items", state.seeding.items, _MOST_ITEMS)
    try:
        exact = cast("dict[str, object]", decode_json(call.body)) if body else {}
        rows = read_own_rows(exact["rows"], state.stored) if "rows" in body else state.seeding.rows
        state.reset(Seeding(number, items, rows))
    except (ValueError, BusinessCentralError) as error:
        raise ControlError(f"Nothing was seeded: {error}") from None
    return json_answer(200, {"seed": number, "items": items})


def _whole(body: dict[str, object], name: str, without: int, most: int) -> int:
    value = body.get(name, without)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ControlError(f"{name} is a whole number between 0 and {most}.")
    return value


def _hash(state: State, _call: Call) -> Answer:
    return json_answer(200, {"sha256": digest(state)})


def _clock(state: State, _call: Call) -> Answer:
    return json_answer(200, {"now": timestamp(state.clock.now())})


def _move_clock(state: State, call: Call) -> Answer:
    body = body_of(call, "advance", "set", "stands")
    if len(body.keys() & {"advance", "set"}) != 1:
        raise ControlError("Give either advance, in seconds, or set, a moment.")
    if "advance" in body:
        _advance(state, body)
    else:
        _set_clock(state, body)
    return _clock(state, call)


def _advance(state: State, body: dict[str, object]) -> None:
    seconds = body["advance"]
    if "stands" in body:
        raise ControlError("stands belongs to set.")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ControlError("advance is a number of seconds.")
    if not 0 <= seconds <= _MOST_ADVANCE:
        raise ControlError(f"advance is between 0 and {_MOST_ADVANCE} seconds.")
    try:
        state.clock.advance(seconds)
    except ValueError as error:
        raise ControlError(f"{error}.") from None


def _set_clock(state: State, body: dict[str, object]) -> None:
    stands = body.get("stands", False)
    if not isinstance(stands, bool):
        raise ControlError("stands is true or false.")
    moment = datetime.fromisoformat(cast("str", body["set"])) if is_moment(body["set"]) else None
    if moment is None or not FIRST <= moment <= LAST:
        raise ControlError("set is a moment from 2000 to 2100 such as 2026-03-02T12:00:00Z.")
    state.clock.set(moment, stands=stands)


def _limits(state: State, _call: Call) -> Answer:
    return json_answer(200, asdict(state.turns.limits))


def _limit(state: State, call: Call) -> Answer:
    """Tighter limits for every principal, or wider ones."""
    body = body_of(call, "in_flight", "queued", "per_five_minutes", "retry_after")
    for name, value in body.items():
        may_be_left = name == "retry_after" and value is None
        whole = isinstance(value, int) and not isinstance(value, bool)
        least = 1 if name == "in_flight" else 0
        if not may_be_left and not (whole and least <= cast("int", value) <= 1_000_000):
            raise ControlError(f"{name} is a whole number from {least}.")
    state.turns.limits = replace(state.turns.limits, **cast("dict[str, int]", body))
    return _limits(state, call)


def _webhooks(state: State, _call: Call) -> Answer:
    return json_answer(200, state.webhooks.described())


def _deliver(state: State, call: Call, text: str) -> Answer:
    """Let every notification that waits go at once."""
    if text != "deliver":
        raise ControlError(f"There is nothing at {call.path}; try webhooks/deliver.", 404)
    return json_answer(200, {"delivered": state.webhooks.deliver_now()})


def _faults(state: State, _call: Call) -> Answer:
    return json_answer(200, {"value": state.faults.listed()})


def _arm(state: State, call: Call) -> Answer:
    wish = decoded(call)
    named = wish.get("company") if isinstance(wish, dict) else None
    if isinstance(named, str) and not any(e.company(named) for e in state.environments.values()):
        raise ControlError(f"There is no company '{named}'.", 404)
    return json_answer(201, state.faults.arm(wish).described)


def _clear_faults(state: State, _call: Call) -> Answer:
    state.faults.clear()
    return Answer(204)


def _clear_fault(state: State, _call: Call, text: str) -> Answer:
    if not _FAULT_ID.fullmatch(text):
        raise ControlError(f"'{text}' is not the id of a fault.", 404)
    state.faults.clear(int(text))
    return Answer(204)


def _journal(state: State, call: Call) -> Answer:
    query = query_of(call, "since", "method", "path", "entity")
    since = number_of(query, "since", 0)
    path = Pattern(query.get("path", ""))

    def wanted(entry: Entry) -> bool:
        return (
            entry.id > since
            and query.get("method", entry.call.method).upper() == entry.call.method
            and query.get("entity", entry.entity) == entry.entity
            and path.search(entry.call.path)
        )

    entries = [entry.described for entry in state.journal.entries if wanted(entry)]
    return json_answer(200, {"value": entries})


def _clear_journal(state: State, _call: Call) -> Answer:
    state.journal.clear()
    return Answer(204)


def _coverage(state: State, _call: Call) -> Answer:
    return json_answer(200, coverage(state.routes))


def _register(state: State, call: Call) -> Answer:
    pem = body_of(call, "certificate").get("certificate")
    if not isinstance(pem, str):
        raise ControlError("certificate is one certificate as PEM.")
    return json_answer(201, {"thumbprint": state.certificates.register(pem)})


def _secrets(state: State, call: Call) -> Answer:
    """A new secret for the application, or when a known one expires."""
    body = body_of(call, "secret", "seconds")
    return json_answer(201, put_secret(state, body))


def _remove_secret(state: State, call: Call) -> Answer:
    remove_secret(state, body_of(call, "secret"))
    return Answer(204)


def _consents(state: State, _call: Call) -> Answer:
    return json_answer(200, consents(state))


def _consent(state: State, call: Call) -> Answer:
    give_consent(state, body_of(call, "tenant", "roles"))
    return _consents(state, call)


def _withdraw(state: State, call: Call) -> Answer:
    withdraw_consent(state, body_of(call, "tenant"))
    return Answer(204)


def _load(state: State, _call: Call) -> Answer:
    names = {user.object_id: user.username for user in state.signins.accounts}
    value = [
        {"principal": principal, "user": names.get(principal), "now": load.now, "max": load.max}
        for principal, load in state.journal.loads.items()
    ]
    return json_answer(200, {"value": value})


_HANDLERS: dict[str, dict[str, Handler]] = {
    "": {"GET": _index},
    "reset": {"POST": _reset},
    "seed": {"POST": _seed},
    "hash": {"GET": _hash},
    "clock": {"GET": _clock, "POST": _move_clock},
    "faults": {"GET": _faults, "POST": _arm, "DELETE": _clear_faults},
    "journal": {"GET": _journal, "DELETE": _clear_journal},
    "state": {"GET": show_state},
    "coverage": {"GET": _coverage},
    "users": {"GET": list_users, "POST": add_user},
    "environments": {"GET": list_environments, "POST": copy_environment},
    "load": {"GET": _load},
    "limits": {"GET": _limits, "POST": _limit},
    "webhooks": {"GET": _webhooks},
    "certificates": {"POST": _register},
    "secrets": {"POST": _secrets, "DELETE": _remove_secret},
    "consents": {"GET": _consents, "POST": _consent, "DELETE": _withdraw},
    "records": {"POST": put_in, "PATCH": type_in},
}
_MEMBERS: dict[str, dict[str, MemberHandler]] = {
    "faults": {"DELETE": _clear_fault},
    "users": {"PATCH": change_user},
    "environments": {"PATCH": change_environment, "DELETE": delete_environment},
    "webhooks": {"POST": _deliver},
}
_ONLY_MEMBER = {"webhooks": "deliver", "faults": "{id}", "users": "{username}"}
