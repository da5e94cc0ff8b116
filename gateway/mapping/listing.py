"""The verb `list`: its filters, and the record without the fields that lists leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from gateway.documents import did_you_mean
from gateway.mapping.model import FilterSource, ListSource, MappingFile
from gateway.mapping.plan import FieldUse
from gateway.mapping.record import Filter
from gateway.mapping.rules import Findings
from gateway.wire import Entity, Operator


def compile_filters(
    source: ListSource, file: MappingFile, entity: Entity, findings: Findings
) -> tuple[dict[str, Filter], list[FieldUse]]:
    """The filters by name, and the fields they read."""
    filters: dict[str, Filter] = {}
    uses: list[FieldUse] = []
    for one in source.filters:
        if not _filterable(one, entity, findings):
            continue
        values = None if one.table is None else _values(one, file, entity, findings)
        filters[one.name] = Filter(one.field, cast("Operator", one.operator), values)
        place = findings.document.place((*one.path, "field"))
        uses.append(FieldUse(entity.entity_set, one.field, "read", place))
    return filters, uses


def check_omitted(source: ListSource, written: list[str], findings: Findings) -> None:
    """What lists leave out must be something that the record has."""
    for index, name in enumerate(source.omit):
        if name not in written:
            message = f'The record writes no "{name}".'
            path = (*source.path, "omit", index)
            findings.unknown(path, "unknown-field", message, name, written)


def _filterable(one: FilterSource, entity: Entity, findings: Findings) -> bool:
    field = entity.fields.get(one.field)
    path = (*one.path, "field")
    if field is None:
        message = f'{entity.entity_set} has no "{one.field}".'
        hint = did_you_mean(one.field, list(entity.fields))
        findings.at(path, "unknown-field", message, hint=hint)
        return False
    if not field.filterable:
        message = f"Business Central cannot filter {entity.entity_set} by {one.field}."
        findings.at(path, "not-filterable", message)
    if one.operator != "eq" and (field.enum is not None or field.type in {"boolean", "guid"}):
        message = f"Only eq goes with {one.field}."
        findings.at((*one.path, "operator"), "wrong-type", message)
    return True


def _values(
    one: FilterSource, file: MappingFile, entity: Entity, findings: Findings
) -> dict[str, tuple[str, ...]]:
    """The product's words, each with the values in Business Central that mean it."""
    path = (*one.path, "values")
    table: Mapping[str, object] = file.tables.get(one.table or "", {})
    if not table:
        known = [f"tables.{name}" for name in file.tables]
        word = f"tables.{one.table}"
        message = f'There is no table "{one.table}".'
        findings.unknown(path, "unknown-table", message, word, known)
    members = entity.fields[one.field].enum
    words: dict[str, tuple[str, ...]] = {}
    for value, meant in table.items():
        if members is not None and value not in members:
            message = f'"{value}" is no member of {one.field}.'
            entry = ("tables", one.table or "", value)
            hint = did_you_mean(value, list(members))
            findings.at(entry, "not-in-the-enum", message, key=True, hint=hint)
        words[str(meant)] = (*words.get(str(meant), ()), value)
    return words
