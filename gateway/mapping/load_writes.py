"""What the parts of a write say: lookups, guards, anchor, body. The loader puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.mapping.model import (
    AnchorSource,
    Fields,
    GuardSource,
    Leaf,
    LookupSource,
    WriteSource,
)
from gateway.mapping.names import new_name
from gateway.mapping.rules import Findings, Path
from gateway.mapping.templates import read_condition, read_fields, read_loop

_CHANGES: Final = (("update",), ("upsert",))
VERB_KEYS: Final = frozenset(
    (
        *("input", "lookups", "guards", "body", "steps", "answer"),
        *("anchor", "by", "create_only"),
    )
)
_BARE: Final = ("each", "as", "index")  # keys of structure, told when they lack their `$`
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def stray_keys(said: Mapping[str, Any]) -> list[str]:
    """The keys of a verb that no verb has: each is told, and may be any of those that lack."""
    return [key for key in said if key not in VERB_KEYS]


def read_write(value: Mapping[str, Any], path: Path, findings: Findings) -> WriteSource:
    """Everything of a verb but what is its own; a verb of several steps has no body."""
    lookups = [
        read_lookup(name, facts, (*path, "lookups", name), findings)
        for name, facts in value.get("lookups", {}).items()
    ]
    keyed = path in _CHANGES
    body = Fields(path, ()) if "steps" in value else read_body(value, path, findings, keyed=keyed)
    return WriteSource(
        path=path,
        input=new_name(value["input"], (*path, "input"), findings) if "input" in value else "",
        lookups=tuple(lookups),
        guards=read_guards(value, path, findings),
        body=body,
        stray=bool(stray_keys(value)),
    )


def read_body(
    value: Mapping[str, Any], path: Path, findings: Findings, *, keyed: bool = False
) -> Fields:
    """What is sent; `keyed` as in `read_fields`."""
    body = read_fields(value.get("body", {}), (*path, "body"), findings, keyed=keyed)
    if body.when is not None:
        message = "Whether a body is sent says a guard."
        findings.at((*body.path, "$when"), "misplaced-key", message, key=True)
    return body


def read_guards(
    value: Mapping[str, Any], path: Path, findings: Findings
) -> tuple[GuardSource, ...]:
    """The guards of a verb or of a step."""
    guards = []
    for index, guard in enumerate(value.get("guards", ())):
        here = (*path, "guards", index)
        known_rejection(guard["reject"], (*here, "reject"), findings)
        when = read_condition(guard["when"], (*here, "when"), findings)
        guards.append(GuardSource(here, when, guard["reject"]))
    return tuple(guards)


def read_anchor(value: Mapping[str, Any], path: Path) -> AnchorSource | None:
    """The anchor of a create, if it has one."""
    if "anchor" not in value:
        return None
    path, said = (*path, "anchor"), value["anchor"]
    leaf = Leaf((*path, "value"), said["value"])
    return AnchorSource(path, said["field"], leaf, tuple(said.get("also_in", ())))


def read_by(value: Mapping[str, Any], path: Path) -> tuple[str, Leaf]:
    """The field that an upsert finds its record by, and the value it has."""
    ((field, wanted),) = value["by"].items()
    return field, Leaf((*path, "by", field), wanted)


def known_rejection(code: str, path: Path, findings: Findings) -> None:
    """Report a code that does not stand under `rejections`."""
    whole: Any = findings.document.value
    known = list(whole.get("rejections", {}))
    if code not in known:
        findings.unknown(
            path, "unknown-rejection", f'No rejection is called "{code}".', code, known
        )


def read_lookup(
    name: str, value: Mapping[str, Any], path: Path, findings: Findings
) -> LookupSource:
    """A lookup, or the question of a step that finds."""
    value = {
        f"${key}" if key in _BARE and f"${key}" not in value else key: value[key] for key in value
    }
    on_missing = value.get("on_missing")
    code = on_missing["reject"] if isinstance(on_missing, dict) else None
    if code is not None:
        known_rejection(code, (*path, "on_missing", "reject"), findings)
    _check_companions(value, path, findings)
    if path[-1] == name:
        new_name(name, path, findings, key=True)
    conditions = value.get("where", {})
    where = tuple(
        (field.removesuffix("?"), Leaf((*path, "where", field), wanted))
        for field, wanted in conditions.items()
    )
    return LookupSource(
        name=name,
        path=path,
        entity=value.get("entity") if not value.get("item_match") else None,
        where=where,
        optional=any(field.endswith("?") for field in conditions),
        loop=read_loop(dict(value), path, findings) if "$each" in value else None,
        key=Leaf((*path, "key"), value["key"]) if "key" in value else None,
        cache=_seconds(value.get("cache", "0s")),
        on_missing=code,
    )


def _check_companions(value: Mapping[str, Any], path: Path, findings: Findings) -> None:
    """A lookup is of an entity by `where`, or a match of items by `key`; `$each` needs `key`."""
    needs = {"$each": "key", "key": "$each", "entity": "where", "where": "entity"}
    for key, companion in needs.items():
        if key in value and companion not in value:
            message = f"`{key}` needs `{companion}`."
            findings.at((*path, key), "misplaced-key", message, key=True)
    if ("entity" in value) == (value.get("item_match") is True):
        message = "A lookup has an `entity`, or is an `item_match`."
        findings.at(path, "misplaced-key", message, key=True)
    if value.get("item_match") is True and "$each" not in value:
        message = "`item_match` needs `$each` and `key`."
        findings.at((*path, "item_match"), "misplaced-key", message, key=True)
    if value.get("item_match") is True and "cache" in value:
        message = "Item matches are the gateway's own: there is nothing to keep."
        findings.at((*path, "cache"), "misplaced-key", message, key=True)
    for field in value.get("where", {}):
        if field.endswith("?") and "$each" in value:
            message = "With `$each` every element asks, so nothing may be missing."
            findings.at((*path, "where", field), "misplaced-key", message, key=True)


def _seconds(text: str) -> float:
    """`5m` in seconds; the shape has made sure of the form."""
    return int(text[:-1]) * _SECONDS[text[-1]]
