"""Mutants of a mapping: the file with one leaf flipped. A test that notices none is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, cast

from gateway.cases.texts import CONSTANTS, Others, edits, paths_in
from gateway.documents import Document
from gateway.errors import Place

Path = tuple[str | int, ...]

VERBS: Final = ("read", "list", "create", "update", "upsert", "delete")
_BODIES: Final = ("body", "record", "where", "by")
_LEAVES: Final = ("value", "key", "id")
_CONDITIONS: Final = ("$when", "$each", "when")
_OPERATORS: Final = {"eq": "ge", "ge": "gt", "gt": "ge", "le": "lt", "lt": "le"}


@dataclass(frozen=True, slots=True)
class Flip:
    """One flip of a file: what stands at `path` becomes one of `values`, the first of them that
    compiles; `GONE` leaves it out. `instead` are the same in words, `verb` is what it is part of:
    a verb, an action, or "" for the whole file.
    """

    path: Path
    place: Place
    length: int
    was: str
    values: tuple[object, ...]
    instead: tuple[str, ...]
    verb: str


class Gone:
    """Stands for a key that is left out."""


GONE: Final = Gone()


def flips(document: Document) -> Iterator[Flip]:
    """Every flip of a mapping that is right, in the order of the file."""
    value = cast("dict[str, Any]", document.value)
    seen = _Flipping(document, value)
    for key, part in value.items():
        if key == "tables":
            yield from seen.tables(part)
        elif key == "record":
            yield from seen.body(part, (key,), "", _others(value, part))
        elif key == "list":
            yield from seen.list(part)
        elif key == "actions":
            for name, action in part.items():
                yield from seen.part(action, (key, name), name, _others(value, action))
        elif key in VERBS:
            yield from seen.part(part, (key,), key, _others(value, part))


def flipped(value: object, path: Path, new: object) -> object:
    """`value` with `new` at `path`, the rest as it is."""
    if not path:
        return new
    if isinstance(value, list):
        at = cast("int", path[0])
        inner = flipped(value[at], path[1:], new)
        return [*value[:at], *([] if inner is GONE else [inner]), *value[at + 1 :]]
    fields = cast("Mapping[str, Any]", value)
    changed = {
        key: flipped(one, path[1:], new) if key == path[0] else one for key, one in fields.items()
    }
    return {key: one for key, one in changed.items() if one is not GONE}


def with_flip(document: Document, flip: Flip, value: object, verb: str) -> Document:
    """The file with one flip, and of its verbs and actions nothing but `verb`."""
    changed = cast("Mapping[str, Any]", flipped(document.value, flip.path, value))
    kept = {
        key: part for key, part in changed.items() if key not in {*VERBS, "actions"} or key == verb
    }
    if verb not in VERBS:
        kept["actions"] = {verb: changed["actions"][verb]}
    return replace(document, value=kept)


def verbs_of(document: Document) -> list[str]:
    """The verbs and actions of a mapping, the cheap ones first."""
    value = cast("Mapping[str, Any]", document.value)
    return [*(verb for verb in VERBS if verb in value), *value.get("actions", ())]


class _Flipping:
    """Makes the flips of a file."""

    def __init__(self, document: Document, value: Mapping[str, Any]) -> None:
        self._document = document
        self._rejections = list(value.get("rejections", ()))

    def tables(self, tables: Mapping[str, Mapping[str, object]]) -> Iterator[Flip]:
        """Each entry with another value of its table."""
        for name, table in tables.items():
            for key, value in table.items():
                others = [one for one in dict.fromkeys(table.values()) if one != value]
                values = [*others, *_constants(value, ())]
                yield self._flip(("tables", name, key), values, "")

    def list(self, part: Mapping[str, Any]) -> Iterator[Flip]:
        """What lists leave out, and their filters."""
        for at in range(len(part.get("omit", ()))):
            yield self._flip(("list", "omit", at), [GONE], "list")
        filters: Mapping[str, Any] = part.get("filters", {})
        fields = [facts["field"] for facts in filters.values()]
        for name, facts in filters.items():
            path: Path = ("list", "filters", name)
            others = [field for field in dict.fromkeys(fields) if field != facts["field"]]
            yield self._flip((*path, "field"), others or ["id"], "list")
            if "operator" in facts:
                yield self._flip((*path, "operator"), [_OPERATORS[facts["operator"]]], "list")
            if "values" in facts:
                yield self._flip((*path, "values"), [GONE], "list")

    def part(self, part: object, path: Path, verb: str, others: Others) -> Iterator[Flip]:
        """A verb, an action, or something inside of one."""
        if isinstance(part, list):
            for at, one in enumerate(part):
                yield from self.part(one, (*path, at), verb, others)
            return
        if not isinstance(part, dict):
            return
        if "anchor" in part and "body" in part:
            known, field = [key.removesuffix("?") for key in part["body"]], part["anchor"]["field"]
            others_there = [name for name in known if name != field]
            yield self._flip((*path, "anchor", "field"), others_there, verb)
        for key, one in part.items():
            yield from self._inside(key, one, (*path, key), verb, others)

    def _inside(
        self,
        key: str,
        one: Any,  # noqa: ANN401 - any part of a file
        path: Path,
        verb: str,
        others: Others,
    ) -> Iterator[Flip]:
        if key in _BODIES:
            yield from self.body(one, path, verb, others)
        elif key in _LEAVES:
            yield from self._leaf(one, path, verb, others)
        elif key in _CONDITIONS:
            yield from self._condition(one, path, verb, others)
        elif key == "on_missing" and one is not None:
            codes = [code for code in self._rejections if code != one["reject"]]
            yield self._flip(path, [*({"reject": code} for code in codes), None], verb)
        elif key == "reject":
            yield self._flip(path, [code for code in self._rejections if code != one], verb)
        elif key in {"create_only", "also_in"}:
            for at in range(len(one)):
                yield self._flip((*path, at), [GONE], verb)
        else:
            yield from self.part(one, path, verb, others)

    def body(self, part: object, path: Path, verb: str, others: Others) -> Iterator[Flip]:
        """A template: each leaf of it left out, and flipped."""
        if isinstance(part, dict):
            for key, one in part.items():
                here = (*path, key)
                if key in {"$as", "$index"}:
                    continue
                if key in _CONDITIONS:
                    yield from self._condition(one, here, verb, others)
                elif isinstance(one, dict | list):
                    yield from self.body(one, here, verb, others)
                else:
                    yield self._flip(here, [GONE], verb)
                    yield from self._leaf(one, here, verb, others)
        elif isinstance(part, list):
            for at, one in enumerate(part):
                inner = self.body if isinstance(one, dict | list) else self._leaf
                yield from inner(one, (*path, at), verb, others)

    def _leaf(self, value: object, path: Path, verb: str, others: Others) -> Iterator[Flip]:
        if isinstance(value, str) and "{{" in value:
            yield from self._edits(value, path, verb, others, bare=False)
        else:
            yield self._flip(path, _constants(value, others.texts), verb)

    def _condition(self, text: str, path: Path, verb: str, others: Others) -> Iterator[Flip]:
        if path[-1] != "$each":
            yield self._flip(path, ["true"], verb)
            yield self._flip(path, ["false"], verb)
        yield from self._edits(text, path, verb, others, bare=True)

    def _edits(
        self, text: str, path: Path, verb: str, others: Others, *, bare: bool
    ) -> Iterator[Flip]:
        drops = str(path[-1]).endswith("?")
        for edit in edits(text, others, bare=bare):
            end = edit.offset + edit.length
            choices = [one for one in edit.choices if not (drops and one in CONSTANTS)]
            yield Flip(
                path,
                self._document.place_in(path, edit.offset),
                edit.length,
                text[edit.offset : end],
                tuple(text[: edit.offset] + new + text[end:] for new in choices),
                tuple(choices),
                verb,
            )

    def _flip(self, path: Path, values: Sequence[object], verb: str) -> Flip:
        gone = bool(values) and values[0] is GONE
        key = gone and isinstance(path[-1], str)
        was = path[-1] if key else self._at(path)
        return Flip(
            path,
            self._document.place(path, key=key),
            self._document.length(path, key=key),
            _words(was),
            tuple(values),
            tuple(_words(value) for value in values),
            verb,
        )

    def _at(self, path: Path) -> object:
        value: Any = self._document.value
        for step in path:
            value = value[step]
        return value


def _words(value: object) -> str:
    """A value as it stands in a file; nothing for what is left out."""
    match value:
        case Gone():
            return ""
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return f"{{{', '.join(f'{key}: {one}' for key, one in value.items())}}}"
        case _:
            return str(value)


def _constants(value: object, texts: Sequence[str]) -> list[object]:
    """Other constants of the same type."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | Decimal):
        return [value + 1, value - 1]
    return [f"{value}~", *(text for text in texts if text != value)]


