"""What a world is made from: the number, how many items, rows of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.simulator.catalogue.entities import Catalogue, EntitySet, Field
from gateway.simulator.documents.rules import DOCUMENTS, LINES
from gateway.simulator.errors import BusinessCentralError, did_you_mean
from gateway.simulator.records.store import Values
from gateway.simulator.records.values import GUID, read_value

Rows = Mapping[str, tuple[Values, ...]]


@dataclass(frozen=True, slots=True)
class Seeding:
    """``number`` decides every id, ``items`` is how many there are beside the invented ones,
    ``rows`` are one's own, by entity set; every company has all of them.
    """

    number: int = 1
    items: int = 0
    rows: Rows = field(default_factory=dict)

    def wanted(self) -> Iterator[tuple[str, Values, str]]:
        """Every row beside the invented ones, with its entity set and its place."""
        for item in more_items(self.items):
            yield "items", item, str(item["number"])
        for name, rows in self.rows.items():
            for at, row in enumerate(rows):
                yield name, row, f"{name}[{at}]"


def read_own_rows(given: object, stored: Catalogue) -> Rows:
    """Rows of a seed file: an object of lists of objects, by entity set.

    References may be codes or numbers. Documents with lines are not taken. ``stored`` has the
    entity sets there are. Raises ValueError, and BusinessCentralError for a value that a field
    can not hold.
    """
    if not isinstance(given, dict):
        raise ValueError("rows is an object: entity sets with their rows.")  # noqa: TRY004 - one error
    return {name: tuple(_rows(stored.sets, name, rows)) for name, rows in given.items()}


def _rows(known: Mapping[str, EntitySet], name: str, rows: object) -> Iterator[Values]:
    entity_set = known.get(name)
    if name in DOCUMENTS or name in LINES:
        raise ValueError(
            f"'{name}': documents can not be seeded. Create them through the API, or put them "
            "in with POST /_simulator/records."
        )
    if entity_set is None or name == "companies":
        hint = did_you_mean(name, known) if entity_set is None else ""
        raise ValueError(f"'{name}' is no entity set whose rows can be seeded.{hint}")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row for row in rows):
        raise ValueError(f"{name} is a list of objects, each with a field at least.")
    for at, row in enumerate(rows):
        unknown = [key for key in row if key not in entity_set.by_name]
        if unknown:
            hint = did_you_mean(unknown[0], entity_set.by_name)
            raise ValueError(f"{name}[{at}]: {name} has no field '{unknown[0]}'.{hint}")
        try:
            yield {key: _value(entity_set.by_name[key], value) for key, value in row.items()}
        except BusinessCentralError as error:
            raise error.at(f"{name}[{at}]") from None


def _value(field: Field, value: object) -> object:
    """A guid field may hold the code of the record that it refers to."""
    if field.type == "Edm.Guid" and isinstance(value, str) and not GUID.fullmatch(value):
        return value
    return read_value(field, value)


def more_items(count: int) -> Iterator[Values]:
    """``count`` items, each with a number, a price and a cost of its own."""
    for at in range(1, count + 1):
        yield {
            "number": f"P{at:06d}",
            "displayName": f"Part {at}",
            "unitPrice": f"{5 + at % 997}.{at % 100:02d}",
            "unitCost": f"{2 + at % 499}.{at % 100:02d}",
            "baseUnitOfMeasureCode": "PCS",
            "taxGroupCode": "STANDARD",
            "generalProductPostingGroupCode": "RETAIL",
            "inventoryPostingGroupCode": "RESALE",
        }
