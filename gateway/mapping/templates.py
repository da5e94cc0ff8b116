"""The grammar of bodies: YAML → templates. What stands in a wrong place is a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from gateway.documents import did_you_mean, suggest
from gateway.mapping.model import (
    Each,
    Entry,
    Expression,
    Fields,
    Keyed,
    Leaf,
    Listing,
    Loop,
    Pick,
    Template,
)
from gateway.mapping.names import UNNAMED, new_name
from gateway.mapping.rules import Findings, Path

DEEPEST: Final = 8  # templates within templates
MOST_FIELDS: Final = 500  # of one object; no entity has half as many

REMOVE: Final = "$remove"  # in an override alone, where `extending.py` reads it
KEYS: Final[Mapping[str, str]] = {  # of structure, and what each does, for editors and the manual
    "$when": "A bare expression: the object or element is there only if it holds.",
    "$each": "A bare expression that gives a list: one element for each of its items.",
    "$as": "With `$each`: the name of the item in expressions.",
    "$index": "With `$each`: the name of the item's number, 0 for the first.",
    "$concat": "Objects and lists, joined to one list.",
    "$pick": "The first of these objects whose `$when` holds; none is an error.",
    "$key": "In a change, of a part: the fields by which one of its elements is known.",
    "$others": "In a change, of a part: `keep` or `delete` elements that the patch does not name.",
}
_KEYED: Final = ("$key", "$others")
_OTHERS: Final = ("keep", "delete")


def read_template(
    value: object, path: Path, findings: Findings, depth: int = 0, *, keyed: bool = False
) -> Template:
    """The template at `path` of the file. `keyed`: it may tell the elements of a list apart."""
    if depth > DEEPEST:
        findings.at(path, "misplaced-key", f"Templates nest at most {DEEPEST} levels.")
        return Leaf(path, None)
    if isinstance(value, list):
        return _listing(value, path, findings, depth)
    if not isinstance(value, dict):
        return Leaf(path, value)
    value = _meant(value, path, findings)
    told = _keyed(value, path, findings, allowed=keyed)
    if "$concat" in value:
        _alone(value, "$concat", path, findings)
        joined = _concatenated(value["$concat"], (*path, "$concat"), findings, depth)
        return replace(joined, keyed=told)
    if "$pick" in value:
        _alone(value, "$pick", path, findings)
        return _pick(value["$pick"], (*path, "$pick"), findings, depth)
    if "each" in value and "$as" in value:
        _without_dollar("each", path, findings)
        return Listing(path, ())
    if "$each" in value:
        loop = read_loop(value, path, findings)
        body = read_fields(value, path, findings, depth, looping=True)
        return Each(path, loop, body, told)
    return read_fields(value, path, findings, depth)


def read_fields(
    value: dict[str, object],
    path: Path,
    findings: Findings,
    depth: int = 0,
    *,
    looping: bool = False,
    keyed: bool = False,
) -> Fields:
    """An object's fields, and its `$when`. `keyed`: the lists right in it may have a `$key`."""
    entries: list[Entry] = []
    seen: set[str] = set()
    value = _meant(value, path, findings)
    for at, (key, inner) in enumerate(value.items()):
        here = (*path, key)
        if at >= MOST_FIELDS:
            message = f"An object has at most {MOST_FIELDS} fields."
            findings.at(here, "misplaced-key", message, key=True)
            break
        if looping and key == "as" and "$as" not in value:
            continue  # reported with the loop
        if key.startswith("$"):
            _check_key(key, here, findings, looping=looping)
            continue
        name = key.removesuffix("?")
        if name in seen:
            findings.at(
                here, "misplaced-key", f'"{name}" stands here with and without `?`.', key=True
            )
            continue
        seen.add(name)
        template = read_template(inner, here, findings, depth + 1, keyed=keyed)
        entries.append(Entry(name, here, key.endswith("?"), template))
    when = read_condition(value["$when"], (*path, "$when"), findings) if "$when" in value else None
    return Fields(path, tuple(entries), when)


def _meant(value: dict[str, object], path: Path, findings: Findings) -> dict[str, object]:
    """The object with the keys of structure that were meant; each that is misspelt is reported."""
    meant: dict[str, str] = {}
    for key in value:
        if key.startswith("$") and key not in KEYS and key != REMOVE:
            near = suggest(key, [one for one in KEYS if one not in value])
            if near is not None and near not in meant.values():
                meant[key] = near
                message, hint = f"There is no `{key}`.", f'Did you mean "{near}"?'
                findings.at((*path, key), "misplaced-key", message, key=True, hint=hint)
    return {meant.get(key, key): inner for key, inner in value.items()} if meant else value


def read_condition(value: object, path: Path, findings: Findings) -> Expression:
    """A bare expression."""
    if isinstance(value, str) and value.strip():
        return Expression(path, value)
    findings.at(path, "syntax", "An expression stands here, as text.")
    return Expression(path, "false")