def _others(whole: Mapping[str, Any], part: object) -> Others:
    """The paths that a part of a file reads, and the texts of all its tables."""
    paths = [path for text, bare in _leaves(part) for path in paths_in(text, bare=bare)]
    tables: Mapping[str, Mapping[str, object]] = whole.get("tables", {})
    texts = [text for table in tables.values() for text in (*table, *table.values())]
    constants = [text for text, _ in _leaves(part) if "{{" not in text and " " not in text]
    return Others(
        list(dict.fromkeys(paths)),
        tables,
        list(dict.fromkeys(str(text) for text in [*texts, *constants])),
        dict(_same(part)),
    )


def _same(part: object) -> Iterator[tuple[str, str]]:
    """The id of each record that a step reads by its id, and the path it is read by."""
    for step in part.get("steps", ()) if isinstance(part, dict) else ():
        found = list(paths_in(step["id"])) if "read" in step else []
        if found and step["id"] == f"{{{{ {found[0]} }}}}":
            yield f"steps.{step['name']}.id", found[0]


def _leaves(part: object, key: str = "") -> Iterator[tuple[str, bool]]:
    """Every text in a part, and whether it is a bare expression."""
    if isinstance(part, dict):
        for name, one in part.items():
            yield from _leaves(one, name)
    elif isinstance(part, list):
        for one in part:
            yield from _leaves(one, key)
    elif isinstance(part, str):
        yield part, key in _CONDITIONS
