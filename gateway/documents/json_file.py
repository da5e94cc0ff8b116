"""JSON files → nodes. The standard library's scanner reads texts; this adds places."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, absent in typeshed

from gateway.documents.nodes import DEEPEST, Node, Trouble, number

_SPACE = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r"[-+.0-9A-Za-z]+")
_HALF = re.compile("[\ud800-\udfff]")  # of a pair that stands for one character
_NO_COMMA = "`,` is expected"
_LAST_COMMA = "a comma stands behind the last value"
_NO_KEY = "a key in double quotes is expected"
_NO_VALUE = "a value is expected"
_OPEN = "this text has no closing quote"
_CONTROL = "a control character stands in this text"
_ESCAPE = "a backslash stands before a character that it cannot escape"
_SCANNED = {  # what the scanner of texts says, in words that go without it
    "Unterminated string starting at": _OPEN,
    "Invalid control character at": _CONTROL,
    "Invalid \\escape": _ESCAPE,
    "Invalid \\uXXXX escape": _ESCAPE,
}
_HINTS = {
    _OPEN: "Close it with a double quote.",
    _CONTROL: "Write a line break as `\\n`, a tab as `\\t`.",
    _ESCAPE: "Write a backslash as `\\\\`.",
    _NO_COMMA: "Put a comma behind this value.",
    _LAST_COMMA: "Take the comma away.",
    _NO_KEY: "Put the key in double quotes.",
    _NO_VALUE: "Write a text in double quotes, a number, true, false or null.",
}
_WORDS = {"null": None, "true": True, "false": False}


def read_json_file(text: str, troubles: list[Trouble]) -> Node:
    """The root node of `text`; what is wrong is added to `troubles`."""
    try:
        return _Reader(text, troubles).read()
    except JSONDecodeError as error:
        what, at, hint = _told(error)
        message = f"Not valid JSON: {what}."
        troubles.append(Trouble("D120", "json-syntax", message, at, at + 1, hint))
    return Node(0, len(text))


def json_mistake(text: str) -> tuple[str, int, str | None] | None:
    """What is not JSON in `text`, where it is, and what to do; None where nothing is. No value is
    quoted.
    """
    try:
        _Reader(text, []).read()
    except JSONDecodeError as error:
        return _told(error)
    return None


def _told(error: JSONDecodeError) -> tuple[str, int, str | None]:
    what = _SCANNED.get(error.msg.partition(":")[0], error.msg)
    return what, error.pos, _HINTS.get(what)


def quick_json(text: str) -> object:
    """The value of an ordinary file, read fast; None when it needs the reader that has places."""
    if "\\ud" in text or "\\uD" in text:
        return None
    try:
        value: object = json.loads(
            text, object_pairs_hook=_unique, parse_float=_exact, parse_constant=_exact
        )
    except (ValueError, RecursionError):
        return None
    return (
        value if text.count("{") + text.count("[") <= DEEPEST or _depth(value) <= DEEPEST else None
    )


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _exact(text: str) -> object:
    exact = number(text)
    if exact is None:
        raise ValueError
    return exact


def _depth(value: object) -> int:
    if not isinstance(value, dict | list):
        return 0
    children = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, children), default=0)


class _Reader:
    def __init__(self, text: str, troubles: list[Trouble]) -> None:
        self._text = text
        self._troubles = troubles

    def read(self) -> Node:
        node = self._value(self._skip(0), 1)
        rest = self._skip(node.end)
        if rest < len(self._text):
            raise self._wrong("one value, and nothing after it, is expected", rest)
        return node

    def _value(self, start: int, depth: int) -> Node:
        if depth > DEEPEST:
            raise self._wrong(f"nested deeper than {DEEPEST} levels", start)
        letter = self._text[start : start + 1]
        if letter == "{":
            return self._object(start, depth)
        if letter == "[":
            return self._array(start, depth)
        if letter == '"':
            value, end = self._string(start)
            return Node(start, end, value, '"')
        token = _TOKEN.match(self._text, start)
        if token is None:
            raise self._wrong(_NO_VALUE, start)
        if token.group() in _WORDS:
            return Node(start, token.end(), _WORDS[token.group()])
        exact = number(token.group())
        if exact is None:
            raise self._wrong(_NO_VALUE, start)
        return Node(start, token.end(), exact)

    def _object(self, start: int, depth: int) -> Node:
        node = Node(start, start, kind="map")
        at = self._skip(start + 1)
        while self._text[at : at + 1] != "}" or node.children:
            if self._text[at : at + 1] != '"':
                raise self._wrong(_NO_KEY, at)
            key, key_end = self._string(at)
            colon = self._expect(":", key_end)
            child = self._value(colon, depth + 1)
            child.key_start, child.key_end = at, key_end
            if key in node.children:
                message = f'The key "{key}" stands here twice.'
                self._troubles.append(Trouble("D114", "duplicate-key", message, at, key_end))
            else:
                node.children[key] = child
            at = self._skip(child.end)
            if self._text[at : at + 1] == "}":
                break
            at = self._behind_comma(child.end, "}")
        node.end = at + 1
        return node

    def _string(self, start: int) -> tuple[str, int]:
        value, end = scanstring(self._text, start + 1)
        if _HALF.search(value):
            raise self._wrong("half of a surrogate pair stands for nothing", start)
        return value, end

    def _array(self, start: int, depth: int) -> Node:
        node = Node(start, start, kind="list")
        at = self._skip(start + 1)
        while self._text[at : at + 1] != "]" or node.children:
            child = self._value(at, depth + 1)
            node.children[len(node.children)] = child
            at = self._skip(child.end)
            if self._text[at : at + 1] == "]":
                break
            at = self._behind_comma(child.end, "]")
        node.end = at + 1
        return node

    def _behind_comma(self, index: int, last: str) -> int:
        """Where the next value begins, of an object or a list that ends with `last`."""
        comma = self._skip(index)
        if comma == len(self._text):
            raise self._wrong(f"`{last}` is expected", comma)
        if self._text[comma] != ",":
            raise self._wrong(_NO_COMMA, max(0, index - 1))
        at = self._skip(comma + 1)
        if self._text[at : at + 1] == last:
            raise self._wrong(_LAST_COMMA, comma)
        return at

    def _skip(self, index: int) -> int:
        match = _SPACE.match(self._text, index)
        return match.end() if match else index

    def _expect(self, mark: str, index: int) -> int:
        at = self._skip(index)
        if self._text[at : at + 1] != mark:
            raise self._wrong(f"`{mark}` is expected", at)
        return self._skip(at + 1)

    def _wrong(self, what: str, index: int) -> JSONDecodeError:
        return JSONDecodeError(what, self._text, index)
