"""Regular expressions that take a time in proportion to the text, whatever is written in them.

Python's own try one way after the other, and some expressions have more ways than there is time:
``(a+)+$``. These follow all ways at once, and remember what comes of it. They are written like
Python's, and have what can be followed so: characters, classes, groups, alternatives, repetitions,
``^``, ``$`` and ``(?i)`` at the beginning; no look around, no references back.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.simulator.errors import ControlError

_LONGEST = 500  # characters
_MOST = 1000  # places, repetitions written out
_REMEMBERED = 4096  # steps
_MATCHED = -1
_ATOM = re.compile(
    r"\\[dDwWsS]|\\[^a-zA-Z0-9]|\\x[0-9a-fA-F]{2}|\\[tnrfv]|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\]",
    re.DOTALL,
)
_GROUP = re.compile(r"\((?:\?:|\?P<\w+>|(?!\?))")
_TIMES = re.compile(r"(?:([*+?])|\{(?!\})([0-9]*)(,?)([0-9]*)\})(\+|\??)")
_SIMPLE = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class _Atom:
    """One character."""

    test: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Edge:
    """The beginning of the text, or its end."""

    end: bool


@dataclass(frozen=True, slots=True)
class _Row:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Either:
    branches: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeated:
    """At least ``low`` times, at most ``high`` times if there is an end."""

    inner: _Node
    low: int
    high: int | None


_Node = _Atom | _Edge | _Row | _Either | _Repeated


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one may be in the expression: before what, and where to go on."""

    ways: tuple[int, ...]
    before: _Atom | _Edge | None = None


class Pattern:
    """A regular expression. Raises ControlError for what is none, or none of this kind."""

    def __init__(self, text: str) -> None:
        self.pattern = text
        self._places: list[_Place] = []
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._built = 0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of classes that may mean more once
                re.compile(text)
                self._start = self._build(_Reader(text).node(), _MATCHED)
        except (re.error, OverflowError, RecursionError) as error:
            told = f"The path '{text[:80]}' is not a regular expression: {error}."
            raise ControlError(told) from None

    def search(self, text: str) -> bool:
        """Whether it matches somewhere in the text."""
        at = self._reached({self._start}, first=True)
        last = len(text) - 1 if text.endswith("\n") else len(text)  # "$" stands before it as well
        for place, character in enumerate(text):
            if place == last:
                at = self._reached(at, first=not place, last=True)
            if _MATCHED in at:
                return True
            at = self._step(at, character)
        return _MATCHED in self._reached(at, first=not text, last=True)

    def _step(self, at: frozenset[int], character: str) -> frozenset[int]:
        """Where one may be after a character, or begin."""
        found = self._steps.get((at, character))
        if found is not None:
            return found
        after = {self._start}
        for place in at:
            before = self._places[place].before
            if isinstance(before, _Atom) and before.test.fullmatch(character):
                after.update(self._places[place].ways)
        if len(self._steps) >= _REMEMBERED:
            self._steps.clear()
        found = self._steps[at, character] = self._reached(after)
        return found

    def _reached(
        self, at: Collection[int], *, first: bool = False, last: bool = False
    ) -> frozenset[int]:
        """All places that one comes to without another character."""
        left, seen = list(at), set(at)
        while left:
            place = left.pop()
            before = None if place == _MATCHED else self._places[place].before
            if place == _MATCHED or isinstance(before, _Atom):
                continue
            if isinstance(before, _Edge) and not (last if before.end else first):
                continue
            new = [way for way in self._places[place].ways if way not in seen]
            seen.update(new)
            left += new
        return frozenset(seen)

    def _build(self, node: _Node, after: int) -> int:
        """The place before ``node``, from which one comes to ``after``."""
        self._built += 1
        if self._built > _MOST:
            raise ControlError(f"The path '{self.pattern[:80]}' repeats too much.")
        match node:
            case _Atom() | _Edge():
                return self._add(_Place((after,), node))
            case _Row():
                for part in reversed(node.parts):
                    after = self._build(part, after)
                return after
            case _Either():
                return self._add(_Place(tuple(self._build(one, after) for one in node.branches)))
            case _Repeated():
                return self._repeat(node, after)

    def _repeat(self, node: _Repeated, after: int) -> int:
        if node.high is None:
            loop = self._add(_Place((after,)))
            self._places[loop] = _Place((self._build(node.inner, loop), after))
            end = loop
        else:
            end = after
            for _ in range(node.high - node.low):
                end = self._add(_Place((self._build(node.inner, end), after)))
        for _ in range(node.low):
            end = self._build(node.inner, end)
        return end

    def _add(self, place: _Place) -> int:
        self._places.append(place)
        return len(self._places) - 1


class _Reader:
    """Reads an expression that Python takes for one."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise ControlError(f"A path is a regular expression of {_LONGEST} characters at most.")
        self._flags = re.IGNORECASE if text.startswith("(?i)") else re.NOFLAG
        self._text, self._at = text, 4 if self._flags else 0

    def node(self) -> _Node:
        """The whole expression. Raises ControlError."""
        return self._alternatives()

    def _alternatives(self) -> _Node:
        branches = [_Row(tuple(self._sequence()))]
        while self._text.startswith("|", self._at):
            self._at += 1
            branches.append(_Row(tuple(self._sequence())))
        return _Either(tuple(branches))

    def _sequence(self) -> Iterator[_Node]:
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            node = self._one()
            if found := _TIMES.match(self._text, self._at):
                self._at = found.end()
                node = self._times(node, found)
            yield node

    def _times(self, node: _Node, found: re.Match[str]) -> _Node:
        simple, least, comma, most, more = found.groups()
        if more == "+":
            raise self._unknown("a repetition that gives nothing back")
        if simple:
            low, high = _SIMPLE[simple]
            return _Repeated(node, low, high)
        low = int(least or 0)
        if not comma:
            return _Repeated(node, low, low)
        return _Repeated(node, low, int(most) if most else None)

    def _one(self) -> _Node:
        if self._text[self._at] in "^$":
            self._at += 1
            return _Edge(self._text[self._at - 1] == "$")
        if self._text[self._at] == "(":
            return self._group()
        found = _ATOM.match(self._text, self._at)
        if found is None:
            raise self._unknown(f"'{self._text[self._at : self._at + 2]}'")
        self._at, text = found.end(), found[0]
        written = text if text[0] in "\\[." else re.escape(text)
        return _Atom(re.compile(written, self._flags))

    def _group(self) -> _Node:
        found = _GROUP.match(self._text, self._at)
        if found is None:
            raise self._unknown(f"'{self._text[self._at : self._at + 3]}'")
        self._at = found.end()
        node = self._alternatives()
        self._at += 1  # its end, as Python has found it as well
        return node

    def _unknown(self, what: str) -> ControlError:
        return ControlError(
            f"The path '{self._text[:80]}' has {what}; known are characters, classes, groups, "
            "alternatives, repetitions, ^, $ and (?i) at the beginning."
        )
