"""What an administrator does with environments, for the control API.

A new name, a copy, a deletion act on every address at once, as in the admin center
(bc/pitfalls.md 15): the name is part of the URL, and a copy has the ids of its original.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.simulator.catalogue.entities import load_catalogue
from gateway.simulator.control.asking import body_of
from gateway.simulator.environments import Environment
from gateway.simulator.errors import ControlError
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.state import State

# What the admin center takes for a name (bc/api.md §1).
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,28}")
_TYPES = ("Production", "Sandbox")


def list_environments(state: State, _call: Call) -> Answer:
    """Every environment with its type, release and companies."""
    value = [_shown(environment) for environment in state.environments.values()]
    return json_answer(200, {"value": value})


def copy_environment(state: State, call: Call) -> Answer:
    """A copy of ``copy`` under ``name``: the same data, the same ids, a sandbox if not said."""
    body = body_of(call, "copy", "name", "type")
    original = _environment(state, body.get("copy"))
    name, kind = _new_name(state, body.get("name"), None), body.get("type", "Sandbox")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ControlError(f"type is {' or '.join(_TYPES)}.")
    companies = {key: company.copied() for key, company in original.companies.items()}
    made = Environment(name, kind, companies, original.release)  # a choice: nobody subscribed to it
    state.environments[name.lower()] = made
    state.history.watch(companies.values())
    state.webhooks.add(made)
    return json_answer(201, _shown(made))


def change_environment(state: State, call: Call, name: str) -> Answer:
    """Another ``name``, another ``release``, or both."""
    environment = _environment(state, name)
    body = body_of(call, "name", "release")
    if not body:
        raise ControlError("Say what changes: name, release.")
    if "name" in body:
        wanted = _new_name(state, body["name"], environment)
        environment = replace(environment, name=wanted)
    if "release" in body:
        environment = replace(environment, release=_release(body["release"]))
    # In its old place, so that lists keep their order.
    state.environments = {
        (environment.name.lower() if key == name.lower() else key): (
            environment if key == name.lower() else other
        )
        for key, other in state.environments.items()
    }
    return json_answer(200, _shown(environment))


def delete_environment(state: State, _call: Call, name: str) -> Answer:
    """The environment, its companies and its subscriptions are gone."""
    gone = _environment(state, name)
    del state.environments[gone.name.lower()]
    state.webhooks.remove(gone)
    return Answer(204)


def _shown(environment: Environment) -> dict[str, object]:
    companies = [{"id": one.id, "name": one.name} for one in environment.companies.values()]
    return {
        "name": environment.name,
        "type": environment.type,
        "release": environment.release,
        "companies": companies,
    }


def _environment(state: State, name: object) -> Environment:
    found = state.environments.get(name.lower()) if isinstance(name, str) else None
    if found is None:
        known = ", ".join(one.name for one in state.environments.values())
        raise ControlError(f"There is no environment '{name}'; there is {known or 'none'}.", 404)
    return found


def _new_name(state: State, name: object, own: Environment | None) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ControlError(
            "name is a letter, then up to 28 letters, digits, hyphens and underscores."
        )
    if state.environments.get(name.lower(), own) is not own:
        raise ControlError(f"There is an environment '{name}' already.", 409)
    return name


def _release(wanted: object) -> str:
    try:
        load_catalogue(str(wanted))
    except ValueError as error:
        raise ControlError(str(error)) from None
    return str(wanted)
