"""The shape of files people write: a JSON Schema's errors as findings with places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

from gateway.documents.findings import Finding, suggest
from gateway.documents.reading import Document

_MOST: Final = 100  # unknown keys of one object that are told one by one
_SIGNS: Final = {  # of other languages, and what stands for them in files
    **dict.fromkeys(("=", "==", "equals"), "eq"),
    **dict.fromkeys(("<=", "lte", "max"), "le"),
    **dict.fromkeys((">=", "gte", "min"), "ge"),
    "<": "lt",
    ">": "gt",
}
_TYPES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class _Error:
    """What a keyword of a schema does not allow. `schema` is where the keyword stands, `branches`
    are the errors of each choice of an `anyOf` or `oneOf`.
    """

    keyword: str
    path: tuple[str | int, ...]
    of_name: bool  # the name of a key is wrong, the last of `path`
    schema: Mapping[str, Any]
    instance: object
    branches: Sequence[Sequence[_Error]]

    @property
    def wanted(self) -> Any:  # noqa: ANN401 - whatever stands at a keyword
        """What the keyword asks for."""
        return self.schema[self.keyword]


def check_shape(document: Document, schema: Mapping[str, Any], rule: str) -> list[Finding]:
    """Every place where `document` does not have the shape `schema` asks for, in their order.

    `rule` is the id the findings carry, for example `C101`. A required key that is misspelt is one
    finding, an unknown key; its `expected` names the key.
    """
    validator = _validator(_Schema(schema))
    errors = [_error(error, schema) for error in validator.iter_errors(document.value)]
    joined = {
        one.path for one in errors if one.of_name and _word(str(one.path[-1])) != one.path[-1]
    }
    found = [
        finding
        for error in errors
        if error.of_name or error.path not in joined  # what should stand behind that colon
        for finding in _findings(document, error, rule)
    ]
    untyped = {one.place for one in found if one.name == "wrong-type"}
    found = [one for one in found if one.name != "wrong-shape" or one.place not in untyped]
    found.sort(key=lambda one: (one.place.line, one.place.column))
    return list(dict.fromkeys(found))  # each missing key is an error of its own


class _Schema:
    """A schema, the same as another one where it is that very object: none is ever changed."""

    __slots__ = ("value",)

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Schema) and other.value is self.value


@lru_cache(maxsize=8)  # there are four kinds of files
def _validator(schema: _Schema) -> jsonschema_rs.Draft202012Validator:
    """Made once for a schema: making it takes longer than most files do."""
    return jsonschema_rs.Draft202012Validator({**schema.value})


def _error(error: jsonschema_rs.ValidationError, root: Mapping[str, Any]) -> _Error:
    kind: Any = error.kind
    path = tuple(error.instance_path)
    of_name = kind.name == "propertyNames"
    if of_name:
        error = kind.error
        kind, path = error.kind, (*path, str(error.instance))
    return _Error(
        str(error.evaluation_path[-1]),
        path,
        of_name,
        _schema_at(error.evaluation_path[:-1], root),
        error.instance,
        [[_error(inner, root) for inner in branch] for branch in getattr(kind, "context", ())],
    )


def _schema_at(path: Sequence[str | int], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that an evaluation comes to by way of `path`; references are into `root`."""
    node: Any = root
    for step in path:
        node = _at(root, node["$ref"]) if step == "$ref" else node[step]
    return node if isinstance(node, Mapping) else {}


def _at(root: Any, reference: str) -> Any:  # noqa: ANN401 - a part of a schema
    for name in reference.removeprefix("#").split("/")[1:]:
        root = root[name]
    return root


def _findings(document: Document, error: _Error, rule: str) -> list[Finding]:
    if error.branches:
        nearest = _only_branch(error) or _deepest(error)
        if nearest:
            return [finding for inner in nearest for finding in _findings(document, inner, rule)]
    if _lacks(error) and not _missing(error):
        return []
    if error.keyword == "additionalProperties":
        return _unknown_keys(document, error.path, error, rule)
    return [
        Finding(
            rule,
            _name(error),
            _message(error),
            document.place(error.path, key=error.of_name),
            length=document.length(error.path, key=error.of_name),
            hint=_remedy(error),
        )
    ]


def _only_branch(error: _Error) -> Sequence[_Error]:
    """The mistakes of the one branch that is of the value's type, nothing where there are more."""
    fitting = [
        errors
        for errors in error.branches
        if errors
        and not any(one.keyword in {"type", "const"} and one.path == error.path for one in errors)
    ]
    return fitting[0] if len(fitting) == 1 else ()


def _deepest(error: _Error) -> Sequence[_Error]:
    """The mistake that lies deepest in the value: who came that far meant that branch."""
    inner = [one for errors in error.branches for one in errors]
    deepest = max((len(one.path) for one in inner), default=0)
    found = [one for one in inner if len(one.path) == deepest]
    told_apart = len(found) == 1 or error.keyword == "oneOf"
    return found[:1] if deepest > len(error.path) and told_apart else ()


def _extra(error: _Error) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in _keys(error.instance) if key not in known]


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, dict) else []


def _lacks(error: _Error) -> bool:
    """Whether keys are missing and nothing else is wrong."""
    return error.keyword == "required" or bool(_choice(error))


def _choice(error: _Error) -> list[str]:
    """The keys of which one is needed, where each branch asks for a key and nothing else."""
    inner = [one for errors in error.branches for one in errors]
    if any(one.keyword != "required" or one.path != error.path for one in inner):
        return []
    return [key for one in inner for key in one.wanted]


