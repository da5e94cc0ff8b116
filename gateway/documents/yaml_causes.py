"""What a person has done where the YAML parser stumbles, which is often further down.

The parser tells where it could not go on. Who forgets a quote, a brace or the space behind a colon
does so before that place; this says where, and what to write.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.documents.nodes import indent_of

_KEY: Final = r"""(?!-\s)(?:"[^"\n]*"|'[^'\n]*'|[\w$?.@-]+)"""
_NO_SPACE: Final = re.compile(rf"""[ ]*(?:- +)*({_KEY}):(?=\S)""")
_NO_COLON: Final = re.compile(rf"""[ ]*(?:- +)*({_KEY})(?=[ ]|$)""")
_SPACED: Final = re.compile(r":(?=\s)")
_STARTS_NOTHING: Final = "@`%"


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong from `start` to `end` of the text, in a sentence, and what to do."""

    message: str
    start: int
    end: int
    hint: str


@dataclass(frozen=True, slots=True)
class Stumble:
    """Where the parser could not go on, and why. `reading` is what it did and `context` where that
    begins, `scalar` the last text or number it has read, `quote` how that one is quoted.
    """

    problem: str
    reading: str
    at: int
    context: int | None
    scalar: tuple[int, int] | None
    quote: str


def cause_of(text: str, stumble: Stumble) -> Cause:
    """The cause of what the parser says of `text`."""
    return next(_causes(_Lines(text), stumble), None) or Cause(
        f"Not valid YAML: {stumble.problem}.",
        stumble.at,
        stumble.at + 1,
        "Look at the indentation and the quotes, here and in the line above.",
    )


class _Lines:
    """A text by its lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def of(self, at: int) -> int:
        """The number of the line, from 0, that the character `at` is in."""
        return bisect_right(self._starts, at) - 1

    def start(self, line: int) -> int:
        """Where a line begins."""
        return self._starts[line]

    def line(self, number: int) -> str:
        """A line without its end."""
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self.text)
        return self.text[self._starts[number] : end]

    def above(self, number: int) -> Iterator[str]:
        """The lines above one that hold something, the nearest first."""
        for one in range(number - 1, -1, -1):
            line = self.line(one)
            if line.strip() and not line.lstrip().startswith("#"):
                yield line


def _causes(lines: _Lines, stumble: Stumble) -> Iterator[Cause]:
    number = lines.of(min(stumble.at, max(0, len(lines.text) - 1)))
    yield from _tab(lines, number)
    yield from _quotes(lines, stumble)
    if "while parsing a flow" in stumble.reading:
        yield from _braces(lines, stumble)
    if "mapping values are not allowed" in stumble.problem:
        yield from _colons(lines, stumble, number)
    if "could not find expected ':'" in stumble.problem and stumble.context is not None:
        yield from _no_colon(lines, lines.of(stumble.context))
    letter = lines.text[stumble.at : stumble.at + 1]
    if letter and letter in _STARTS_NOTHING and "cannot start any token" in stumble.problem:
        message = f'A text that begins with "{letter}" needs quotes.'
        yield Cause(message, stumble.at, stumble.at + 1, "Put it in quotes.")
    if "while parsing a quoted" in stumble.reading:
        hint = "Write two backslashes, or the text in single quotes."
        at = max(0, lines.text.rfind("\\", 0, stumble.at + 1))
        yield Cause("This escape is none of YAML's.", at, at + 1, hint)
    if "sequence entries are not allowed" in stumble.problem:
        hint = "Begin it in the next line, or write it in brackets."
        yield Cause("A list begins in a line of its own.", stumble.at, stumble.at + 1, hint)
    if "did not find expected" not in stumble.problem:
        return
    if lines.line(number)[: stumble.at - lines.start(number)].strip():
        message = "The value ends before this."
        hint = "Take it out, or put all of the value in quotes."
        yield Cause(message, stumble.at, stumble.at + 1, hint)
    else:
        yield from _indentation(lines, number)


def _tab(lines: _Lines, number: int) -> Iterator[Cause]:
    line = lines.line(number)
    blank = line[: len(line) - len(line.lstrip())]
    if "\t" in blank:
        at = lines.start(number) + blank.index("\t")
        message = "A tab stands here; YAML is indented by spaces."
        yield Cause(message, at, at + 1, "Write spaces.")


