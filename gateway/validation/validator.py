"""A compiled JSON Schema: a payload in, every violation out.

The details name sizes, types and what the schema allows, never a value of the payload.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote, urljoin

import jsonschema_rs

from gateway.documents import meant
from gateway.errors import Violation

MOST_VIOLATIONS: Final = 100

_TYPES: Final = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_FORMATS: Final = {
    "date": "a date such as 2026-11-23",
    "date-time": "a date and time such as 2026-11-23T09:30:00Z",
    "uuid": "a GUID such as 5f8c0000-0000-4000-8000-000000000001",
    "email": "an e-mail address",
    "uri": "an address such as https://shop.example/orders/1",
}
_SENTENCES: Final = {
    "maxLength": "This text has {length} characters, at most {limit} are taken.",
    "minLength": "This text has {length} characters, at least {limit} must be there.",
    "minimum": "This number must be at least {limit}.",
    "maximum": "This number must be at most {limit}.",
    "exclusiveMinimum": "This number must be greater than {limit}.",
    "exclusiveMaximum": "This number must be less than {limit}.",
    "minItems": "This list has {length} elements, at least {limit} must be there.",
    "maxItems": "This list has {length} elements, at most {limit} are taken.",
    "falseSchema": "Business Central or the gateway sets this; leave it out.",
    "uniqueItems": "The elements of this list must differ.",
    "anyOf": "This fits none of the forms that are allowed here.",
    "oneOf": "This fits none, or more than one, of the forms that are allowed here.",
}
_ANY_OTHER: Final = "This does not satisfy the keyword {name} of the schema."


class Validator:
    """One schema, compiled. It may be used by any number of callers at once.

    `format` is asserted, nothing is ever fetched, and a pattern takes time linear in the text.
    `referenced` holds the schemas that `schema` refers to, by address.
    """

    def __init__(self, schema: dict[str, Any], referenced: Mapping[str, Any] | None = None) -> None:
        """Raises `ValueError` when `schema` is not one, or refers to what is not there."""
        self._schema = schema
        self._referenced = referenced or {}
        registry = jsonschema_rs.Registry(
            list(self._referenced.items()), draft=jsonschema_rs.Draft202012
        )
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(
                schema,
                registry=registry,
                validate_formats=True,
                offline=True,
                pattern_options=jsonschema_rs.RegexOptions(),
            )
        except jsonschema_rs.ValidationError as error:
            raise ValueError(error.message) from None
        self._fits = self._compiled.is_valid

    def violations(self, value: object) -> list[Violation]:
        """What is wrong with `value`, at most 100 things; empty when nothing is."""
        if self._fits(value):
            return []
        found = (
            violation
            for error in self._compiled.iter_errors(value)
            for violation in self._violations(error)
        )
        return list(islice(found, MOST_VIOLATIONS))

    def _violations(self, error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
        kind: Any = error.kind
        pointer = json_pointer(error.instance_path)
        match kind.name:
            case "additionalProperties" | "unevaluatedProperties":
                known = self._properties(error.evaluation_path)
                for name in kind.unexpected:
                    yield _unknown(name, pointer, known)
            case "required":
                detail = f'"{kind.property}" is missing.'
                yield Violation("required", detail, pointer=pointer)
            case "anyOf" if missing := _one_of(kind.context):
                detail = f"One of {_listed(missing)} is needed."
                yield Violation("required", detail, pointer=pointer)
            case name:
                rule = "readOnly" if name == "falseSchema" else str(name)
                yield Violation(rule, _detail(error), pointer=pointer)

    def _properties(self, path: Sequence[str | int]) -> Iterable[str]:
        """Names of properties beside the keyword at `path` that may be sent."""
        root: Any = self._schema
        node, address = root, ""
        for step in path[:-1]:
            if step == "$ref":
                address, _, fragment = urljoin(address, node["$ref"]).partition("#")
                root = self._referenced[address] if address else self._schema
                node = at_pointer(root, fragment)
            else:
                node = node[step]
        return [name for name, part in node.get("properties", {}).items() if part is not False]


def json_pointer(path: Iterable[str | int]) -> str:
    """`("lines", 3, "a/b")` → `/lines/3/a~1b` (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def at_pointer(value: Any, pointer: str) -> Any:  # noqa: ANN401 - any JSON value
    """What `pointer` leads to in `value`. Raises `LookupError` or `TypeError` where nothing is."""
    for step in pointer.split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _unknown(name: str, pointer: str, known: Iterable[str]) -> Violation:
    return Violation(
        "additionalProperties",
        "There is no such property here.",
        pointer=pointer + json_pointer([name]),
        hint=meant(name, known),
    )


def _one_of(contexts: Sequence[Sequence[jsonschema_rs.ValidationError]]) -> list[str]:
    """The properties of which one is needed, when that is all that an `anyOf` asks for."""
    kinds: list[Any] = [error.kind for errors in contexts for error in errors]
    if all(kind.name == "required" for kind in kinds):
        return list(dict.fromkeys(kind.property for kind in kinds))
    return []


def _detail(error: jsonschema_rs.ValidationError) -> str:
    kind: Any = error.kind
    match kind.name:
        case "type":
            wanted = " or ".join(_TYPES[name] for name in kind.types)
            return f"This must be {wanted}, not {_type_of(error.instance)}."
        case "enum":
            return f"This must be one of {_listed(kind.options)}."
        case "const":
            return f"This must be {_listed([kind.expected_value])}."
        case "format":
            return f"This must be {_FORMATS.get(kind.format, f'of the format {kind.format}')}."
        case "multipleOf":
            return f"This must be a multiple of {kind.multiple_of}."
        case name:
            length = len(error.instance) if isinstance(error.instance, str | list) else 0
            sentence = _SENTENCES.get(name, _ANY_OTHER)
            return sentence.format(name=name, length=length, limit=getattr(kind, "limit", ""))


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):  # the library shows decimals as floats here
        return "a number"
    return "a list" if isinstance(value, list | tuple) else "an object"


def _listed(words: Iterable[object]) -> str:
    return ", ".join(_shown(word) for word in words)


def _shown(word: object) -> str:
    if word is None:
        return "null"
    return f'"{word}"' if isinstance(word, str) else str(word)
