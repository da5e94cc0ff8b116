"""The shape of files people write: a JSON Schema's errors as findings with places."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import jsonschema
from jsonschema.exceptions import ValidationError, best_match

from gateway.documents.findings import Finding, suggest
from gateway.documents.reading import Document

_MOST: Final = 100  # unknown keys of one object that are told one by one
_TYPES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def check_shape(document: Document, schema: Mapping[str, object], rule: str) -> list[Finding]:
    """Every place where `document` does not have the shape `schema` asks for.

    `rule` is the id the findings carry, for example `C101`. A required key that is misspelt is one
    finding, an unknown key; its `expected` names the key.
    """
    validator = jsonschema.Draft202012Validator(schema)
    errors = validator.iter_errors(document.value)
    found = [finding for error in errors for finding in _findings(document, error, rule)]
    return list(dict.fromkeys(found))  # each missing key is an error of its own


def _findings(document: Document, error: ValidationError, rule: str) -> list[Finding]:
    if error.context and error.validator in {"anyOf", "oneOf"}:
        only = _only_branch(error)
        if only:
            return [finding for inner in only for finding in _findings(document, inner, rule)]
        nearest = best_match([error]) if error.validator == "anyOf" else _deepest(error)
        if (
            nearest is not None
            and nearest is not error
            and len(nearest.absolute_path) > len(error.absolute_path)
        ):
            return _findings(document, nearest, rule)
    path = tuple(error.absolute_path)
    if error.validator == "required" and not _missing(error):
        return []
    if error.validator == "additionalProperties":
        return _unknown_keys(document, path, error, rule)
    key = "propertyNames" in error.absolute_schema_path  # what is wrong is the name of a key
    path = (*path, str(error.instance)) if key else path
    return [
        Finding(
            rule,
            _name(error),
            _message(error),
            document.place(path, key=key),
            length=document.length(path, key=key),
            hint=_remedy(error),
        )
    ]


def _only_branch(error: ValidationError) -> list[ValidationError]:
    """The mistakes of the one branch that is of the value's type, nothing where there are more."""
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [
        errors
        for errors in branches.values()
        if not any(one.validator in {"type", "const"} and not one.path for one in errors)
    ]
    return fitting[0] if len(fitting) == 1 else []


def _deepest(error: ValidationError) -> ValidationError | None:
    return max(error.context or [], key=lambda child: len(child.absolute_path), default=None)


def _extra(error: ValidationError) -> list[str]:
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    return [key for key in _keys(error.instance) if key not in known]


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, dict) else []


def _missing(error: ValidationError) -> list[str]:
    """The keys that are missing, but for those that stand there misspelt and are told so."""
    wanted: Any = error.validator_value
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    strict = isinstance(error.schema, dict) and error.schema.get("additionalProperties") is False
    meant = {suggest(key, known) for key in _extra(error)[:_MOST]} if strict else set()
    return [key for key in wanted if key not in _keys(error.instance) and key not in meant]


def _unknown_keys(
    document: Document, path: tuple[str | int, ...], error: ValidationError, rule: str
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
    document: Document, path: tuple[str | int, ...], key: str, error: ValidationError, rule: str
) -> Finding:
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    near = suggest(key, known)
    here = (*path, key)
    needed = error.schema.get("required", ()) if isinstance(error.schema, dict) else ()
    lost = near is not None and near in needed and near not in _keys(error.instance)
    return Finding(
        rule,
        "unknown-key",
        f'There is no key "{key}" here.',
        document.place(here, key=True),
        length=document.length(here, key=True),
        expected=f'the key "{near}"' if lost else None,
        hint=f'Did you mean "{near}"?' if near else f"Known here: {_listed(known)}.",
    )


def _name(error: ValidationError) -> str:
    return {"required": "missing-key", "type": "wrong-type"}.get(
        str(error.validator), "wrong-shape"
    )


def _message(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            return f"Missing here: {_listed(_missing(error))}."
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"This must be {' or '.join(_TYPES.get(kind, kind) for kind in kinds)}."
        case "enum":
            return f"This must be one of {_listed(wanted)}."
        case "const":
            return f"This must be {json.dumps(wanted)}."
        case "minItems" | "minProperties":
            return "This must not be empty."
        case "uniqueItems":
            return "Something stands here twice."
        case "minLength":
            return "This text must not be empty."
        case "anyOf" | "oneOf" | "not" | "pattern":
            about = error.schema.get("description") if isinstance(error.schema, dict) else None
            return f"This has not the right form{f': {about}' if about else '.'}"
        case _:
            return f"This does not satisfy {error.validator} {wanted}."


def _remedy(error: ValidationError) -> str | None:
    if error.validator == "enum" and isinstance(error.instance, str):
        choices: Any = error.validator_value
        near = suggest(error.instance, [str(choice) for choice in choices])
        return f'Did you mean "{near}"?' if near else None
    return None


def _listed(words: Iterable[object]) -> str:
    return ", ".join(f'"{word}"' for word in words) or "nothing"