def _missing(error: _Error) -> list[str]:
    """The keys that are missing, but for those that stand there misspelt and are told so. Of a
    choice of keys one is enough.
    """
    known = error.schema.get("properties", {})
    strict = error.schema.get("additionalProperties") is False
    extra = _extra(error)[:_MOST] if strict else []
    meant = {found for key in extra for found in (suggest(key, known), _word(key))}
    there = {*_keys(error.instance), *meant}
    choice = _choice(error)
    if not there.isdisjoint(choice):
        return []
    return [key for key in choice or error.wanted if key not in there]


def _unknown_keys(
    document: Document, path: tuple[str | int, ...], error: _Error, rule: str
) -> list[Finding]:
    """A finding for each of the first keys, and one for how many more there are."""
    extra = _extra(error)
    found = [_unknown_key(document, path, key, error, rule) for key in extra[:_MOST]]
    if len(extra) > _MOST:
        message = f"There are {len(extra) - _MOST} more keys that are unknown here."
        place = document.place((*path, extra[_MOST]), key=True)
        found.append(Finding(rule, "unknown-key", message, place))
    return found


def _unknown_key(
    document: Document, path: tuple[str | int, ...], key: str, error: _Error, rule: str
) -> Finding:
    known = error.schema.get("properties", {})
    near = suggest(key, known)
    hint = f'Did you mean "{near}"?' if near else f"Known here: {_listed(known)}."
    if (word := _word(key)) in known:
        near = word
        hint = f"{_mark(key)} is missing: write `{word}: …`."
    here = (*path, key)
    needed = error.schema.get("required", ())
    lost = near is not None and near in needed and near not in _keys(error.instance)
    return Finding(
        rule,
        "unknown-key",
        f'There is no key "{key}" here.',
        document.place(here, key=True),
        length=document.length(here, key=True),
        expected=f'the key "{near}"' if lost else None,
        hint=hint,
    )


def _word(key: str) -> str:
    """What a key begins with that its value has run into, for want of a colon or a space."""
    return re.split("[: ]", key, maxsplit=1)[0]


def _mark(key: str) -> str:
    return "A space" if ":" in key else "A colon"


def _name(error: _Error) -> str:
    if _lacks(error):
        return "missing-key"
    return "wrong-type" if error.keyword == "type" else "wrong-shape"


def _message(error: _Error) -> str:
    wanted = error.wanted
    if _lacks(error):
        listed = _listed(_missing(error))
        return f"Missing here: {listed.replace(', ', ' or ') if _choice(error) else listed}."
    match error.keyword:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"This must be {' or '.join(_TYPES.get(kind, kind) for kind in kinds)}."
        case "enum":
            return f"This must be one of {_listed(wanted)}."
        case "const":
            return f"This must be {json.dumps(wanted)}."
        case "minItems" | "minProperties":
            return "This must not be empty."
        case "maxProperties" if wanted == 1:
            return "Only one key may stand here."
        case "uniqueItems":
            return "Something stands here twice."
        case "minLength":
            return "This text must not be empty."
        case "anyOf" | "oneOf" | "not" | "pattern":
            about = error.schema.get("description")
            return f"This has not the right form{f': {about}' if about else '.'}"
        case _:
            return f"This does not satisfy {error.keyword} {wanted}."


def _remedy(error: _Error) -> str | None:
    if error.keyword == "enum" and isinstance(error.instance, str):
        near = _SIGNS.get(error.instance)
        if near not in error.wanted:
            near = suggest(error.instance, [str(choice) for choice in error.wanted])
        return f'Did you mean "{near}"?' if near else None
    if _lacks(error):
        return _written(error)
    if error.keyword in {"anyOf", "type"}:
        shown = " or ".join(_flow(one) for one in error.schema.get("examples", ()))
        return _remedy_of_type(error, shown)
    return None


def _remedy_of_type(error: _Error, shown: str) -> str | None:
    """What stands where something else belongs; `shown` are the examples of that."""
    if error.of_name and _word(name := str(error.path[-1])) != name:
        return f"{_mark(name)} is missing: write `{_word(name)}: …`."
    if ":" in str(error.path[-1:]) and error.instance is None:
        key, _, rest = str(error.path[-1]).partition(":")
        return f"Write a space behind the colon: `{key}: {rest}`."
    if error.wanted == "object" and error.instance is None and not error.schema.get("required"):
        return f"Write `{error.path[-1]}: {{}}`." if error.path else None
    if shown and error.wanted != "string":
        return f"Write {shown}."
    if error.wanted == "array" and isinstance(error.instance, str):
        return f"Write [{error.instance}]."
    if error.wanted == "object" and isinstance(error.instance, str):
        needed = ", ".join(f"{key}: …" for key in error.schema.get("required", ()))
        return f"Write {{{needed}}}." if needed else None
    if error.wanted == "string" and isinstance(error.instance, bool | int | Decimal | float):
        return f"Write text, such as {shown}." if shown else "Put it in quotes."
    return None


def _written(error: _Error) -> str | None:
    """How the keys that are missing may be written, where the schema has examples of them."""
    known = error.schema.get("properties", {})
    shown = [
        f"`{key}: {_flow(known[key]['examples'][0])}`"
        for key in _missing(error)
        if known.get(key, {}).get("examples")
    ]
    return f"Write {(' or ' if _choice(error) else ' and ').join(shown)}." if shown else None


def _flow(value: object) -> str:
    """A value of an example as it may be written in one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value)


def _listed(words: Iterable[object]) -> str:
    return ", ".join(f'"{word}"' for word in words) or "nothing"
