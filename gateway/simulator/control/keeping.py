"""The state of a simulator as one document: for a file, and for its hash.

Kept are records with their ids and versions, number series, streams, subscriptions, users,
consents, secrets, refresh tokens, the key that signs tokens and the clock; not kept are faults
and the journal. A part of the state is one entry of ``_PARTS``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import msgspec

from gateway.simulator.catalogue.entities import Catalogue, load_catalogue
from gateway.simulator.control.kept import (
    KeptCompany,
    Moment,
    company_of,
    inside,
    set_of,
    values_of,
)
from gateway.simulator.entra.signin import Refresh
from gateway.simulator.environments import Environment
from gateway.simulator.records.store import Company, Record, Table
from gateway.simulator.records.values import encode_json
from gateway.simulator.seed.companies import TENANTS, User
from gateway.simulator.state import State
from gateway.simulator.webhooks.subscriptions import Noted, Subscription

FORMAT = "bc-gateway simulator"
VERSION = 1
_MOMENT = "Edm.DateTimeOffset"


class _Subscription(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    version: int
    values: dict[str, Any]
    company: str
    name: str
    pending: dict[str, tuple[str, Moment]]
    first: Moment | None
    dated: bool


class _Environment(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    type: str
    release: str
    companies: list[KeptCompany]
    subscriptions: list[_Subscription]


class _Refresh(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    client: str
    username: str
    scopes: tuple[str, ...]
    expires: Moment


class _Registrations(msgspec.Struct, forbid_unknown_fields=True):
    secrets: dict[str, dict[str, Moment | None]]
    roles: list[tuple[str, str, tuple[str, ...]]]
    tenants: list[tuple[str, str]]
    users: list[tuple[str, str]]


class _Clock(msgspec.Struct, forbid_unknown_fields=True):
    ahead: float
    still: Moment | None


class _Document(msgspec.Struct):
    format: str
    version: int
    parts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of the document: how it is taken from a state, its type, how it is put back."""

    shown: Callable[[State], object]
    type: Any
    put: Callable[[State, Any], None]


def written(state: State) -> bytes:
    """The state as a document."""
    parts = {name: part.shown(state) for name, part in _PARTS.items()}
    return encode_json({"format": FORMAT, "version": VERSION, "parts": parts})


def read(state: State, document: bytes) -> None:
    """Put a document's state in place of the one there is. Raises ValueError with a sentence,
    and the state is as before then.
    """
    decoder = msgspec.json.Decoder(_Document, float_hook=Decimal)
    try:
        found = decoder.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it is no state of a simulator, or only a part of one: {error}") from None
    if found.format != FORMAT or found.version != VERSION:
        raise ValueError(
            f"it is '{found.format}' version {found.version}, not '{FORMAT}' version {VERSION}"
        )
    if found.parts.keys() | _LATER != _PARTS.keys():
        raise ValueError(f"its parts are not {', '.join(_PARTS)}")
    before = written(state)
    try:
        _put(state, found.parts)
    except ValueError:
        _put(state, decoder.decode(before).parts)
        raise


def digest(state: State) -> str:
    """The SHA-256 of environments and users: the same after the same calls on the same seed.

    The time of day is no part of it, so moments such as ``lastModifiedDateTime`` are left out.
    """
    timeless = [_environment(one, timeless=True) for one in state.environments.values()]
    users = [asdict(user) for user in state.signins.accounts]
    return hashlib.sha256(encode_json([timeless, users])).hexdigest()


def _put(state: State, parts: dict[str, Any]) -> None:
    for name, part in _PARTS.items():
        try:
            if name in parts:
                part.put(state, msgspec.convert(parts[name], part.type))
        except msgspec.ValidationError as error:
            raise ValueError(f"its {name} can not be read: {error}") from None


def _environment(environment: Environment, *, timeless: bool = False) -> dict[str, object]:
    companies = [_company(one, timeless=timeless) for one in environment.companies.values()]
    return {
        "name": environment.name,
        "type": environment.type,
        "release": environment.release,
        "companies": companies,
        # Their ids are drawn anew in every run.
        "subscriptions": [] if timeless else _subscriptions(environment),
    }


def _subscriptions(environment: Environment) -> list[object]:
    return [
        {
            "id": one.record.id,
            "version": one.record.version,
            "values": one.record.values,
            "company": one.company,
            "name": one.entity_set.name,
            "pending": one.pending,
            "first": one.first,
            "dated": one.dated,
        }
        for one in environment.subscriptions.by_id.values()
    ]


def _company(company: Company, *, timeless: bool) -> dict[str, object]:
    return {
        "id": company.id,
        "name": company.name,
        "display_name": company.display_name,
        "currency": company.currency,
        "created": "" if timeless else company.created,
        "version": company.version,
        "random": company.random.getstate(),
        "series": dict(sorted(company.series.items())),
        "streams": [
            [*key, base64.b64encode(data).decode()] for key, data in sorted(company.streams.items())
        ],
        "tables": {
            name: _records(table, timeless=timeless)
            for name, table in sorted(company.tables.items())
            if table.records
        },
    }


