"""A leaf's text → Jinja's nodes that know where they stand.

Jinja's own parser reads the expressions. Its nodes carry lines and no columns, and its literals
are binary floats; so the tokens it is given carry the offset in the leaf's text instead of the
line, and exact decimals. `tests/unit/mapping/test_syntax.py` pins what of Jinja this relies on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, cast

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from gateway.mapping.functions import DIGITS

LONGEST: Final = 4_000  # characters of a leaf with expressions
DEEPEST: Final = 40  # nodes within nodes

_SHORT: Final = 200  # characters of leaves whose nodes, which nobody changes, are kept
_KEPT: Final = 1024

_WORD = "[A-Za-z_][A-Za-z0-9_]*"
_PATH_ALONE = re.compile(rf"\{{\{{ ({_WORD})((?:\.{_WORD}){{1,8}}) \}}\}}")
_NO_NAMES = frozenset(
    {"true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else"}
)
_PLAIN_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_STRING = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
_UNEXPECTED = re.compile(r"^unexpected char .* at ([0-9]+)$")
_OTHER_LANGUAGES: Final = {"<>": "!=", "===": "==", "&&": "and", "||": "or", "=": "==", "!": "not"}
_ESCAPES = re.compile(r"""\\(?!["'\\nrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})""")  # no half pairs


class Mistake(Exception):
    """What is wrong with the text of a leaf, from character `offset` on."""

    def __init__(
        self, rule: str, message: str, offset: int, length: int = 1, *, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.rule = rule
        self.message = message
        self.offset = offset
        self.length = length


@dataclass(frozen=True, slots=True)
class Parsed:
    """The parts of a leaf in their order: constant text and expressions.

    `alone`: the leaf is one expression and nothing else, so its value is the leaf's value.
    """

    parts: tuple[str | nodes.Expr, ...]
    alone: bool


class OffsetEnvironment(Environment):
    """Jinja's environment whose tokens say `offset + 1` where they usually say the line."""

    def _tokenize(
        self,
        source: str,
        name: str | None,
        filename: str | None = None,
        state: str | None = None,
    ) -> TokenStream:
        raw = self._with_offsets(source, name, filename, state)
        tokens = self.lexer.wrap(raw, name, filename)
        return TokenStream(self._exact(tokens, source), name, filename)

    def _with_offsets(
        self, source: str, name: str | None, filename: str | None, state: str | None
    ) -> Iterator[tuple[int, str, str]]:
        offset = 0
        try:
            for _, kind, text in self.lexer.tokeniter(source, name, filename, state):
                _check_token(kind, text, offset)
                yield offset + 1, kind, text
                offset += len(text)
        except TemplateSyntaxError as error:  # of the lexer: it says the line, not the offset
            error.lineno = offset + 1
            raise

    def _exact(self, tokens: Iterator[Token], source: str) -> Iterator[Token]:
        for token in tokens:
            if token.type == "float":
                written = _PLAIN_NUMBER.match(source, token.lineno - 1)
                text = written.group() if written else "0"
                yield Token(token.lineno, token.type, Decimal(text))  # type: ignore[arg-type]  # Jinja types every value as str
            else:
                yield token


_ENVIRONMENT: Final = OffsetEnvironment(keep_trailing_newline=True, autoescape=False, cache_size=0)


def offset_of(node: nodes.Node) -> int:
    """The offset in the leaf's text at which Jinja says `node` begins."""
    return node.lineno - 1


def parse_leaf(text: str) -> Parsed:
    """The parts of a leaf that holds `{{`. Raises `Mistake`."""
    return (_parsed_once if len(text) <= _SHORT else _parsed)(text)


def _parsed(text: str) -> Parsed:
    path = _PATH_ALONE.fullmatch(text)
    if path is not None and path[1] not in _NO_NAMES:
        return Parsed((_path(path),), alone=True)
    _check_text(text)
    try:
        template = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise _syntax(error, text) from None
    except (RecursionError, ValueError, OverflowError):
        raise Mistake("syntax", "This expression is too deep.", 0, len(text)) from None
    parts: list[str | nodes.Expr] = []
    for node in cast("list[nodes.Output]", template.body):  # there are no statements
        parts += [
            part.data if isinstance(part, nodes.TemplateData) else _sound(part)
            for part in node.nodes
        ]
    return Parsed(tuple(parts), alone=len(parts) == 1 and not isinstance(parts[0], str))


_parsed_once = lru_cache(maxsize=_KEPT)(_parsed)


def _path(found: re.Match[str]) -> nodes.Expr:
    """What Jinja makes of nothing but a path, as most leaves are: it takes ten times as long."""
    node: nodes.Expr = nodes.Name(found[1], "load", lineno=found.start(1) + 1)
    offset = found.start(2)
    for key in found[2].split(".")[1:]:
        node = nodes.Getattr(node, key, "load", lineno=offset + 1)
        offset += len(key) + 1
    return node


def parse_expression(text: str) -> nodes.Expr:
    """A bare expression, as in `$when` and `$each`. Raises `Mistake`."""
    _check_text(text)
    outside = _STRING.sub(lambda found: "_" * len(found.group()), text)
    if "{{" in outside:
        message = "A condition is a bare expression, without braces."
        raise Mistake("braces-in-a-condition", message, outside.index("{{"), 2)
    try:
        parser = Parser(_ENVIRONMENT, text, state="variable")
        node = parser.parse_expression()
        rest = parser.stream.current
        if not parser.stream.eos:
            message = "The expression ends here, the text does not."
            offset = rest.lineno - 1
            raise Mistake("syntax", message, offset, hint=_meant(text, offset))
    except TemplateSyntaxError as error:
        raise _syntax(error, text) from None
    except (RecursionError, ValueError, OverflowError):
        raise Mistake("syntax", "This expression is too deep.", 0, len(text)) from None
    return _sound(node)


def _check_text(text: str) -> None:
    if len(text) > LONGEST:
        raise Mistake("syntax", f"An expression has at most {LONGEST} characters.", 0)
    if "\r" in text:
        raise Mistake("syntax", "A carriage return stands here.", text.index("\r"))


def _check_token(kind: str, text: str, offset: int) -> None:
    """Refuse what Jinja would read in a second way, or would let vanish."""
    if kind in {"variable_begin", "variable_end"} and text.strip() not in {"{{", "}}"}:
        raise Mistake("syntax", "White space around braces is kept: no `-` or `+`.", offset, 3)
    if kind in {"comment_begin", "comment", "linecomment"}:
        raise Mistake("not-in-the-language", "Comments are YAML's.", offset, 2)
    if kind in {"block_begin", "raw_begin"}:
        raise Mistake("not-in-the-language", "Expressions have no statements.", offset, len(text))
    if kind in {"integer", "float"}:
        message = f"A number has at most {DIGITS} digits, a point perhaps, and nothing else."
        if not _PLAIN_NUMBER.fullmatch(text) or len(text) > DIGITS:
            raise Mistake("number-out-of-bounds", message, offset, len(text))
    if kind == "string" and (found := _ESCAPES.search(text.replace("\\\\", "__"))):
        raise Mistake("syntax", "There is no such escape in a text.", offset + found.start(), 2)


def _syntax(error: TemplateSyntaxError, text: str) -> Mistake:
    message = (error.message or "this cannot be read").rstrip(".")
    lexed = _UNEXPECTED.search(message)
    offset = int(lexed.group(1)) if lexed else error.lineno - 1
    offset = min(max(0, offset), max(0, len(text) - 1))
    if "}}" not in text and "{{" in text:
        message = "the braces are never closed"
    return Mistake("syntax", f"Not an expression: {message}.", offset, hint=_meant(text, offset))


def _meant(text: str, offset: int) -> str | None:
    """What to write instead of an operator of other languages that ends at `offset`, or begins."""
    around = text[max(0, offset - 2) : offset + 2]
    for sign, ours in _OTHER_LANGUAGES.items():
        if sign in around or sign == text[offset : offset + 1]:
            return f"Write `{ours}`."
    return None


def _sound(node: nodes.Expr) -> nodes.Expr:
    """`node`, if it is not nested too deeply to be walked."""
    level: list[nodes.Node] = [node]
    for _ in range(DEEPEST):
        level = [child for one in level for child in one.iter_child_nodes()]
        if not level:
            return node
    raise Mistake("syntax", "This expression is too deep.", max(0, offset_of(node)))
