"""The admin center's API: the environments of a tenant (bc/api.md §1). ``listener`` calls it.

Errors have a shape of their own, ``{code, message, target}``, and never the one of the data API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.simulator.entra.registrations import ADMIN_CENTER_ROLE
from gateway.simulator.entra.tokens import Claims
from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError, not_simulated
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.seed.companies import USERS

_NEWEST = 29  # v2.29
_VERSION = re.compile(r"v2\.(\d{1,3})")
_FAMILY = "BusinessCentral"
_ADMINISTRATORS = frozenset(user.object_id for user in USERS if user.administrator)


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):
    status: int
    code: str
    text: str
    target: str = ""


def is_admin_center(call: Call) -> bool:
    """Whether the call is to the admin API."""
    return call.path.startswith("/admin/")


def admin_answer(
    call: Call, claims: Claims | None, environments: Mapping[str, Environment]
) -> Answer:
    """Serve one call; ``environments`` are those of the caller's tenant, by lower-case name.

    Statuses of refusals are a choice: 401 without a good token, 403 for who is no administrator
    and no application with ``AdminCenter.ReadWrite.All``, 404 for what is not there.
    """
    try:
        return json_answer(200, _read(call, claims, environments))
    except _Refusal as refusal:
        body = {"code": refusal.code, "message": refusal.text}
        if refusal.target:
            body["target"] = refusal.target
        answer = json_answer(refusal.status, body)
        return answer.with_headers(WWW_Authenticate="Bearer") if refusal.status == 401 else answer


def _read(
    call: Call, claims: Claims | None, environments: Mapping[str, Environment]
) -> dict[str, object]:
    if claims is None:
        raise _Refusal(401, "Unauthorized", "The caller could not be authenticated.")
    if claims["oid"] not in _ADMINISTRATORS and ADMIN_CENTER_ROLE not in claims.get("roles", ()):
        raise _Refusal(403, "Forbidden", "The caller is not allowed to administrate the tenant.")
    _, version, *rest = [*call.segments, ""]
    rest = rest[:-1]
    number = _VERSION.fullmatch(version)
    if number is None or int(number.group(1)) > _NEWEST:
        raise _Refusal(404, "Unknown", f"There is no API version '{version}'.")
    if rest[:1] != ["applications"]:
        raise _later()
    family, named = _FAMILY, rest[1:]
    if named[:1] != ["environments"]:
        family, named = next(iter(named), ""), named[1:]
    if family and family.lower() != _FAMILY.lower():
        text = f"The application family '{family}' does not exist."
        raise _Refusal(404, "applicationTypeDoesNotExist", text, family)
    if call.method != "GET" or named[:1] != ["environments"] or len(named) > 2:
        raise _later()
    if len(named) == 1:
        return {"value": [_described(call, claims, each) for each in environments.values()]}
    found = environments.get(named[1].lower())
    if found is None:
        text = f"The environment '{named[1]}' was not found."
        raise _Refusal(404, "environmentNotFound", text, named[1])
    return _described(call, claims, found)


def _later() -> BusinessCentralError:
    return not_simulated("the admin API beyond reading the environments")


def _described(call: Call, claims: Claims, environment: Environment) -> dict[str, object]:
    return {
        "friendlyName": environment.name,
        "type": environment.type,
        "name": environment.name,
        "countryCode": "GB",
        "applicationFamily": _FAMILY,
        "aadTenantId": claims["tid"],
        "status": "Active",
        "webClientLoginUrl": f"{call.origin}/{claims['tid']}/{environment.name}",
        "webServiceUrl": call.origin,
        "locationName": "UK South",
        "geoName": "United Kingdom",
        "ringName": "PROD",
        "appInsightsKey": "",
        "versionDetails": {"version": environment.version},
    }
