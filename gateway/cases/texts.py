"""An expression's text, changed in one small way at a time. No parsing beyond tokens: whether a
changed text still means something is for the compiler to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<filter>\|\s*(?P<called>[a-z_]+)\s*(?P<arguments>\([^()]*\))?)
    |(?P<word>(?:and|or|not\ in|not|in|is\ not|is|if|else|true|false|none)\b)
    |(?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[[^\[\]]*\])*)
    |(?P<sign>==|!=|>=|<=|>|<|\+|-|\*|/|~|\[|\]|,|\(|\))
    """,
    re.VERBOSE,
)
_CHOSEN: Final = re.compile(r"\s*\|\s*choose\s*\(\s*tables\.(?P<table>\w+)\s*[,)]")
_BRACED: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "and": ("or",),
    "or": ("and",),
    "not in": ("in",),
    "in": ("not in",),
    "not": ("",),
    "is not": ("is",),
    "is": ("is not",),
    "true": ("false",),
    "false": ("true",),
    "==": ("!=",),
    "!=": ("==",),
    ">=": (">",),
    "<=": ("<",),
    ">": (">=",),
    "<": ("<=",),
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "/": ("*",),
}
_TESTS: Final = frozenset({"present", "null", "text", "number"})
CONSTANTS: Final = (
    "'~'",
    "'11111111-2222-4333-8444-555555555555'",
    "'2001-02-03'",
    "'2001-02-03T04:05:06Z'",
    "7",
    "true",
)
_FEW: Final = 6  # other paths that are tried for one


@dataclass(frozen=True, slots=True)
class Edit:
    """One small change of a text: `length` characters from `offset` on, and what may stand there
    instead, the first that compiles.
    """

    offset: int
    length: int
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Others:
    """What a file has to put in the place of something: its paths, and its constant texts.

    `same` leads from a path to another one that always has the same value, as the id of a record
    does that is read by its id. `tables` are by their names.
    """

    paths: Sequence[str]
    tables: Mapping[str, Mapping[str, object]]
    texts: Sequence[str]
    same: Mapping[str, str]


def paths_in(text: str, *, bare: bool = False) -> Iterator[str]:
    """The paths that a leaf's text reads; `bare`: it is an expression without braces."""
    for start, end in _spans(text, bare=bare):
        for token in _TOKEN.finditer(text, start, end):
            if token.lastgroup == "path" and not token["path"].startswith("tables."):
                yield token["path"]


def edits(text: str, others: Others, *, bare: bool = False) -> Iterator[Edit]:
    """Every small change of a leaf's text."""
    spans = list(_spans(text, bare=bare))
    for start, end in spans:
        yield from _in_expression(text, start, end, others)
    if not bare:
        yield from _around(text, spans)


def _spans(text: str, *, bare: bool) -> Iterator[tuple[int, int]]:
    if bare:
        yield 0, len(text)
        return
    for found in _BRACED.finditer(text):
        yield found.span(1)


def _in_expression(text: str, start: int, end: int, others: Others) -> Iterator[Edit]:
    for token in _TOKEN.finditer(text, start, end):
        here, length = token.start(), len(token[0])
        match token.lastgroup:
            case "string":
                yield Edit(here, length, tuple(_texts(token[0], others)))
                yield from _dropped_element(text, token)
            case "number":
                yield Edit(here, length, tuple(_numbers(token[0])))
            case "path" if token["path"] not in _TESTS:
                yield Edit(here, length, tuple(_paths(token["path"], others)))
            case "word" | "sign" if token[0] in _OTHER:
                yield Edit(here, length, _OTHER[token[0]])
            case "filter":
                yield from _filter(text, token, others)


def _filter(text: str, token: re.Match[str], others: Others) -> Iterator[Edit]:
    """A filter left out, and each of its arguments changed; one on another table is a path."""
    if token["called"] not in {"default", "choose", "decimal"}:
        yield Edit(token.start(), len(token[0]), ("",))
    if token["arguments"]:
        at = token.start("arguments")
        inner = _in_expression(token["arguments"], 1, len(token["arguments"]) - 1, others)
        for edit in inner:
            choices = edit.choices
            if token["called"] == "default" and (found := _CHOSEN.match(text, token.end())):
                was = token["arguments"][edit.offset : edit.offset + edit.length]
                choices = _otherwise(was, choices, others.tables.get(found["table"], {}))
            yield Edit(at + edit.offset, edit.length, choices)


def _otherwise(was: str, choices: tuple[str, ...], table: Mapping[str, object]) -> tuple[str, ...]:
    """Those of the defaults for which a table has something else than for `was`. All that it does
    not know come to the same.
    """
    before = table.get(was.strip("'\""))
    return tuple(one for one in choices if table.get(one.strip("'\"")) != before)


def _texts(quoted: str, others: Others) -> Iterator[str]:
    """Another text in the place of a constant one."""
    plain = quoted[1:-1]
    yield f"'{plain}~'"
    yield from (f"'{other}'" for other in others.texts if other != plain and "'" not in other)


def _dropped_element(text: str, token: re.Match[str]) -> Iterator[Edit]:
    """The element of a list left out."""
    before = re.search(r"[\[,]\s*$", text[: token.start()])
    after = re.match(r"\s*,\s*", text[token.end() :])
    if before and before[0].startswith(",") and not after:
        yield Edit(before.start(), token.end() - before.start(), ("",))
    elif before and after:
        yield Edit(token.start(), len(token[0]) + len(after[0]), ("",))


def _paths(path: str, others: Others) -> Iterator[str]:
    """Other paths from the same name on, those beside it first; else constants."""
    if path.startswith("tables."):
        yield from (f"tables.{name}" for name in others.tables if path != f"tables.{name}")
        return
    at = others.paths.index(path) if path in others.paths else 0
    turned = [
        other
        for other in [*others.paths[at:], *others.paths[:at]]
        if others.same.get(other, other) != others.same.get(path, path)
        and not f"{other}.".startswith(f"{path}.")  # either is there when the other one is
        and not path.startswith(f"{other}.")
    ]
    beside = [one for one in turned if one.rpartition(".")[0] == path.rpartition(".")[0]]
    same_root = [one for one in turned if _root(one) == _root(path)]
    yield from list(dict.fromkeys([*beside, *same_root]))[:_FEW]
    yield from CONSTANTS


def _root(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _around(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Edit]:
    """The constant text between expressions."""
    at = 0
    for start, end in [*spans, (len(text) + 2, len(text))]:
        piece = text[at : start - 2]
        if piece.strip():
            yield Edit(at, len(piece), (piece + "~",))
        at = end + 2


def _numbers(number: str) -> Iterator[str]:
    """The next number, and the one before."""
    whole, point, rest = number.partition(".")
    yield f"{int(whole) + 1}{point}{rest}"
    if int(whole) > 0:
        yield f"{int(whole) - 1}{point}{rest}"
