"""Keys as addresses have them: read, and written (bc/api.md §1; OData 4.0 Part 2 §4.3.1).

A key of one field is its value, ``'KEY%2FA'`` or a guid; one of several names them,
``code='A',line=1``. A choice: values without names are taken in the order of the key, since
Business Central's own samples of other pages write ``('Order','101005')``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from urllib.parse import quote

from gateway.simulator.catalogue.captions import caption_of
from gateway.simulator.catalogue.entities import EntitySet, Field
from gateway.simulator.documents.rules import DOCUMENTS, LINES
from gateway.simulator.errors import BusinessCentralError, already_exists, bad_key
from gateway.simulator.odata.options import split_top_level
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import GUID, encode_json, read_value

NAMED_KEY = re.compile(r"(\w+)\s*=\s*(?:'((?:[^']|'')*)'|(.*))", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^']|'')*)'", re.DOTALL)
_OF_ENUM = re.compile(r"[\w.]+(?='(?:[^']|'')*'$)")  # Microsoft.NAV.kind'Retail'
_NUMBERS = {
    "Edm.Decimal": re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?"),
    "Edm.Int32": re.compile(r"-?[0-9]{1,18}"),
    "Edm.Int64": re.compile(r"-?[0-9]{1,19}"),
}


def written_key(entity_set: EntitySet, values: Values) -> str:
    """The key of these values, ready for an address: texts in quotes, everything else bare."""
    told = [(name, _written(entity_set.by_name[name], values[name])) for name in entity_set.key]
    return told[0][1] if len(told) == 1 else ",".join(f"{name}={text}" for name, text in told)


def _written(field: Field, value: object) -> str:
    if field.type == "Edm.String" or field.enum:
        return "'" + quote(str(value).replace("'", "''"), safe="") + "'"
    return value if isinstance(value, str) else encode_json(value).decode()


def read_key(entity_set: EntitySet, key: str) -> dict[str, object]:
    """The fields of the key with the values that ``key``, decoded, has for them.

    Raises BusinessCentralError where fields are missing, unknown or of another type.
    """
    parts = [part.strip() for part in split_top_level(key, ",")]
    named = [None if part.startswith("'") else NAMED_KEY.fullmatch(part) for part in parts]
    if all(one is None for one in named) and len(parts) == len(entity_set.key):
        return {
            name: _value(entity_set.by_name[name], part)
            for name, part in zip(entity_set.key, parts, strict=True)
        }
    wanted: dict[str, object] = {}
    for one, part in zip(named, parts, strict=True):
        if one is None or one[1] not in entity_set.key or one[1] in wanted:
            raise bad_key()
        wanted[one[1]] = _value(entity_set.by_name[one[1]], part.partition("=")[2].strip())
    if len(wanted) != len(entity_set.key):
        raise bad_key()
    return wanted


def found_by(wanted: Mapping[str, object], records: Iterable[Record]) -> Record | None:
    """The one of the records that has these values."""
    return next(
        (one for one in records if all(one.values[name] == wanted[name] for name in wanted)), None
    )


def guid_key(entity_set: EntitySet, key: str) -> str:
    """``<guid>``, ``id=<guid>`` or ``'<guid>'`` → the guid in lower case.

    Raises BusinessCentralError.
    """
    text = key.strip()
    named = NAMED_KEY.fullmatch(text)
    if named is not None and named.group(1) in entity_set.key:
        text = named.group(2) or named.group(3) or ""
    if not GUID.fullmatch(text):
        raise bad_key()
    return text.lower()


def string_key(entity_set: EntitySet, key: str) -> str:
    """``'text'`` or ``name='text'`` → the text. Raises BusinessCentralError."""
    named = NAMED_KEY.fullmatch(f"{entity_set.key[0]}={key}" if key.startswith("'") else key)
    if named is None or named.group(1) != entity_set.key[0] or named.group(2) is None:
        raise bad_key()
    return named.group(2).replace("''", "'")


def _value(field: Field, literal: str) -> object:
    """A literal as the store holds it."""
    if field.enum:
        literal = _OF_ENUM.sub("", literal)
    quoted = _QUOTED.fullmatch(literal)
    value: object = literal
    if field.type == "Edm.String" or field.enum:
        if quoted is None:
            raise bad_key()
        value = quoted[1].replace("''", "'")
    elif field.type in _NUMBERS:
        if not _NUMBERS[field.type].fullmatch(literal):
            raise bad_key()
        value = Decimal(literal) if field.type == "Edm.Decimal" else int(literal)
    elif field.type == "Edm.Boolean":
        value = {"true": True, "false": False}.get(literal, literal)
    elif field.type == "Edm.Guid" and quoted is not None:
        value = quoted[1]
    try:
        return read_value(field, value)
    except BusinessCentralError:
        raise bad_key() from None


def same_key(
    company: Company, entity_set: EntitySet, values: Values, key: str
) -> BusinessCentralError:
    """Another record has the same ``key``; the lines of all documents of a party are one table,
    whose own key is told (a choice, after other texts of Business Central: bc/api.md §4).
    """
    told = f"{caption_of(key)}='{values[key]}'"
    if entity_set.name not in LINES:
        return already_exists(entity_set.caption, told)
    name = LINES[entity_set.name]
    document, owner = DOCUMENTS[name], company.get(name, str(values["documentId"]))
    number = "" if owner is None else owner.values["number"]
    whole = f"Document Type='{document.kind}',Document No.='{number}',{told}"
    return already_exists(document.line_table, whole)