def read_loop(value: dict[str, object], path: Path, findings: Findings) -> Loop:
    """`$each` with its names."""
    over = read_condition(value["$each"], (*path, "$each"), findings)
    if "$as" not in value and isinstance(bare := value.get("as"), str):
        _without_dollar("as", path, findings)
        return Loop(over, bare)
    if "$as" not in value:
        findings.at((*path, "$each"), "misplaced-key", "`$each` needs `$as`: a name.", key=True)
        return Loop(over, UNNAMED)
    name = new_name(value["$as"], (*path, "$as"), findings)
    index = None
    if "$index" in value:
        index = new_name(value["$index"], (*path, "$index"), findings)
        if index == name != UNNAMED:
            findings.at((*path, "$index"), "bad-name", "`$as` and `$index` need two names.")
            index = UNNAMED
    return Loop(over, name, index)


def _without_dollar(key: str, path: Path, findings: Findings) -> None:
    message = f"`{key}` is a key of structure without its `$`."
    hint = f"Did you mean `${key}`?"
    findings.at((*path, key), "misplaced-key", message, key=True, hint=hint)


def _check_key(key: str, path: Path, findings: Findings, *, looping: bool) -> None:
    if key == REMOVE:
        message = f"`{REMOVE}` takes away what a mapping has, and here it has nothing."
        findings.at(path, "nothing-to-remove", message, key=True)
    elif key not in KEYS:
        hint = did_you_mean(key, list(KEYS))
        findings.at(path, "misplaced-key", f"There is no `{key}`.", key=True, hint=hint)
    elif key in {"$as", "$index"} and not looping:
        findings.at(path, "misplaced-key", f"`{key}` belongs to `$each`.", key=True)
    elif key in _KEYED and not looping:
        message = f"`{key}` belongs to `$each` or `$concat`."
        findings.at(path, "misplaced-key", message, key=True)


def _alone(value: dict[str, object], key: str, path: Path, findings: Findings) -> None:
    beside = _KEYED if key == "$concat" else ()
    for other in value:
        if other != key and other not in beside:
            message = f"`{key}` stands alone."
            findings.at((*path, other), "misplaced-key", message, key=True)


def _keyed(
    value: dict[str, object], path: Path, findings: Findings, *, allowed: bool
) -> Keyed | None:
    """How the elements of a list are told apart. None: nothing is said of that, or wrongly."""
    known = [key for key in _KEYED if key in value]
    if not known or not ("$each" in value or "$concat" in value):
        return None  # beside anything else it is reported with the other keys
    if not allowed:
        message = "Elements are told apart by a key in the body of an `update` or `upsert` alone."
        findings.at((*path, known[0]), "misplaced-key", message, key=True)
        return None
    if "$key" not in value:
        findings.at((*path, "$others"), "misplaced-key", "`$others` needs `$key`.", key=True)
        return None
    names, others = value["$key"], value.get("$others", "keep")
    if not isinstance(names, list) or not names or not all(isinstance(one, str) for one in names):
        message = "`$key` is a list of fields, such as [sequence]."
        word = names if isinstance(names, str) and names else None
        hint = None if word is None else f"Write [{word}]."
        findings.at((*path, "$key"), "misplaced-key", message, hint=hint)
        return None if word is None else Keyed(path, (word,), "keep")
    if others not in _OTHERS:
        hint = "Write keep, or delete."
        findings.at((*path, "$others"), "misplaced-key", "`$others` is keep or delete.", hint=hint)
        others = "keep"
    return Keyed(path, tuple(names), "delete" if others == "delete" else "keep")


def _elements(value: object, path: Path, findings: Findings) -> Iterator[tuple[object, Path]]:
    if not isinstance(value, list) or not value:
        findings.at(path, "misplaced-key", "A list stands here that is not empty.")
        return
    for index, element in enumerate(value):
        yield element, (*path, index)


def _listing(value: list[object], path: Path, findings: Findings, depth: int) -> Listing:
    parts: list[Template] = []
    for index, element in enumerate(value):
        part = read_template(element, (*path, index), findings, depth + 1)
        if isinstance(part, Each | Listing):
            message = "This is a list in a list. Lists are joined by `$concat`."
            findings.at((*path, index), "misplaced-key", message)
        parts.append(part)
    return Listing(path, tuple(parts))


def _concatenated(value: object, path: Path, findings: Findings, depth: int) -> Listing:
    parts: list[Template] = []
    for element, here in _elements(value, path, findings):
        if not isinstance(element, dict | list):
            findings.at(here, "bad-element", "`$concat` joins objects and lists.")
            continue
        parts.append(read_template(element, here, findings, depth + 1))
    return Listing(path, tuple(parts))


def _pick(value: object, path: Path, findings: Findings, depth: int) -> Pick:
    choices: list[Fields] = []
    elements = list(_elements(value, path, findings))
    for index, (element, here) in enumerate(elements):
        template = read_template(element, here, findings, depth + 1)
        if not isinstance(template, Fields):
            findings.at(here, "bad-element", "`$pick` chooses between objects.")
            continue
        if template.when is None and index < len(elements) - 1:
            message = "Without `$when` this always applies: what follows never does."
            findings.at(here, "misplaced-key", message)
        choices.append(template)
    return Pick(path, tuple(choices))
