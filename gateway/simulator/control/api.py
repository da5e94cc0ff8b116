"""The control API under ``/_simulator``: how tests look inside and make things go wrong.

JSON in and out; a mistake is answered with ``{"error": "<sentence>"}``. Called by ``listener``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import cast

import msgspec

from gateway.simulator.clock import timestamp
from gateway.simulator.control.coverage import coverage
from gateway.simulator.control.journal import Entry
from gateway.simulator.control.menu import MENU
from gateway.simulator.control.planting import plant
from gateway.simulator.control.registering import (
    consents,
    give_consent,
    put_secret,
    remove_secret,
    withdraw_consent,
)
from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError, ControlError
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.records.store import Company, Values
from gateway.simulator.records.values import decode_json, read_value
from gateway.simulator.records.writes import Writer
from gateway.simulator.seed.companies import TENANTS, USERS
from gateway.simulator.state import State

_MOST_ADVANCE = 10 * 365 * 86_400

Handler = Callable[[State, Call], Answer]


def control_answer(state: State, call: Call) -> Answer:
    """Serve one call of the control API."""
    segments = call.segments[1:]
    name = segments[0] if segments else ""
    try:
        if name == "faults" and len(segments) == 2 and call.method == "DELETE":
            return _clear_fault(state, segments[1])
        if len(segments) > 1:
            raise ControlError(f"There is nothing at {call.path}.", 404)
        methods = _HANDLERS.get(name)
        if methods is None:
            raise ControlError(f"There is nothing at {call.path}; try GET /_simulator.", 404)
        handler = methods.get(call.method)
        if handler is None:
            allowed = ", ".join(sorted(methods))
            raise ControlError(f"{call.path} does {allowed}, not {call.method}.", 405)
        return handler(state, call)
    except ControlError as error:
        return json_answer(error.status, {"error": error.text})


def _decoded(call: Call) -> object:
    try:
        decoded: object = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(f"The body is not JSON: {error}.") from None
    return decoded


def _body(call: Call, *known: str) -> dict[str, object]:
    body = _decoded(call) if call.body else {}
    if not isinstance(body, dict):
        raise ControlError("The body is one JSON object.")
    unknown = [name for name in body if name not in known]
    if unknown:
        raise ControlError(f"'{unknown[0]}' is not known here; known: {', '.join(known)}.")
    return body


def _query(call: Call, *known: str) -> dict[str, str]:
    query = dict(call.pairs)
    unknown = [name for name in query if name not in known]
    if unknown:
        raise ControlError(f"'{unknown[0]}' is not known here; known: {', '.join(known)}.")
    return query


def _index(_: State, _call: Call) -> Answer:
    paths = {f"/_simulator/{name}": sorted(methods) for name, methods in _HANDLERS.items() if name}
    faults = [kind.described for kind in MENU.values()]
    return json_answer(200, {"paths": paths, "faults": faults})


def _reset(state: State, _call: Call) -> Answer:
    state.reset()
    return Answer(204)


def _clock(state: State, _call: Call) -> Answer:
    return json_answer(200, {"now": timestamp(state.clock.now())})


def _advance(state: State, call: Call) -> Answer:
    seconds = _body(call, "advance").get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ControlError("advance is a number of seconds.")
    if not 0 <= seconds <= _MOST_ADVANCE:
        raise ControlError(f"advance is between 0 and {_MOST_ADVANCE} seconds.")
    state.clock.advance(seconds)
    return _clock(state, call)


def _webhooks(state: State, _call: Call) -> Answer:
    return json_answer(200, state.webhooks.described())


def _deliver(state: State, _call: Call) -> Answer:
    """Let every notification that waits go at once."""
    return json_answer(200, {"delivered": state.webhooks.deliver_now()})


def _faults(state: State, _call: Call) -> Answer:
    return json_answer(200, {"value": state.faults.listed()})


def _arm(state: State, call: Call) -> Answer:
    wish = _decoded(call)
    named = wish.get("company") if isinstance(wish, dict) else None
    if isinstance(named, str) and not any(e.company(named) for e in state.environments.values()):
        raise ControlError(f"There is no company '{named}'.", 404)
    return json_answer(201, state.faults.arm(wish).described)


def _clear_faults(state: State, _call: Call) -> Answer:
    state.faults.clear()
    return Answer(204)


def _clear_fault(state: State, text: str) -> Answer:
    if not text.isascii() or not text.isdigit():
        raise ControlError(f"'{text}' is not the id of a fault.", 404)
    state.faults.clear(int(text))
    return Answer(204)


def _journal(state: State, call: Call) -> Answer:
    query = _query(call, "since", "method", "path", "entity")
    since = query.get("since", "0")
    if not since.isascii() or not since.isdigit():
        raise ControlError("since is the id of an entry.")
    try:
        path = re.compile(query.get("path", ""))
    except re.error as error:
        raise ControlError(f"path is not a regular expression: {error}.") from None

    def wanted(entry: Entry) -> bool:
        return (
            entry.id > int(since)
            and query.get("method", entry.call.method).upper() == entry.call.method
            and query.get("entity", entry.entity) == entry.entity
            and path.search(entry.call.path) is not None
        )

    entries = [entry.described for entry in state.journal.entries if wanted(entry)]
    return json_answer(200, {"value": entries})


def _clear_journal(state: State, _call: Call) -> Answer:
    state.journal.clear()
    return Answer(204)


def _state(state: State, call: Call) -> Answer:
    query = _query(call, "environment", "company", "entity")
    if "company" not in query:
        counts = {
            environment.name: {
                company.name: _counts(company) for company in _companies(environment)
            }
            for environment in state.environments.values()
        }
        return json_answer(200, {"counts": counts})
    company = _company(state, query.get("environment", "Production"), query["company"])
    entity = query.get("entity")
    if entity is None:
        return json_answer(200, {"counts": _counts(company)})
    if entity not in state.catalogue.sets:
        raise ControlError(f"There is no entity set '{entity}'.", 404)
    records = company.table(entity).ordered()
    value = [{"@odata.etag": record.etag, **record.values} for record in records]
    return json_answer(200, {"value": value})


def _plant(state: State, call: Call) -> Answer:
    """Records as if people had made them: ``rows`` of fields, references by code or number."""
    body = _body(call, "environment", "company", "entity", "rows")
    company = _company(state, str(body.get("environment", "Production")), str(body.get("company")))
    entity_set = state.catalogue.sets.get(str(body.get("entity")))
    if entity_set is None or not isinstance(body.get("rows"), list):
        raise ControlError("entity is the name of an entity set, rows a list of objects.")
    moment = timestamp(state.clock.now())
    try:
        rows = cast("dict[str, list[Values]]", decode_json(call.body))["rows"]  # exact decimals
        with company.transaction():
            for row in rows:
                fields = {name: read_value(entity_set.by_name[name], row[name]) for name in row}
                plant(company, state.seed, entity_set.name, fields, moment)
    except (KeyError, TypeError, BusinessCentralError) as error:
        raise ControlError(f"Nothing was put in: {error!r}.") from None
    return json_answer(201, {"count": len(rows)})


def _type_in(state: State, call: Call) -> Answer:
    """Fields of one record as if a person had changed them just now."""
    body = _body(call, "environment", "company", "entity", "id", "fields")
    company = _company(state, str(body.get("environment", "Production")), str(body.get("company")))
    entity_set = state.catalogue.sets.get(str(body.get("entity")))
    record = company.get(entity_set.name, str(body.get("id"))) if entity_set else None
    if entity_set is None or record is None or not isinstance(body.get("fields"), dict):
        raise ControlError("entity and id name a record, fields is an object.")
    fields = cast("dict[str, Values]", decode_json(call.body))["fields"]
    try:
        Writer(company, state.catalogue, state.clock).change(entity_set, record, fields)
    except BusinessCentralError as error:
        raise ControlError(f"Nothing was changed: {error!r}.") from None
    return json_answer(200, {"@odata.etag": record.etag})


def _company(state: State, environment: str, name: str) -> Company:
    found = state.environments.get(environment.lower())
    company = found.company(name) if found else None
    if company is None:
        raise ControlError("There is no such company in this environment.", 404)
    return company


def _companies(environment: Environment) -> list[Company]:
    return list(environment.companies.values())


def _counts(company: Company) -> dict[str, int]:
    return {name: len(table.records) for name, table in company.tables.items() if table.records}


def _coverage(state: State, _call: Call) -> Answer:
    return json_answer(200, coverage(state.catalogue))


def _users(_: State, _call: Call) -> Answer:
    tenants = [asdict(tenant) for tenant in TENANTS]
    return json_answer(200, {"tenants": tenants, "value": [asdict(user) for user in USERS]})


def _register(state: State, call: Call) -> Answer:
    pem = _body(call, "certificate").get("certificate")
    if not isinstance(pem, str):
        raise ControlError("certificate is one certificate as PEM.")
    return json_answer(201, {"thumbprint": state.certificates.register(pem)})


def _secrets(state: State, call: Call) -> Answer:
    """A new secret for the application, or when a known one expires."""
    body = _body(call, "secret", "seconds")
    return json_answer(201, put_secret(state, body))


def _remove_secret(state: State, call: Call) -> Answer:
    remove_secret(state, _body(call, "secret"))
    return Answer(204)


def _consents(state: State, _call: Call) -> Answer:
    return json_answer(200, consents(state))


def _consent(state: State, call: Call) -> Answer:
    give_consent(state, _body(call, "tenant", "roles"))
    return _consents(state, call)


def _withdraw(state: State, call: Call) -> Answer:
    withdraw_consent(state, _body(call, "tenant"))
    return Answer(204)


def _load(state: State, _call: Call) -> Answer:
    names = {user.object_id: user.username for user in USERS}
    value = [
        {"principal": principal, "user": names.get(principal), "now": load.now, "max": load.max}
        for principal, load in state.journal.loads.items()
    ]
    return json_answer(200, {"value": value})


_HANDLERS: dict[str, dict[str, Handler]] = {
    "": {"GET": _index},
    "reset": {"POST": _reset},
    "clock": {"GET": _clock, "POST": _advance},
    "faults": {"GET": _faults, "POST": _arm, "DELETE": _clear_faults},
    "journal": {"GET": _journal, "DELETE": _clear_journal},
    "state": {"GET": _state},
    "coverage": {"GET": _coverage},
    "users": {"GET": _users},
    "load": {"GET": _load},
    "webhooks": {"GET": _webhooks, "POST": _deliver},
    "certificates": {"POST": _register},
    "secrets": {"POST": _secrets, "DELETE": _remove_secret},
    "consents": {"GET": _consents, "POST": _consent, "DELETE": _withdraw},
    "records": {"POST": _plant, "PATCH": _type_in},
}