def _quotes(lines: _Lines, stumble: Stumble) -> Iterator[Cause]:
    """A quote that is never closed, or closed too early."""
    never = "The quote is never closed, so the text goes on in the next line."
    close = "Close it at the end of the text."
    if stumble.problem == "found unexpected end of stream" and stumble.context is not None:
        yield Cause(never, stumble.context, stumble.context + 1, close)
        return
    if stumble.scalar is None or not stumble.quote or stumble.quote not in "\"'":
        return
    start, end = stumble.scalar
    if lines.of(end) != lines.of(stumble.at):
        return
    if lines.of(start) < lines.of(end):
        yield Cause(never, start, start + 1, close)
    elif not lines.text[end : stumble.at].strip() and stumble.at < len(lines.text):
        if lines.text.count("{{", start, end) > lines.text.count("}}", start, end):
            hint = "Inside of the quotes of an expression write texts in the other ones: 'x'."
            yield Cause("The quote ends the text within its expression.", end - 1, end, hint)
        elif lines.text[stumble.at] not in ",}]":
            hint = "Put all of it in one pair of quotes, or none of it."
            yield Cause("Something stands behind the quotes.", stumble.at, stumble.at + 1, hint)


def _braces(lines: _Lines, stumble: Stumble) -> Iterator[Cause]:
    """A brace that is never closed, or a value that braces end too early."""
    opened = stumble.context
    # Of what has nothing in it the parser knows no begin.
    if opened is None or opened >= stumble.at:
        opened = max(lines.text.rfind(sign, 0, stumble.at) for sign in "[{")
    if opened < 0:
        return
    if lines.of(opened) != lines.of(stumble.at):
        sign = lines.text[opened]
        close = {"{": "}", "[": "]"}.get(sign, "")
        message = f"The `{sign}` is never closed."
        yield Cause(message, opened, opened + 1, f"Close it: `{close}`.")
        return
    if "did not find expected ','" not in stumble.problem:
        return
    hint = "Put the value in quotes."
    message = "In braces a value without quotes has no `[`, `{`, `,` and no colon with a space."
    yield Cause(message, stumble.at, stumble.at + 1, hint)


def _colons(lines: _Lines, stumble: Stumble, number: int) -> Iterator[Cause]:
    """Behind a text that goes on in this line, or within a text, a colon stands."""
    before = lines.line(number)[: stumble.at - lines.start(number)]
    if _SPACED.search(before):
        message = "A second colon stands here; a text with one in it needs quotes."
        yield Cause(message, stumble.at, stumble.at + 1, "Put the text in quotes.")
        return
    if stumble.scalar is None or lines.of(stumble.scalar[0]) == number:
        return
    yield from _no_colon(lines, lines.of(stumble.scalar[0]))
    yield from _indentation(lines, number)


def _no_colon(lines: _Lines, number: int) -> Iterator[Cause]:
    """A key without its colon, or without the space behind it."""
    line, start = lines.line(number), lines.start(number)
    if found := _NO_SPACE.match(line):
        at = start + found.end(1) + 1
        yield Cause("A space is missing behind the colon.", at, at + 1, f"Write `{found[1]}: …`.")
    elif found := _NO_COLON.match(line):
        at, end = start + found.start(1), start + found.end(1)
        yield Cause("A colon is missing behind the key.", at, end, f"Write `{found[1]}: …`.")


def _indentation(lines: _Lines, number: int) -> Iterator[Cause]:
    """A line that begins where no line may begin."""
    line = lines.line(number)
    here = indent_of(line)
    above = -1
    known: list[int] = []
    for one in lines.above(number):
        deep = indent_of(one)
        if above < 0:
            above = deep
        if not known or deep < known[-1]:
            known.append(deep)
            listed = re.match(r" *- +", one)
            if listed and here > deep:
                known.append(listed.end())
    if above < 0 or not line.strip():
        return
    if here in known and line.lstrip().startswith("- "):
        message = "An element of a list stands beside a key here."
        hint = "Indent it below the key of its list."
        yield Cause(message, lines.start(number) + here, lines.start(number) + here + 1, hint)
    if here in known:
        return
    near = sorted(set(known), key=lambda one: abs(one - here))[:2]
    words = " or ".join(str(one) for one in sorted(near))
    message = f"This line is indented by {_spaces(here)}, which fits none above it."
    at = lines.start(number) + here
    hint = f"Indent it by {words}, or the lines it belongs to as this one."
    yield Cause(message, at, at + 1, hint)


def _spaces(count: int) -> str:
    return f"{count} space{'' if count == 1 else 's'}"
