"""What the simulator starts with. Everybody and everything here is invented.

================  ==========================================================================
Client            ``11111111-1111-4111-8111-111111111111``, secret ``simulator-secret``, any
                  redirect URI on loopback
Tenant            Harwick Distributors, ``7b1f1c8e-2d0a-4d55-9a3e-5b7d0c2f4e61``, domain
                  ``harwick.example``
Users             ``admin@harwick.example`` (administrator), ``clerk@harwick.example``,
                  ``visitor@harwick.example`` (no Business Central licence)
Environments      ``Production`` (Production) and ``Sandbox`` (Sandbox, a copy with the same ids)
Companies         *Harwick Distributors Ltd* ``c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e01`` (GBP),
                  *Harwick Ireland* ``c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e02`` (EUR)
Customers         10000, 20000, 30000 (VAT 20 %), 40000 (export, no VAT, EUR), 50000 (blocked
                  for invoices), 60000 (blocked for everything)
Items             1896-S, 1900-S, 1906-S, 1928-S, 1972-S (blocked), 000, 10115, 1E5, 0X10;
                  1928-S is zero-rated, the others carry 20 % VAT
Vendors           V00010, V00020
Codes             currencies EUR, USD (and GBP in Ireland); payment terms 14 DAYS, 1M(8D),
                  30 DAYS, CM, COD; units BOX, HOUR, PCS; VAT groups STANDARD, ZERO and
                  DOMESTIC, EU, EXPORT
================  ==========================================================================

Ids follow from the seed, the company and the number, so two runs with one seed agree.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.simulator.catalogue import Catalogue, Value
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.references import relate
from gateway.simulator.rules import DEFAULTS
from gateway.simulator.seed_rows import LOCAL_CURRENCY, ROWS
from gateway.simulator.store import Company, Environment, Values
from gateway.simulator.values import GUID

CLIENT_ID = "11111111-1111-4111-8111-111111111111"
CLIENT_SECRET = "simulator-secret"  # noqa: S105 - the one published secret of a simulator
TENANT_ID = "7b1f1c8e-2d0a-4d55-9a3e-5b7d0c2f4e61"
TENANT_DOMAIN = "harwick.example"

COMPANIES = (
    ("c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e01", "Harwick Distributors Ltd", "GBP"),
    ("c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e02", "Harwick Ireland", "EUR"),
)
ENVIRONMENTS = (("Production", "Production"), ("Sandbox", "Sandbox"))

# A company's own currency is none of its foreign ones.
_FOREIGN = frozenset({"currencies", "currencyExchangeRates"})

_NAMESPACE = uuid.UUID("5f3b9f0a-8a0e-4c1c-9a55-2f6f7c0b1d11")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can sign in. ``licensed`` tells whether Business Central lets them in."""

    username: str
    name: str
    object_id: str
    tenant: str
    licensed: bool = True


@dataclass(frozen=True, slots=True)
class Tenant:
    """One Entra tenant: id, verified domain, display name."""

    id: str
    domain: str
    name: str


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application; redirect URIs on loopback are all accepted."""

    id: str
    secret: str = field(repr=False)
    name: str


TENANTS = (Tenant(TENANT_ID, TENANT_DOMAIN, "Harwick Distributors"),)
APPLICATIONS = (Application(CLIENT_ID, CLIENT_SECRET, "Order gateway"),)
USERS = tuple(
    User(
        username=f"{name}@{TENANT_DOMAIN}",
        name=shown,
        object_id=str(uuid.uuid5(_NAMESPACE, name)),
        tenant=TENANT_ID,
        licensed=licensed,
    )
    for name, shown, licensed in (
        ("admin", "Ada Winterbourne", True),
        ("clerk", "Colm Farraday", True),
        ("visitor", "Vera Lindqvist", False),
    )
)


def build_environments(catalogue: Catalogue, clock: Clock, seed: int) -> dict[str, Environment]:
    """Fresh environments with their companies, by lower-case name."""
    environments = {}
    for name, kind in ENVIRONMENTS:
        companies = [
            _company(catalogue, clock, seed, f"{name}/{identity[0]}", identity)
            for identity in COMPANIES
        ]
        by_id = {company.id: company for company in companies}
        environments[name.lower()] = Environment(name, kind, by_id)
    return environments


def _company(
    catalogue: Catalogue, clock: Clock, seed: int, lane: str, identity: tuple[str, str, str]
) -> Company:
    company_id, name, currency = identity
    company = Company(
        id=company_id,
        name=name,
        display_name=name,
        currency=currency,
        catalogue=catalogue,
        random=random.Random(f"{seed}/{lane}"),  # noqa: S311 - ids must be repeatable
        created=timestamp(clock.now()),
    )
    for entity_set, rows in ROWS.items():
        for row in rows:
            own = currency in {row.get("code"), row.get("currencyCode")}
            if own and entity_set in _FOREIGN:
                continue
            _insert(company, seed, entity_set, _localised(row, currency))
    return company


def _localised(row: Values, currency: str) -> Values:
    return {key: currency if value == LOCAL_CURRENCY else value for key, value in row.items()}


def _id(company: Company, seed: int, entity_set: str, key: object) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{seed}/{company.id}/{entity_set}/{key}"))


def _insert(company: Company, seed: int, entity_set: str, row: Values) -> None:
    described = company.catalogue.sets[entity_set]
    values: Values = {**described.blanks, **DEFAULTS.get(entity_set, {})}
    if described.by_name.get("currencyCode"):
        values["currencyCode"] = company.currency
    for name, given in row.items():
        field = described.by_name[name]
        value: Value = given
        if field.type == "Edm.Guid" and not GUID.fullmatch(given):
            value = _id(company, seed, field.ref or "", given)
        values[name] = Decimal(value) if field.type == "Edm.Decimal" else value
        relate(company, described, values, field, set())
    key = "/".join(str(row[name]) for name in list(row)[:2])
    record_id = _id(company, seed, entity_set, row.get("code") or row.get("number") or key)
    values["id"] = record_id
    if "lastModifiedDateTime" in values:
        values["lastModifiedDateTime"] = company.created
    company.insert(entity_set, values, record_id)
