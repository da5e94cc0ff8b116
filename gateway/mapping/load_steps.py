"""Verbs and actions of several steps, as a file says them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.documents import suggest
from gateway.mapping.load_writes import (
    read_anchor,
    read_body,
    read_by,
    read_guards,
    read_lookup,
    read_write,
    stray_keys,
)
from gateway.mapping.model import Leaf, StepSource, StepsSource
from gateway.mapping.names import new_name
from gateway.mapping.plan import Kind
from gateway.mapping.rules import Findings, Path
from gateway.mapping.templates import read_condition, read_fields
from gateway.wire import ACTION_PREFIX

# What each verb needs where it is one call, and what of it has no place beside steps.
_SINGLE: Final[Mapping[str, tuple[str, ...]]] = {
    "create": ("body",),
    "update": ("body",),
    "upsert": ("by", "body"),
    "delete": (),
}
VERBS: Final = tuple(_SINGLE)
_NOT_BESIDE_STEPS: Final = ("body", "anchor", "by", "create_only")
_KINDS: Final[tuple[Kind, ...]] = (
    "read",
    "find",
    "create",
    "upsert",
    "update",
    "delete",
    "action",
)
# The keys that a kind of step needs, and those it takes besides.
STEP_KEYS: Final[Mapping[Kind, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "read": (("id",), ()),
    "find": (("where", "on_missing"), ()),
    "create": (("body",), ("anchor",)),
    "upsert": (("by", "body"), ("create_only",)),
    "update": (("id", "body"), ()),
    "delete": (("id",), ()),
    "action": (("on",), ("effect", "body")),
}
_ANY: Final = ("name", "$when", "guards")
STEP_WORDS: Final = frozenset(  # any other key is told with the shape of the file
    word for kind, keys in STEP_KEYS.items() for word in (kind, *keys[0], *keys[1])
)


def single_calls(value: Mapping[str, Any], findings: Findings) -> frozenset[str]:
    """The verbs that are one call; what such a verb lacks, or has beside steps, is reported."""
    single = set()
    for verb, needed in _SINGLE.items():
        if verb not in value:
            continue
        said = value[verb]
        if "steps" in said:
            for key in _NOT_BESIDE_STEPS:
                if key in said:
                    message = f"`{key}` belongs to a step here, or `steps` goes."
                    findings.at((verb, key), "misplaced-key", message, key=True)
            continue
        if "answer" in said:
            message = "`answer` belongs to `steps`."
            findings.at((verb, "answer"), "misplaced-key", message, key=True)
        missing = [key for key in needed if key not in said]
        for key in missing:
            if not any(suggest(stray, [key]) for stray in stray_keys(said)):
                message = f"`{verb}` needs `{key}`, or `steps`."
                findings.at((verb,), "misplaced-key", message, key=True)
        if not missing:
            single.add(verb)
    return frozenset(single)


def read_walks(value: Mapping[str, Any], findings: Findings) -> tuple[StepsSource, ...]:
    """The verbs and actions of several steps."""
    walks = [
        _walk(value[verb], (verb,), findings)
        for verb in _SINGLE
        if verb in value and "steps" in value[verb]
    ]
    walks += [
        _walk(facts, ("actions", name), findings)
        for name, facts in value.get("actions", {}).items()
    ]
    return tuple(walks)


def _walk(value: Mapping[str, Any], path: Path, findings: Findings) -> StepsSource:
    names: list[str] = []
    for index, step in enumerate(value["steps"]):
        name = str(step["name"])
        new_name(name, (*path, "steps", index, "name"), findings)
        if name in names or name in value.get("lookups", {}):
            message = f'"{name}" is a {"step" if name in names else "lookup"} already.'
            findings.at((*path, "steps", index, "name"), "bad-name", message)
        names.append(name)
    action = path[0] == "actions"
    if action and ("input" in value) != ("schema" in value):
        key, other = ("input", "schema") if "input" in value else ("schema", "input")
        message = f"`{key}` needs `{other}`."
        findings.at((*path, key), "misplaced-key", message, key=True)
    return StepsSource(
        write=read_write(value, path, findings),
        verb=str(path[-1]),
        steps=tuple(_steps(value, path, names, findings)),
        answer=value.get("answer"),
        schema=value.get("schema"),
        record=read_fields(value["record"], (*path, "record"), findings)
        if "record" in value
        else None,
        action=action,
    )


def _steps(
    value: Mapping[str, Any], path: Path, names: list[str], findings: Findings
) -> Iterator[StepSource]:
    for index, step in enumerate(value["steps"]):
        here = (*path, "steps", index)
        kinds = [kind for kind in _KINDS if kind in step]
        if len(kinds) != 1:
            near = None if kinds else suggest(names[index], names[:index] + names[index + 1 :])
            message = f"A step has one of {', '.join(_KINDS)}."
            hint = f'Did you mean the step "{near}"?' if near else None
            findings.at((*here, "name"), "misplaced-key", message, key=True, hint=hint)
            continue
        if _fits(step, kinds[0], here, findings):
            yield _step(step, kinds[0], names[index], here, findings)


def _fits(step: Mapping[str, Any], kind: Kind, path: Path, findings: Findings) -> bool:
    """Whether a step has what its kind needs, and nothing else."""
    needed, more = STEP_KEYS[kind]
    for key in step:
        if key in STEP_WORDS and key not in {kind, *_ANY, *needed, *more}:
            message = f"`{key}` does not go with `{kind}`."
            findings.at((*path, key), "misplaced-key", message, key=True)
    missing = [key for key in needed if key not in step]
    for key in missing:
        message = f"`{kind}` needs `{key}`."
        findings.at((*path, kind), "misplaced-key", message, key=True)
    return not missing


def _step(
    step: Mapping[str, Any], kind: Kind, name: str, path: Path, findings: Findings
) -> StepSource:
    on = step.get("on", step)
    on_path = (*path, "on") if "on" in step else path
    return StepSource(
        name=name,
        path=path,
        kind=kind,
        entity=on["entity"] if kind == "action" else step[kind],
        when=read_condition(step["$when"], (*path, "$when"), findings) if "$when" in step else None,
        guards=read_guards(step, path, findings),
        id=Leaf((*on_path, "id"), on["id"]) if "id" in on else None,
        find=read_lookup(name, {**step, "entity": step[kind]}, path, findings)
        if kind == "find"
        else None,
        by=read_by(step, path) if kind == "upsert" else None,
        create_only=tuple(step.get("create_only", ())),
        body=read_body(step, path, findings) if "body" in step else None,
        anchor=read_anchor(step, path),
        action=step["action"].removeprefix(ACTION_PREFIX) if kind == "action" else None,
        effect=step.get("effect"),
    )
