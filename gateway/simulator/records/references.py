"""Fields that refer to other records: guids and codes that go together.

Setting one of a pair sets the other; sending both so that they disagree is refused
(bc/api.md §10). Called by ``writes`` after every property that relates to something.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.simulator.catalogue.captions import caption_of
from gateway.simulator.catalogue.entities import ZERO_GUID, EntitySet, Field
from gateway.simulator.documents.rules import (
    ACCOUNT_SETS,
    DELIVERIES,
    DOCUMENTS,
    LINE_OBJECTS,
    LINES,
)
from gateway.simulator.errors import dialog, not_simulated, unrelated
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import is_zero

_SHOWN = ("Name", "DisplayName")
# Fields with the number of one thing or another: the field that says of what, and the sets by that.
# Lines of what was delivered call it by other names.
_NAMED_BY = {
    "lineObjectNumber": (
        "lineType",
        {
            called: name
            for kind, (name, _) in LINE_OBJECTS.items()
            for called in (kind, *(told.kinds[kind] for told in DELIVERIES.values()))
        },
    ),
    "sourceNumber": ("sourceType", {"Customer": "customers", "Item": "items", "Vendor": "vendors"}),
}
_KINDS = {"account": "accountType", "balancingAccount": "balanceAccountType"}


def stem_of(field: Field) -> str:
    """``customerId``, ``customerNumber``, ``customerCode`` → ``customer``."""
    for ending in ("Id", "Number", "Code"):
        if field.name.endswith(ending):
            return field.name.removesuffix(ending)
    return field.name


def partner_of(entity_set: EntitySet, field: Field) -> Field | None:
    """The other field of an id and code pair."""
    stem = stem_of(field)
    endings = ("Number", "Code", "") if field.type == "Edm.Guid" else ("Id",)
    names = (stem + ending for ending in endings)
    partners = (entity_set.by_name.get(name) for name in names)
    return next((p for p in partners if p is not None and p.ref == field.ref and p != field), None)


def relate(
    company: Company, entity_set: EntitySet, values: Values, field: Field, given: Collection[str]
) -> None:
    """Look up what ``field`` now refers to and fill its partner.

    ``given`` names the properties that the caller sent already. Raises BusinessCentralError
    when there is no such record, or when the pair does not agree.
    """
    if field.ref is None or entity_set.name == "dimensionSetLines":  # ``dimensions`` knows it
        return
    found = _find(company, entity_set, values, field)
    partner = partner_of(entity_set, field)
    if found is not None and partner is not None and partner.name in given:
        _agree(company, found, values, field, partner)
    record_id = found.id if found else ZERO_GUID
    local = field.ref == "currencies" and not entity_set.custom
    code = _code(company, field, found) if found else company.currency if local else ""
    for one in (field, partner):
        if one is not None:
            values[one.name] = record_id if one.type == "Edm.Guid" else code
    for ending in _SHOWN if stem_of(field) != "journal" else ():
        shown = entity_set.by_name.get(stem_of(field) + ending)
        if shown is not None:
            values[shown.name] = found.values.get("displayName", "") if found else ""


def rename(company: Company, entity_set: EntitySet, old: object, record: Record) -> None:
    """A new number follows to every record that names the old one (bc/api.md §10)."""
    new = record.values[entity_set.known_by]
    if "setUpCode" in record.values and not record.values["setUpCode"]:
        record.values["setUpCode"] = old  # the VAT set-up goes on under the new name
    for name, table in company.tables.items():
        fields = [one for one in table.entity_set.fields if entity_set.name in _refs_of(name, one)]
        for other in table.records.values() if fields else ():
            stale = [
                one.name
                for one in fields
                if other.values[one.name] == old
                and _ref_of(table.entity_set, other.values, one) == entity_set.name
            ]
            if stale:
                company.edit(name, other)
                other.values.update(dict.fromkeys(stale, new))
                table.changed()


def _refs_of(name: str, field: Field) -> Collection[str]:
    """The sets that a field of the set ``name`` may refer to."""
    if field.name in _NAMED_BY:
        return _NAMED_BY[field.name][1].values()
    if name == "journalLines" and stem_of(field) in _KINDS:
        return ACCOUNT_SETS.values()
    return (_taxed(name, field) or field.ref or "",)


def _taxed(name: str, field: Field) -> str:
    return "taxGroups" if name in LINES and field.name == "taxCode" else ""


def _ref_of(entity_set: EntitySet, values: Values, field: Field) -> str:
    """The set referred to; that of a journal line's account follows from the account's type, that
    of a document's line from what it sells.
    """
    if field.name in _NAMED_BY:
        told, sets = _NAMED_BY[field.name]
        return sets.get(values[told], "")
    if tax := _taxed(entity_set.name, field):
        return tax
    kind = _KINDS.get(stem_of(field)) if entity_set.name == "journalLines" else None
    return ACCOUNT_SETS.get(values[kind], "") if kind is not None else field.ref or ""


def _find(company: Company, entity_set: EntitySet, values: Values, field: Field) -> Record | None:
    """The record referred to; None for a blank reference."""
    ref = _ref_of(entity_set, values, field)
    if not ref:
        raise not_simulated(f"accounts of the type {values[_KINDS[stem_of(field)]]}")
    value = values[field.name]
    if field.type == "Edm.Guid":
        if is_zero(value):
            return None
        found = company.get(ref, value)
        if found is None:
            caption = company.table(ref).entity_set.caption
            raise dialog(f'The "{field.name}" does not match to a {caption}.')
        return found
    # Custom pages do not know the local currency by its code (bc/pitfalls.md, «Local currency»).
    local = ref == "currencies" and value.upper() == company.currency and not entity_set.custom
    if not value or local:
        return None
    target = company.table(ref).entity_set
    is_text = target.custom and not target.by_name[target.known_by].code
    found = company.table(ref).lookup(value if is_text else value.upper())
    if found is None:
        raise unrelated(
            entity_set.captioned(field.name),
            DOCUMENTS[LINES[entity_set.name]].line_table
            if entity_set.name in LINES
            else entity_set.caption,
            value,
            company.table(ref).entity_set.caption,
        )
    return found


def _agree(company: Company, found: Record, values: Values, field: Field, partner: Field) -> None:
    other = values[partner.name]
    key = found.id if partner.type == "Edm.Guid" else _code(company, field, found)
    if other != key:
        first, second = sorted((field.name, partner.name))
        raise dialog(
            f"The {first} and {second} values do not match to a specific "
            f"{caption_of(stem_of(field))}."
        )


def _code(company: Company, field: Field, record: Record) -> str:
    target = company.table(field.ref).entity_set if field.ref else None
    if target is not None and target.custom:
        return str(record.values[target.known_by])
    code: str = record.values.get("number") or record.values.get("code") or ""
    return code
