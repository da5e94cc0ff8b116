"""Who can sign in, for the control API: list, add, change."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

from gateway.simulator.control.asking import body_of
from gateway.simulator.control.planting import fixed_id
from gateway.simulator.errors import ControlError
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.seed.companies import TENANTS, User
from gateway.simulator.state import State

_USERNAME = re.compile(r"[a-z0-9._-]{1,64}@([a-z0-9.-]+)")


def list_users(state: State, _call: Call) -> Answer:
    """Every tenant and every user."""
    tenants = [asdict(tenant) for tenant in TENANTS]
    value = [asdict(user) for user in state.signins.accounts]
    return json_answer(200, {"tenants": tenants, "value": value})


def add_user(state: State, call: Call) -> Answer:
    """One more user, of the tenant whose domain the name ends with."""
    body = body_of(call, "username", "name", "licensed", "enabled")
    username = _text(body, "username").lower()
    found = _USERNAME.fullmatch(username)
    tenants = {tenant.domain: tenant.id for tenant in TENANTS}
    if found is None or found[1] not in tenants:
        raise ControlError(f"username is a name at one of {', '.join(tenants)}.")
    if state.signins.accounts.find(username):
        raise ControlError(f"There is a user '{username}' already.", 409)
    name = _text(body, "name") if "name" in body else username.partition("@")[0].title()
    user = User(username, name, fixed_id("user", username), tenants[found[1]])
    user = _changed(user, body)
    state.signins.accounts.put(user)
    return json_answer(201, asdict(user))


def change_user(state: State, call: Call, username: str) -> Answer:
    """Give or take the licence, disable or enable the account."""
    user = state.signins.accounts.find(username)
    if user is None:
        raise ControlError(f"There is no user '{username}'.", 404)
    changed = _changed(user, body_of(call, "licensed", "enabled"))
    state.signins.accounts.put(changed)
    return json_answer(200, asdict(changed))


def _text(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ControlError(f"{name} is a text.")
    return value.strip()


def _changed(user: User, body: dict[str, object]) -> User:
    licensed, enabled = body.get("licensed", user.licensed), body.get("enabled", user.enabled)
    if not isinstance(licensed, bool) or not isinstance(enabled, bool):
        raise ControlError("licensed and enabled are true or false.")
    return replace(user, licensed=licensed, enabled=enabled)
