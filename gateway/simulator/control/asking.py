"""What a call of the control API asks for: its body, its query, the company it names."""

from __future__ import annotations

import msgspec

from gateway.simulator.errors import ControlError
from gateway.simulator.exchange import Call
from gateway.simulator.records.store import Company
from gateway.simulator.state import State


def decoded(call: Call) -> object:
    """The body as JSON. Raises ControlError."""
    try:
        found: object = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(f"The body is not JSON: {error}.") from None
    return found


def body_of(call: Call, *known: str) -> dict[str, object]:
    """The body as an object with these names at most, empty without one. Raises ControlError."""
    body = decoded(call) if call.body else {}
    if not isinstance(body, dict):
        raise ControlError("The body is one JSON object.")
    unknown = [name for name in body if name not in known]
    if unknown:
        raise ControlError(f"'{unknown[0]}' is not known here; known: {', '.join(known)}.")
    return body


def query_of(call: Call, *known: str) -> dict[str, str]:
    """The query, with these names at most. Raises ControlError."""
    query = dict(call.pairs)
    unknown = [name for name in query if name not in known]
    if unknown:
        raise ControlError(f"'{unknown[0]}' is not known here; known: {', '.join(known)}.")
    return query


def number_of(query: dict[str, str], name: str, without: int) -> int:
    """A whole number from 0 of the query. Raises ControlError."""
    text = query.get(name, str(without))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ControlError(f"{name} is a whole number.")
    return int(text)


def company_of(state: State, environment: str, name: str) -> Company:
    """The company of an environment by its name or id. Raises ControlError (404)."""
    found = state.environments.get(environment.lower())
    company = found.company(name) if found else None
    if company is None:
        raise ControlError("There is no such company in this environment.", 404)
    return company
