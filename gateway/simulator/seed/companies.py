"""What the simulator starts with. Everybody and everything here is invented.

================  ==========================================================================
Client            ``11111111-1111-4111-8111-111111111111``, secret ``simulator-secret``, any
                  redirect URI on loopback
Tenant            Harwick Distributors, ``7b1f1c8e-2d0a-4d55-9a3e-5b7d0c2f4e61``, domain
                  ``harwick.example``; its administrator has consented to the client
Other tenant      Larkfield Trading, ``2c9d4f0e-8a31-4b6c-9e57-1d3f5a7b9c24``, domain
                  ``larkfield.example``: has no environment and never consented
Users             ``admin@harwick.example`` (administrator), ``clerk@harwick.example``,
                  ``visitor@harwick.example`` (no Business Central licence),
                  ``owner@larkfield.example`` (administrator of the other tenant)
Environments      ``Production`` (Production) and ``Sandbox`` (Sandbox, a copy with the same ids)
Companies         *Harwick Distributors Ltd* ``c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e01`` (GBP),
                  *Harwick Ireland* ``c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e02`` (EUR)
Customers         10000, 20000, 30000 (VAT 20 %), 40000 (export, no VAT, EUR), 50000 (blocked
                  for invoices), 60000 (blocked for everything)
Items             1896-S, 1900-S, 1906-S, 1928-S, 1972-S (blocked), 000, 10115, 1E5, 0X10;
                  1928-S is zero-rated, the others carry 20 % VAT
Vendors           V00010, V00020 (EUR), V00030 (blocked for payments, without a name)
Accounts          posting accounts from 10100 to 60400, the heading 40000, the total 49990, and
                  99000 without a category
Invoices          S-INV101999 (draft), 103001 (to be paid, from an order that is gone), 103002
                  (paid, EUR), 103003 (canceled)
Purchase orders   105998 (released, partly received), 105999 (draft, EUR)
Ledger entries    2031 to 2052: an opening balance, the invoice 103001, a payment; of items one
                  for the stock of each, 100 pieces
Codes             currencies EUR, USD (and GBP in Ireland); payment terms 14 DAYS, 1M(8D),
                  30 DAYS, CM, COD; units BOX, HOUR, PCS; VAT groups STANDARD, ZERO and
                  DOMESTIC, EU, EXPORT
================  ==========================================================================

Ids follow from the seed, the company and the number, so two runs with one seed agree.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.simulator.catalogue.entities import BLANK_TIME, NEWEST, Catalogue, load_stored
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.control.planting import book, fixed_id, plant, plant_document, plant_stock
from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.seed.documents import DOCUMENTS, ENTRIES
from gateway.simulator.seed.rows import LOCAL_CURRENCY, ROWS
from gateway.simulator.seed.seeding import Seeding

CLIENT_ID = "11111111-1111-4111-8111-111111111111"
CLIENT_SECRET = "simulator-secret"  # noqa: S105 - the one published secret of a simulator
TENANT_ID = "7b1f1c8e-2d0a-4d55-9a3e-5b7d0c2f4e61"
TENANT_DOMAIN = "harwick.example"
OTHER_TENANT_ID = "2c9d4f0e-8a31-4b6c-9e57-1d3f5a7b9c24"
OTHER_TENANT_DOMAIN = "larkfield.example"

COMPANIES = (
    ("c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e01", "Harwick Distributors Ltd", "GBP"),
    ("c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e02", "Harwick Ireland", "EUR"),
)
ENVIRONMENTS = (("Production", "Production"), ("Sandbox", "Sandbox"))

# A company's own currency is none of its foreign ones.
_FOREIGN = frozenset({"currencies", "currencyExchangeRates"})


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can sign in, while the account is ``enabled``. ``licensed`` tells whether
    Business Central lets them in, ``administrator`` whether they consent for the whole tenant
    and see the admin center.
    """

    username: str
    name: str
    object_id: str
    tenant: str
    licensed: bool = True
    administrator: bool = False
    enabled: bool = True


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


TENANTS = (
    Tenant(TENANT_ID, TENANT_DOMAIN, "Harwick Distributors"),
    Tenant(OTHER_TENANT_ID, OTHER_TENANT_DOMAIN, "Larkfield Trading"),
)
APPLICATIONS = (Application(CLIENT_ID, CLIENT_SECRET, "Order gateway"),)
USERS = (
    *(
        User(
            username=f"{name}@{TENANT_DOMAIN}",
            name=shown,
            object_id=fixed_id(name),
            tenant=TENANT_ID,
            licensed=licensed,
            administrator=name == "admin",
        )
        for name, shown, licensed in (
            ("admin", "Ada Winterbourne", True),
            ("clerk", "Colm Farraday", True),
            ("visitor", "Vera Lindqvist", False),
        )
    ),
    User(
        username=f"owner@{OTHER_TENANT_DOMAIN}",
        name="Otis Larkfield",
        object_id=fixed_id("owner"),
        tenant=OTHER_TENANT_ID,
        administrator=True,
    ),
)


