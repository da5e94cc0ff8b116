"""The shape of files people write: a JSON Schema's errors as findings with places."""

from __future__ import annotations

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

    `rule` is the id the findings carry, for example `C101`.
    """
    validator = jsonschema.Draft202012Validator(schema)
    errors = validator.iter_errors(document.value)
    return [finding for error in errors for finding in _findings(document, error, rule)]


def _findings(document: Document, error: ValidationError, rule: str) -> list[Finding]:
    if error.context and error.validator in {"anyOf", "oneOf"}:
        nearest = best_match([error]) if error.validator == "anyOf" else _deepest(error)
        if (
            nearest is not None
            and nearest is not error
            and len(nearest.absolute_path) > len(error.absolute_path)
        ):
            return _findings(document, nearest, rule)
    path = tuple(error.absolute_path)
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


def _deepest(error: ValidationError) -> ValidationError | None:
    return max(error.context or [], key=lambda child: len(child.absolute_path), default=None)


def _extra(error: ValidationError) -> list[str]:
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    return [key for key in _keys(error.instance) if key not in known]


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, dict) else []


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
    return Finding(
        rule,
        "unknown-key",
        f'There is no key "{key}" here.',
        document.place(here, key=True),
        length=document.length(here, key=True),
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
            missing = [key for key in wanted if key not in _keys(error.instance)]
            return f"Missing here: {_listed(missing)}."
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"This must be {' or '.join(_TYPES.get(kind, kind) for kind in kinds)}."
        case "enum":
            return f"This must be one of {_listed(wanted)}."
        case "const":
            return f"This must be {wanted!r}."
        case "minItems" | "minProperties":
            return "This must not be empty."
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
