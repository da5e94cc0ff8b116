"""Dimensions of master data and of documents (bc/api.md §10; page 30022, source A).

A dimension set line is known by its dimension: its id is the dimension's, so that only its
parent tells it from others. Called by ``writes``, and by ``documents`` where a document becomes
another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gateway.simulator.catalogue.entities import ZERO_GUID, EntitySet
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.errors import already_exists, dialog
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import decode_member, stamp

SET_LINES, DEFAULTS = "dimensionSetLines", "defaultDimensions"


def settle_dimension(
    company: Company,
    entity_set: EntitySet,
    values: Values,
    sent: Collection[str],
    before: Values | None = None,
) -> None:
    """Check and fill what a dimension set line or a default dimension says.

    ``sent`` names the properties that came, ``before`` are the values of a record that changes.
    Other sets are left alone. Raises BusinessCentralError.
    """
    if entity_set.name == SET_LINES:
        refuse_fixed(company, values)
        _settle_line(company, values, sent, before)
    elif entity_set.name == DEFAULTS:
        _settle_default(company, entity_set, values)


def refuse_fixed(company: Company, values: Values) -> None:
    """What only posting makes, shipments, receipts and entries, keeps its dimensions.

    Raises BusinessCentralError.
    """
    kind = values["parentType"]
    for owner, way in company.catalogue.owners(SET_LINES):
        if way.fixed.get("parentType") == kind and "patch" not in owner.verbs:
            raise dialog(
                f"Parent with ID {values['parentId']} does not exist or dimension set lines are "
                f"read only for parent type {decode_member(kind)}."
            )


def mark_parent(company: Company, clock: Clock, name: str, record: Record) -> tuple[str, Record]:
    """The set and the record that a write is one of, marked as changed: dimensions are a field of
    their parent's row (page 30022, SaveDimensions: ``Modify(true)``). Of anything else the record
    itself.
    """
    for owner, way in company.catalogue.owners(SET_LINES) if name == SET_LINES else ():
        parent = company.get(owner.name, record.values["parentId"])
        if parent is not None and way.fixed.get("parentType") == record.values["parentType"]:
            company.edit(owner.name, parent, beyond=True)
            stamp(parent.values, timestamp(clock.now()))
            return owner.name, parent
    return name, record


def inherit(company: Company, name: str, record: Record, party: str) -> None:
    """A new document gets the default dimensions of its ``party`` (customer, vendor).

    A choice: its lines get none, and another party later changes none.
    """
    for default in company.table(DEFAULTS).where("parentId", record.values[f"{party}Id"]):
        value = company.get("dimensionValues", default.values["dimensionValueId"])
        dimension = company.get("dimensions", default.values["dimensionId"])
        if value is not None and dimension is not None:
            _insert(company, name, record, _shown(dimension, value))


def carry(company: Company, source: Record, name: str, made: Record) -> None:
    """What was made of ``source``, a record of the set ``name``, has its dimensions as well."""
    attach(company, name, made, company.table(SET_LINES).where("parentId", source.id))


def set_of(company: Company, *records: Record) -> tuple[Record, ...]:
    """The set lines of the records together; of one dimension the last record has its own."""
    found = {
        str(line.values["code"]): line
        for record in records
        for line in company.table(SET_LINES).where("parentId", record.id)
    }
    return tuple(found[code] for code in sorted(found))


def attach(company: Company, name: str, made: Record, lines: Iterable[Record]) -> None:
    """Give a new record of the set ``name`` these dimensions."""
    for line in lines:
        _insert(company, name, made, line.values)


def _insert(company: Company, name: str, parent: Record, values: Values) -> None:
    way = company.catalogue.sets[name].ways.get(SET_LINES)
    if way is not None:
        blanks = company.table(SET_LINES).entity_set.blanks
        mine = {"parentId": parent.id, **way.fixed}
        company.insert(SET_LINES, {**blanks, **values, **mine}, company.new_id())


def _settle_line(
    company: Company, values: Values, sent: Collection[str], before: Values | None
) -> None:
    if before is not None:
        if any(values[name] != before[name] for name in ("id", "code")):
            raise dialog('The "id" and "code" fields cannot be modified.')
        dimension = company.get("dimensions", values["id"])
    else:
        dimension = _dimension(company, values)
        for other in company.table(SET_LINES).where("parentId", values["parentId"]):
            if other.values["code"] == dimension.values["code"]:
                raise dialog(
                    "The dimension set line already exists. Check existing dimension set lines "
                    "and the default dimension set lines on the parent."
                )
    if dimension is not None and (before is None or {"valueId", "valueCode"} & set(sent)):
        values.update(_shown(dimension, _value(company, dimension, values, sent)))


def _dimension(company: Company, values: Values) -> Record:
    """The dimension that a new line names by id, code, or both."""
    named_id, code = values["id"], values["code"]
    if named_id == ZERO_GUID and not code:
        raise dialog('The "id" or "code" field must be filled in.')
    by_id = named_id != ZERO_GUID
    found = (
        company.get("dimensions", named_id) if by_id else company.table("dimensions").lookup(code)
    )
    if found is None:
        raise dialog(f'The "{"id" if by_id else "code"}" does not match to a Dimension.')
    if code and found.values["code"] != code:
        raise dialog("The dimension field values do not match to a specific Dimension.")
    return found


def _value(company: Company, dimension: Record, values: Values, sent: Collection[str]) -> Record:
    """The value of the dimension that a line names by id, code, or both."""
    table = company.table("dimensionValues")
    value_id = values["valueId"] if "valueId" in sent else ZERO_GUID
    code = values["valueCode"] if "valueCode" in sent else ""
    if value_id == ZERO_GUID and not code:
        raise dialog('The "valueId" or "valueCode" field must be filled in.')
    by_id = value_id != ZERO_GUID
    found = next(
        (
            one
            for one in table.where("dimensionId", dimension.id)
            if (one.id == value_id if by_id else one.values["code"] == code)
        ),
        None,
    )
    if found is None:
        name = "valueId" if by_id else "valueCode"
        raise dialog(f'The "{name}" does not match to a Dimension Value.')
    if code and found.values["code"] != code:
        raise dialog(
            'The values of the "dimensionCode" field and the "dimensionId" field do not refer to '
            "the same Dimension Value."
        )
    return found


def _shown(dimension: Record, value: Record) -> Values:
    return {
        "id": dimension.id,
        "code": dimension.values["code"],
        "consolidationCode": dimension.values.get("consolidationCode", ""),
        "displayName": dimension.values["displayName"],
        "valueId": value.id,
        "valueCode": value.values["code"],
        "valueConsolidationCode": value.values.get("consolidationCode", ""),
        "valueDisplayName": value.values["displayName"],
    }


def _settle_default(company: Company, entity_set: EntitySet, values: Values) -> None:
    value = company.get("dimensionValues", values["dimensionValueId"])
    if value is not None and value.values["dimensionId"] != values["dimensionId"]:
        raise dialog(
            'The "dimensionId" and "dimensionValueId" match to different Dimension records.'
        )
    values["dimensionValueCode"] = value.values["code"] if value is not None else ""
    for other in company.table(DEFAULTS).where("parentId", values["parentId"]):
        same = other.values["dimensionId"] == values["dimensionId"] != ZERO_GUID
        if same and other.values["id"] != values["id"]:
            code = f"Dimension Code='{values['dimensionCode']}'"
            raise already_exists(entity_set.caption, code)
