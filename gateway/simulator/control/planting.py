"""Records put into a company as if people had made them long ago: no series, no permissions.

``seed`` fills fresh companies with it, the control API adds what a test needs. Documents get the
party, the item, the VAT and the totals that Business Central's own rules give them.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from gateway.simulator.catalogue.entities import ZERO_GUID, EntitySet, Field, Value
from gateway.simulator.documents.balances import begin, owe, owed_by
from gateway.simulator.documents.headers import (
    header_changed,
    is_posted,
    line_changed,
    recalculate,
)
from gateway.simulator.documents.rules import DEFAULTS, DOCUMENTS, LINE_STEP
from gateway.simulator.errors import already_exists, dialog
from gateway.simulator.records.declared import next_entry, refuse_double
from gateway.simulator.records.names import settle_name
from gateway.simulator.records.references import relate
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.templates import fill
from gateway.simulator.records.values import GUID, decode_member, stamp

_NAMESPACE = uuid.UUID("5f3b9f0a-8a0e-4c1c-9a55-2f6f7c0b1d11")
_OPENING = "2026-01-01"  # when the stock of the start came


def fixed_id(*parts: object) -> str:
    """The same guid for the same parts, always."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


def plant(company: Company, seed: int, entity_set: str, row: Values, moment: str) -> Record:
    """Insert ``row``; the first fields of it give it its identity.

    A guid field may hold the code of the record it refers to. ``moment`` is when it was last
    changed. Raises KeyError for a field that the set does not have, BusinessCentralError for a
    reference to nothing and for a record that is there already.
    """
    described = company.catalogue.sets[entity_set]
    values: Values = {**described.blanks, **DEFAULTS.get(entity_set, {})}
    if "currencyCode" in described.by_name and not described.custom:
        values["currencyCode"] = company.currency
    for name in row:
        field = described.by_name[name]
        values[name] = _stored(company, seed, described, field, row)
        if field.ref is not None:
            relate(company, described, values, field, set())
    fill(company, described, values, row)
    record_id = _identify(company, seed, described, row, values)
    if described.custom:
        stamp(values, moment, new=True)
    else:
        for name in {"lastModifiedDateTime", "systemCreatedAt"} & values.keys():
            values[name] = row.get(name, moment)
        settle_name(entity_set, values)
    record = company.insert(entity_set, values, record_id)
    if entity_set == "generalLedgerEntries":
        book(company, values)
    return record


def book(company: Company, entry: Values) -> None:
    """What an account comes to is the sum of its entries (source A: Net Change, a FlowField)."""
    account = company.table("accounts").lookup(entry["accountNumber"])
    if account is not None:
        amount = Decimal(entry["debitAmount"]) - Decimal(entry["creditAmount"])
        company.edit("accounts", account)
        account.values["netChange"] = Decimal(account.values["netChange"]) + amount


def _identify(
    company: Company, seed: int, described: EntitySet, row: Values, values: Values
) -> str:
    """The id of a new record, which its key shows. Raises BusinessCentralError."""
    key = "/".join(str(row[name]) for name in list(row)[:2])
    known: object = row.get("code") or row.get("number") or key
    if row.get("code") and (of := company.catalogue.scope(described.name) - {described.identity}):
        known = "/".join(str(values[name]) for name in (*sorted(of), "code"))
    if described.custom:
        refuse_double(company, described, values, None)
        known = [values[name] for name in described.unique] or sorted(row.items())
    record_id = _id(company, seed, described.name, known)
    if company.get(described.name, record_id) is not None:
        named = next((name for name in ("code", "number") if row.get(name)), "")
        told = f"{described.captioned(named)}='{row[named]}'" if named else f"Id='{record_id}'"
        raise already_exists(described.caption, told)
    name = described.identity
    if name is None and len(described.key) == 1 and not described.custom:
        name = described.key[0]
        record_id = str(values[name])
    if name is not None:
        values[name] = record_id
    return record_id


def plant_stock(company: Company, seed: int, item: Record, moment: str) -> Record | None:
    """Where the stock of an item that was put in comes from: an entry for all of it."""
    if not item.values["inventory"]:
        return None
    entry: Values = {
        "entryNumber": next_entry(company, "itemLedgerEntries"),
        "itemNumber": item.values["number"],
        "postingDate": _OPENING,
        "entryType": "Positive_x0020_Adjmt_x002E_",
        "documentNumber": "T00001",
        "description": "Opening stock",
        "quantity": item.values["inventory"],
    }
    return plant(company, seed, "itemLedgerEntries", entry, moment)


def plant_document(
    company: Company, seed: int, entity_set: str, row: Values, lines: tuple[Values, ...]
) -> None:
    """Insert a sales or purchase document and its lines, with the totals that follow."""
    document = DOCUMENTS[entity_set]
    described = company.catalogue.sets[entity_set]
    record = plant(company, seed, entity_set, row, company.created)
    header_changed(company, described, record.values, f"{document.party}Number")
    record.values.update({name: row[name] for name in row if name in document.dates})
    line_set = company.catalogue.sets[document.lines]
    for at, line in enumerate(lines, 1):
        identity = {"documentId": record.id, "sequence": at * LINE_STEP}
        planted = plant(company, seed, document.lines, {**identity, **line}, company.created)
        _follow(company, line_set, planted.values, line)
    recalculate(company, entity_set, record)
    if record.values["status"] == "Open" and is_posted(entity_set, record.values):
        begin(company, record)
        owed = owed_by(company, entity_set, record)
        owe(company, document.party, record.values[f"{document.party}Id"], owed)


def _follow(company: Company, line_set: EntitySet, values: Values, given: Values) -> None:
    """What Business Central does when a line's fields are typed in one after the other."""
    for name, value in given.items():
        values[name] = _number(line_set.by_name[name], value)
        line_changed(company, line_set, values, name)


def _stored(company: Company, seed: int, described: EntitySet, field: Field, row: Values) -> Value:
    given: Value = row[field.name]
    if field.type != "Edm.Guid" or GUID.fullmatch(str(given)):
        return _number(field, given)
    if field.ref == "currencies" and given == company.currency:
        return ZERO_GUID  # as with codes: what is foreign in one company is local in another
    if field.name == "parentId" and field.ref is None:
        return _parent(company, described, row)
    record_id = _id(company, seed, field.ref or "", given)
    if field.ref is None or company.get(field.ref, record_id) is not None:
        return record_id
    found = company.table(field.ref).lookup(given)  # codes of parts are not unique: the first one
    return record_id if found is None else found.id


def _parent(company: Company, described: EntitySet, row: Values) -> str:
    """The id of the record whose part a row is, by the type of the parent and its number or code.

    Raises BusinessCentralError where there is none, or more than one such type.
    """
    kind, number = row.get("parentType"), row["parentId"]
    for owner, way in company.catalogue.leading(described.name):
        if way.until is None and way.fixed.get("parentType") == kind:
            found = company.table(owner.name).lookup(number)
            if found is not None:
                return found.id
    raise dialog(f'The "parentId" does not match to a {decode_member(str(kind or "parentType"))}.')


def _number(field: Field, given: Value) -> Value:
    return Decimal(given) if field.type == "Edm.Decimal" else given


def _id(company: Company, seed: int, entity_set: str, key: object) -> str:
    return fixed_id(seed, company.id, entity_set, key)
