"""What the two readers of files make: nodes with the indexes at which they begin and end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

DEEPEST: Final = 64  # levels of nesting a file may have
LARGEST_EXPONENT: Final = 30  # either way; with more, few characters stand for thousands of digits
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ESCAPE = re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|\n[ \t]*|.)", re.DOTALL)
_BREAK = re.compile(r"[\n\r\x85\u2028\u2029]")  # what YAML 1.1 takes for the end of a line
_FOLD = re.compile(r"[ \t]*[\n\r\x85\u2028\u2029][ \t\n\r\x85\u2028\u2029]*")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A mistake between two indexes of the text; `reading.py` makes a Finding of it."""

    rule: str
    name: str
    message: str
    start: int
    end: int
    hint: str | None = None


@dataclass(slots=True)
class Node:
    """A value in a file. `style` is YAML's: plain `""`, `'`, `"`, `|`, `>`, or `{` for JSON."""

    start: int
    end: int
    value: object = None
    style: str = ""
    children: dict[str | int, Node] = field(default_factory=dict)
    kind: str = "scalar"
    key_start: int | None = None
    key_end: int | None = None

    def source_index(self, text: str, offset: int) -> int:
        """The index in `text` of character `offset` of this scalar's value."""
        if self.kind != "scalar" or not isinstance(self.value, str):
            return self.start
        if self.style in {"|", ">"}:
            return _index_in_block(self, text, offset)
        index = self.start + (1 if self.style in {"'", '"'} else 0)
        taken = 0
        while index < self.end:
            escape = _ESCAPE.match(text, index, self.end) if self.style == '"' else None
            if escape and escape.group().startswith("\\\n"):  # a line goes on, nothing is added
                index = escape.end()
                continue
            if taken >= offset:
                break
            fold = _FOLD.match(text, index, self.end)
            if escape:
                taken += 1
                index = escape.end()
            elif fold:
                taken += max(1, len(_BREAK.findall(fold.group())) - 1)
                index = fold.end()
            else:
                index += 2 if self.style == "'" and text.startswith("''", index) else 1
                taken += 1
        return min(index, self.end)


def _index_in_block(node: Node, text: str, offset: int) -> int:
    """The same for `|` and `>`: each line's indentation is not part of the value, and between two
    lines the value has what the style makes of it.
    """
    value, indent, taken = str(node.value), -1, 0
    index = text.find("\n", node.start) + 1
    while index < node.end:
        line_end = text.find("\n", index, node.end)
        line_end = node.end if line_end < 0 else line_end
        line = text[index:line_end]
        if indent < 0 and line.strip(" "):
            first = next((one for one in value.split("\n") if one.strip(" ")), "")
            indent = max(0, indent_of(line) - indent_of(first))
        held = line[indent:] if indent >= 0 else ""
        begins = value.find(held, taken)
        if held and begins >= 0:
            if offset <= begins + len(held):
                return line_end - len(held) + max(0, offset - begins)
            taken = begins + len(held)
        index = line_end + 1
    return node.end


def indent_of(line: str) -> int:
    """How many spaces a line begins with."""
    return len(line) - len(line.lstrip(" "))


def plain_value(node: Node) -> object:
    """The value without its places."""
    if node.kind == "map":
        return {key: plain_value(child) for key, child in node.children.items()}
    if node.kind == "list":
        return [plain_value(child) for child in node.children.values()]
    return node.value


def number(text: str) -> int | Decimal | None:
    """`text` as a JSON number, exact; None when it is none, or one that no payload may hold."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 80:
        return None
    if match.group(1) is None and match.group(2) is None:
        return int(text)
    if match.group(2) is not None and abs(int(match.group(2)[1:])) > LARGEST_EXPONENT:
        return None
    return Decimal(text)
