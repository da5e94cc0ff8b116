"""Records out of a state file, which people may have changed: read back with their types.

Called by ``keeping``. Everything here raises ValueError with a sentence that begins with the
place of what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import random
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from gateway.simulator.catalogue.entities import Catalogue, EntitySet, Field, Value
from gateway.simulator.clock import FIRST, LAST
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.records.store import Company, Record, Table, Values
from gateway.simulator.records.values import plain_number, read_value

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_MOMENT = Field("created", "Edm.DateTimeOffset")
_LARGEST_SUM = Decimal(10) ** 25
_SHOWN = 40  # characters of a value that is told


class KeptCompany(msgspec.Struct, forbid_unknown_fields=True):
    """A company as a state file has it."""

    id: str
    name: str
    display_name: str
    currency: str
    created: str
    version: int
    random: tuple[int, tuple[int, ...], float | None]
    series: dict[str, int]
    streams: list[tuple[str, str, str, str]]
    tables: dict[str, list[Any]]


def company_of(kept: KeptCompany, catalogue: Catalogue, place: str) -> Company:
    """The company with all its records. Raises ValueError."""
    ids = random.Random()  # noqa: S311 - goes on where it was
    try:
        ids.setstate(kept.random)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{place}.random is broken") from None
    try:
        streams = {
            (s, i, f): base64.b64decode(text, validate=True) for s, i, f, text in kept.streams
        }
    except (ValueError, binascii.Error):
        raise ValueError(f"{place}.streams is broken") from None
    company = Company(
        id=kept.id,
        name=kept.name,
        display_name=kept.display_name,
        currency=kept.currency,
        catalogue=catalogue,
        random=ids,
        created=str(_value(_MOMENT, kept.created, place)),
        series=kept.series,
        streams=streams,
    )
    for name, records in kept.tables.items():
        set_of(catalogue, name, f"{place}.tables")
        _fill(company.table(name), records, f"{place}.tables.{name}")
    company.version = kept.version
    return company


def set_of(catalogue: Catalogue, name: str, place: str) -> EntitySet:
    """The entity set of a name. Raises ValueError."""
    entity_set = catalogue.sets.get(name)
    if entity_set is None:
        hint = "; the seed file declares it no more, or none was named"
        raise ValueError(f"{place}: there is no entity set '{name}'{hint}")
    return entity_set


def _fill(table: Table, records: list[Any], place: str) -> None:
    for at, kept in enumerate(records):
        match kept:
            case [str(record_id), int(version), dict(values)] if not isinstance(version, bool):
                if record_id in table.records:
                    raise ValueError(f"{place}[{at}]: the id '{record_id}' is there twice")
                own = values_of(table.entity_set, values, f"{place}[{at}]")
                table.records[record_id] = Record(record_id, own, version)
            case _:
                raise ValueError(f"{place}[{at}] is no record: an id, a version and its fields")


def values_of(entity_set: EntitySet, kept: dict[str, Any], place: str) -> Values:
    """The values with their types again; fields that were not known then are blank.

    Raises ValueError.
    """
    values = dict(entity_set.blanks)
    for name, value in kept.items():
        field = entity_set.by_name.get(name)
        if field is None or name not in values:
            raise ValueError(f"{place}: {entity_set.name} has no field '{name}'")
        blank = values[name]
        if type(value) is not type(blank) or value != blank:
            values[name] = _value(field, value, place)
    return values


def _value(field: Field, value: object, place: str) -> Value:
    """A value of the field's type; texts, members of enums and sums as they are, since those of
    the simulator itself may be longer than what is taken. Raises ValueError.
    """
    if isinstance(value, str) and (field.enum or field.type == "Edm.String"):
        return value
    if field.type == "Edm.Decimal" and (number := _number(value)) is not None:
        return number
    try:
        if value is not None:
            return read_value(field, value)
    except BusinessCentralError:
        pass
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    raise ValueError(f"{place}: '{field.name}' can not be {shown}")


def _number(value: object) -> Decimal | None:
    """What is a number and can be a sum."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return plain_number(number) if abs(number) < _LARGEST_SUM else None


def inside(moment: datetime | None, place: str) -> datetime | None:
    """A moment that the clock can come to. Raises ValueError."""
    if moment is not None and not FIRST <= moment <= LAST:
        raise ValueError(f"{place}: it is between {FIRST.year} and {LAST.year}")
    return moment
