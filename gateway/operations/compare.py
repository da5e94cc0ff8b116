"""What was sent and what stands in Business Central, field by field. Pure.

After a success a difference is a warning. After an unknown outcome the comparison tells our own
record from somebody else's with the same reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

from gateway.wire import Entity, Field, decode_value, same_code

Entities = Callable[[str], Entity]
Row = Mapping[str, object]

# Words may be shortened or completed by Business Central; these say whose record it is.
_IDENTIFYING: Final = frozenset({"guid", "date", "decimal", "integer", "boolean"})

# Without one Business Central answers with that of the company (bc/api.md §10).
_FILLED_IN: Final = frozenset({"currencyCode"})


def differences(entity: Entity, sent: Row, row: Row, entities: Entities) -> list[str]:
    """Targets (`salesOrderLines[0].unitPrice`) of values that are not as they were sent.

    `sent` is a body as it was sent, `row` a decoded record; what `row` does not hold is not
    compared. A line that is missing is named without a field.
    """
    filled_in = {name for name in _FILLED_IN if not sent.get(name)}
    found = _different(entity, sent, row, entities, _any_field)
    return [target for target in found if target not in filled_in]


def same_record(entity: Entity, sent: Row, row: Row, entities: Entities) -> bool:
    """Whether `row` is what a create of `sent` made: party, dates, amounts and lines agree.

    A record without lines is told by all that was sent: another customer may differ in its name
    alone.
    """
    has_lines = any(name in entity.parts for name in sent)
    counts = _identifies if has_lines else _any_field
    return not any(_different(entity, sent, row, entities, counts))


def is_incomplete(entity: Entity, sent: Row, row: Row, entities: Entities) -> bool:
    """Whether `row` is what was sent but for parts that are not there (bc/pitfalls.md 7)."""
    found = set(_different(entity, sent, row, entities, _identifies))
    return bool(found) and all(target.endswith("]") for target in found)


def _any_field(field: Field) -> bool:
    return field.type != "stream"


def _identifies(field: Field) -> bool:
    known = field.code or field.enum is not None or field.type in _IDENTIFYING
    return known or field.name.endswith("Code")  # currencyCode is plain text to Business Central


def _different(
    entity: Entity,
    sent: Row,
    row: Row,
    entities: Entities,
    counts: Callable[[Field], bool],
) -> Iterator[str]:
    for name, value in sent.items():
        if name not in row or row[name] == value:  # decoding what is decoded changes nothing
            continue
        field, part = entity.fields.get(name), entity.parts.get(name)
        if field is not None:
            held = row[name]
            if not same_value(field, decode_value(field, value), held) and counts(field):
                yield name
        elif part is not None and part.many:
            lines = entities(part.entity_set)
            pairs = _paired(cast("list[Row]", value), cast("list[Row]", row[name]))
            for index, (line, there) in enumerate(pairs):
                if there is None:
                    yield f"{name}[{index}]"
                elif line is None:
                    yield f"{name}[{index}].added"
                elif not _agrees(line, there):
                    inside = _different(lines, line, there, entities, counts)
                    yield from (f"{name}[{index}].{target}" for target in inside)


def _agrees(sent: Row, row: Row) -> bool:
    """Whether `row` holds what was sent, as nearly every line does: seen by one comparison."""
    values = list(sent.values())
    return list(map(row.get, sent, values)) == values


def _paired(sent: Sequence[Row], there: Sequence[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Lines by their sequence, in the order sent; then lines that nobody sent."""
    if not all("sequence" in line for line in (*sent, *there)):
        longest = max(len(sent), len(there))
        padded = [[*lines, *[None] * (longest - len(lines))] for lines in (sent, there)]
        yield from zip(*padded, strict=True)
        return
    left = {line["sequence"]: line for line in there}
    for line in sent:
        yield line, left.pop(line["sequence"], None)
    for line in left.values():
        yield None, line


def same_value(field: Field, sent: object, there: object) -> bool:
    """Whether two decoded values of `field` mean the same to Business Central: codes without
    case, numbers by value, a blank as null.
    """
    if sent == there:
        return True
    if sent is None or there is None:
        return (sent or None) is None and (there or None) is None
    if isinstance(sent, str) and isinstance(there, str):
        if field.code:
            return same_code(sent, there)
        if field.type == "guid":
            return sent.lower() == there.lower()
    return False
