"""What operators and administrators do at Microsoft, for the control API: secrets and consents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from gateway.simulator.clock import timestamp
from gateway.simulator.entra.registrations import KNOWN_ROLES, ROLES
from gateway.simulator.errors import ControlError
from gateway.simulator.seed.companies import APPLICATIONS, TENANTS, Tenant
from gateway.simulator.state import State

_MOST_SECONDS = 10 * 365 * 86_400


def put_secret(state: State, body: Mapping[str, object]) -> dict[str, object]:
    """Add a secret, or say when it expires: ``seconds`` from now. Raises ControlError."""
    secret, seconds = body.get("secret"), body.get("seconds")
    if not isinstance(secret, str) or not secret:
        raise ControlError("secret is a text.")
    expires = None
    if seconds is not None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ControlError("seconds is a number.")
        if not 0 <= seconds <= _MOST_SECONDS:
            raise ControlError(f"seconds is between 0 and {_MOST_SECONDS}.")
        expires = state.clock.now() + timedelta(seconds=seconds)
    state.registrations.secrets[APPLICATIONS[0].id][secret] = expires
    return {"expires": timestamp(expires) if expires else None}


def remove_secret(state: State, body: Mapping[str, object]) -> None:
    """Remove a secret; it is refused as wrong from now on. Raises ControlError."""
    secrets = state.registrations.secrets[APPLICATIONS[0].id]
    secret = body.get("secret")
    if not isinstance(secret, str):
        raise ControlError("secret is a text.")
    if secret not in secrets:
        raise ControlError("The application has no such secret.", 404)
    del secrets[secret]


def consents(state: State) -> dict[str, object]:
    """Who has consented to the application, by tenant."""
    application, known = APPLICATIONS[0], state.registrations
    value = [
        {
            "tenant": tenant.id,
            "domain": tenant.domain,
            "roles": list(known.roles_in(tenant.id, application)),
            "for_everybody": (tenant.id, application.id) in known.tenants,
            "users": [
                user.username
                for user in state.signins.accounts
                if user.tenant == tenant.id and (user.object_id, application.id) in known.users
            ],
        }
        for tenant in TENANTS
    ]
    return {"value": value}


def give_consent(state: State, body: Mapping[str, object]) -> None:
    """An administrator consents for everybody, to ``roles`` too. Raises ControlError."""
    roles = body.get("roles", list(ROLES))
    if not isinstance(roles, list) or not all(role in KNOWN_ROLES for role in roles):
        raise ControlError(f"roles is a list of {', '.join(KNOWN_ROLES)}.")
    tenant = _tenant(body)
    state.registrations.consent_for_all(tenant.id, APPLICATIONS[0], tuple(roles))


def withdraw_consent(state: State, body: Mapping[str, object]) -> None:
    """A tenant takes all consents back. Raises ControlError."""
    state.registrations.withdraw(_tenant(body).id, APPLICATIONS[0], tuple(state.signins.accounts))


def _tenant(body: Mapping[str, object]) -> Tenant:
    name = str(body.get("tenant", TENANTS[0].id)).lower()
    for tenant in TENANTS:
        if name in {tenant.id, tenant.domain}:
            return tenant
    raise ControlError(f"There is no tenant '{name}'.", 404)