def build_environments(
    catalogue: Catalogue, clock: Clock, seeding: Seeding, release: str = NEWEST
) -> dict[str, Environment]:
    """Fresh environments with their companies, by lower-case name.

    Raises BusinessCentralError for rows of one's own that no company takes, ValueError for a
    field that is not there.
    """
    created, environments = timestamp(clock.now()), {}
    extras: dict[str, list[tuple[str, Record]]] = {}
    for name, kind in ENVIRONMENTS:
        companies = {}
        for identity in COMPANIES:
            company = build_company(catalogue, created, seeding.number, name, identity)
            if company.id in extras:
                _insert(company, extras[company.id])
                _book(company, extras[company.id])
            else:
                extras[company.id] = _plant_extras(company, seeding)
            companies[company.id] = company
        environments[name.lower()] = Environment(name, kind, companies, release)
    return environments


def build_company(
    catalogue: Catalogue, created: str, seed: int, environment: str, identity: tuple[str, str, str]
) -> Company:
    """A fresh company; ``identity`` is its id, its name and its currency."""
    ids = random.Random(f"{seed}/{environment}/{identity[0]}")  # noqa: S311 - ids must be repeatable
    company = _empty(catalogue, identity, created, ids)
    _insert(company, _rows(seed, identity))
    return company


def _insert(company: Company, rows: Iterable[tuple[str, Record]]) -> None:
    for entity_set, record in rows:
        own = dict(record.values)
        if "lastModifiedDateTime" in own:
            own["lastModifiedDateTime"] = company.created
        company.insert(entity_set, own, record.id)


def _book(company: Company, rows: Iterable[tuple[str, Record]]) -> None:
    """What accounts come to follows from entries that were put in."""
    for entity_set, record in rows:
        if entity_set == "generalLedgerEntries":
            book(company, record.values)


def _plant_extras(company: Company, seeding: Seeding) -> list[tuple[str, Record]]:
    """Put in what is not invented here: more items, rows of one's own. Gives what was put in."""
    planted = []
    for name, row, place in seeding.wanted():
        try:
            made = plant(company, seeding.number, name, row, company.created)
        except BusinessCentralError as error:
            first = company.id == COMPANIES[0][0]  # what is wrong everywhere is told of it
            raise error.at(place if first else f"{place} in {company.name}") from None
        planted.append((name, made))
        if name == "items" and (
            entry := plant_stock(company, seeding.number, made, company.created)
        ):
            planted.append(("itemLedgerEntries", entry))
    return planted


def _empty(
    catalogue: Catalogue, identity: tuple[str, str, str], created: str, ids: random.Random
) -> Company:
    company_id, name, currency = identity
    return Company(
        id=company_id,
        name=name,
        display_name=name,
        currency=currency,
        catalogue=catalogue,
        random=ids,
        created=created,
    )


@lru_cache(maxsize=16)
def _rows(seed: int, identity: tuple[str, str, str]) -> tuple[tuple[str, Record], ...]:
    """Every record of a fresh company: worked out once, since all of them start with the same."""
    company = _empty(load_stored(), identity, BLANK_TIME, random.Random(seed))  # noqa: S311 - ids must be repeatable
    for entity_set, rows in ROWS.items():
        for row in rows:
            own = company.currency in {row.get("code"), row.get("currencyCode")}
            if own and entity_set in _FOREIGN:
                continue
            plant(company, seed, entity_set, _localised(row, company.currency), company.created)
    _stock(company, seed)
    for entity_set, row, lines in DOCUMENTS:
        plant_document(company, seed, entity_set, row, lines)
    for entry in ENTRIES:
        plant(company, seed, "generalLedgerEntries", entry, company.created)
    _administration(company)
    return tuple(
        (name, record)
        for name, table in company.tables.items()
        for record in table.records.values()
    )


def _stock(company: Company, seed: int) -> None:
    for item in company.table("items").ordered():
        plant_stock(company, seed, item, company.created)


def _administration(company: Company) -> None:
    """The companies and the users, as the automation API lists them."""
    sets = company.catalogue.sets
    for other_id, name, _ in COMPANIES:
        told = {"id": other_id, "name": name, "displayName": name}
        company.insert(
            "automationCompanies", {**sets["automationCompanies"].blanks, **told}, other_id
        )
    for user in USERS:
        if user.tenant == TENANT_ID:
            told = {
                "userSecurityId": user.object_id,
                "userName": user.username.partition("@")[0].upper(),
                "displayName": user.name,
                "state": "Enabled",
                "contactEmail": user.username,
            }
            company.insert("users", {**sets["users"].blanks, **told}, user.object_id)


def _localised(row: Values, currency: str) -> Values:
    return {key: currency if value == LOCAL_CURRENCY else value for key, value in row.items()}