def _records(table: Table, *, timeless: bool) -> list[object]:
    left_out = {f.name for f in table.entity_set.fields if timeless and f.type == _MOMENT}
    return [
        [
            record.id,
            record.version,
            {name: value for name, value in record.values.items() if name not in left_out},
        ]
        for record in table.records.values()
    ]


def _put_environments(state: State, kept: list[_Environment]) -> None:
    environments: dict[str, Environment] = {}
    for at, one in enumerate(kept):
        if one.name.lower() in environments:
            raise ValueError(f"environments[{at}]: the name '{one.name}' is there twice")
        environments[one.name.lower()] = _put_environment(state, one, f"environments[{at}]")
    state.take(environments)


def _put_environment(state: State, kept: _Environment, place: str) -> Environment:
    """An environment with its companies: at least one, as every request is about one."""
    try:
        load_catalogue(kept.release)
    except ValueError as error:
        raise ValueError(f"{place}.release: {error}") from None
    companies: dict[str, Company] = {}
    for at, one in enumerate(kept.companies):
        if one.id in companies:
            raise ValueError(f"{place}.companies[{at}]: the id '{one.id}' is there twice")
        companies[one.id] = company_of(one, state.stored, f"{place}.companies[{at}]")
    if not companies:
        raise ValueError(f"{place}.companies: there is none")
    environment = Environment(kept.name, kept.type, companies, kept.release)
    for at, told in enumerate(kept.subscriptions):
        environment.subscriptions.put(
            _subscription(told, state.stored, f"{place}.subscriptions[{at}]")
        )
    return environment


def _subscription(kept: _Subscription, catalogue: Catalogue, place: str) -> Subscription:
    values = values_of(catalogue.sets["subscriptions"], kept.values, place)
    record = Record(kept.id, values, kept.version)
    entity_set = set_of(catalogue, kept.name, place)
    pending = {key: Noted(kind, at) for key, (kind, at) in kept.pending.items()}
    for note in pending.values():
        inside(note.at, f"{place}.pending")
    first = inside(kept.first, f"{place}.first")
    return Subscription(record, kept.company, entity_set, pending, first, kept.dated)


def _refreshes(state: State) -> list[object]:
    return [
        {
            "token": token,
            "client": refresh.client,
            "username": refresh.user.username,
            "scopes": refresh.scopes,
            "expires": refresh.expires,
        }
        for token, refresh in state.signins.refreshes.items()
    ]


def _put_refreshes(state: State, kept: list[_Refresh]) -> None:
    state.signins.refreshes.clear()
    for one in kept:
        user = state.signins.accounts.find(one.username)
        if user is None:
            raise ValueError(f"refreshes: there is no user '{one.username}'")
        refresh = Refresh(one.client, user, one.scopes, one.expires)
        state.signins.refreshes[one.token] = refresh


def _registrations(state: State) -> dict[str, object]:
    known = state.registrations
    return {
        "secrets": known.secrets,
        "roles": [[*key, roles] for key, roles in known.roles.items()],
        "tenants": sorted(known.tenants),
        "users": sorted(known.users),
    }


def _put_registrations(state: State, kept: _Registrations) -> None:
    known = state.registrations
    if kept.secrets.keys() != known.secrets.keys():
        raise ValueError("consents.secrets: they are of other applications")
    known.secrets = kept.secrets
    known.roles = {(tenant, application): roles for tenant, application, roles in kept.roles}
    known.tenants, known.users = set(kept.tenants), set(kept.users)


def _put_users(state: State, users: list[User]) -> None:
    tenants = {tenant.id for tenant in TENANTS}
    for at, user in enumerate(users):
        if user.tenant not in tenants:
            raise ValueError(f"users[{at}]: there is no tenant '{user.tenant}'")
    state.signins.accounts.replace(users)


def _put_clock(state: State, kept: _Clock) -> None:
    try:
        state.clock.restore(kept.ahead, kept.still)
    except ValueError as error:
        raise ValueError(f"clock: {error}") from None


def _clock(state: State) -> dict[str, object]:
    ahead, still = state.clock.setting
    return {"ahead": ahead, "still": still}


def _put_signing(state: State, pem: str) -> None:
    try:
        state.tokens.key = pem
    except ValueError as error:
        raise ValueError(f"signing: {error}") from None


_LATER = frozenset({"signing"})  # what files of earlier versions do not have
_PARTS = {
    "clock": _Part(_clock, _Clock, _put_clock),
    "users": _Part(
        lambda state: [asdict(user) for user in state.signins.accounts],
        list[User],
        _put_users,
    ),
    "consents": _Part(_registrations, _Registrations, _put_registrations),
    "signing": _Part(lambda state: state.tokens.key, str, _put_signing),
    "refreshes": _Part(_refreshes, list[_Refresh], _put_refreshes),
    "environments": _Part(
        lambda state: [_environment(one) for one in state.environments.values()],
        list[_Environment],
        _put_environments,
    ),
}
