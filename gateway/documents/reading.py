"""Files → values with positions. YAML is read as JSON with better manners, JSON as JSON.

A plain YAML scalar is null, true, false or a JSON number, else text: `NO`, `007` and `12:30` stay
what they are. Tags, anchors, merge keys and duplicate keys are findings.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from errno import EINVAL
from functools import cached_property
from os.path import realpath
from pathlib import Path

from gateway.documents.findings import Finding
from gateway.documents.json_file import quick_json, read_json_file
from gateway.documents.nodes import Node, Trouble, plain_value
from gateway.documents.yaml_file import read_yaml_file
from gateway.errors import InvalidFiles, Place

Path_ = tuple[str | int, ...]

_MOST_TROUBLES = 100  # of one file that are told one by one
_LARGEST_FILE = 2 * 1024 * 1024  # bytes; a mapping has some kilobytes


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its text, its value, and the place of each part of it.

    `value` holds only dict, list, str, int, Decimal, bool and None.
    """

    file: str
    text: str
    value: object
    _places: _Places = field(repr=False, compare=False)

    def place(self, path: Path_ = (), *, key: bool = False) -> Place:
        """Where the value at `path` begins (or its key). The nearest parent, if there is none."""
        node, found = self._places.node(path)
        start = node.key_start if key and found and node.key_start is not None else node.start
        return self._at(start)

    def place_in(self, path: Path_, offset: int) -> Place:
        """Where character `offset` of the text at `path` stands, through quotes and escapes."""
        node, _ = self._places.node(path)
        return self._at(node.source_index(self.text, offset))

    def length(self, path: Path_, *, key: bool = False) -> int:
        """How many characters the value (or key) at `path` takes up to the end of its line."""
        node, found = self._places.node(path)
        if key and found and node.key_start is not None and node.key_end is not None:
            return node.key_end - node.key_start
        line_end = self.text.find("\n", node.start)
        return max(1, min(node.end, len(self.text) if line_end < 0 else line_end) - node.start)

    def renamed(self, path: Path_, names: Mapping[str, str]) -> Document:
        """The document with other names for keys of the map at `path`; their places stay."""
        node, found = self._places.node(path)
        if not found:
            return self
        for key, name in names.items():
            node.children[name] = node.children[key]
        return replace(self, value=_renamed(self.value, path, names))

    def _at(self, index: int) -> Place:
        line = bisect_right(self._places.lines, index)
        return Place(self.file, line, index - self._places.lines[line - 1] + 1)


def _renamed(value: object, path: Path_, names: Mapping[str, str]) -> object:
    if not isinstance(value, dict):
        return value
    if not path:
        return {names.get(key, key): inner for key, inner in value.items()}
    return value | {path[0]: _renamed(value[path[0]], path[1:], names)}


class _Places:
    """The nodes and lines of a text, found out when the first place is asked for.

    Most files have no finding, so most places are never asked for.
    """

    def __init__(self, text: str, root: Node | None) -> None:
        self._text = text
        self._read = root

    @cached_property
    def root(self) -> Node:
        return self._read or read_json_file(self._text, [])

    @cached_property
    def lines(self) -> tuple[int, ...]:
        return (0, *(match.end() for match in re.finditer("\n", self._text)))

    def node(self, path: Path_) -> tuple[Node, bool]:
        """The node at `path`, or the nearest parent and False."""
        node = self.root
        for step in path:
            child = node.children.get(step)
            if child is None:
                return node, False
            node = child
        return node, True


def to_be_read(path: Path) -> bool:
    """Whether what stands at `path` in a folder is to be read: also what cannot be, such as a link
    that leads nowhere, for it is a finding then. Hidden ones of those are an editor's locks.
    """
    return path.is_file() or not path.name.startswith(".")


def load_document(path: Path, *, name: str | None = None) -> Document:
    """Read the file at `path`; `name` is how findings call it.

    Raises `InvalidFiles` when it cannot be read, or with every finding in it.
    """
    return read_document(*read_text(path, name=name))


def read_text(path: Path, *, name: str | None = None) -> tuple[str, str]:
    """How findings call the file at `path`, and its text. Raises `InvalidFiles`."""
    shown = name or path_shown(path)
    try:
        data = _bytes_of(path)
    except OSError as error:
        raise InvalidFiles([unreadable(shown, "The file", error)]) from None
    if len(data) > _LARGEST_FILE:
        raise _invalid(shown, "D102", "too-large", "The file is larger than 2 MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(
            shown, "D103", "not-utf-8", f"Byte {error.start + 1} is not UTF-8.", "Save it as UTF-8."
        ) from None
    return shown, text.replace("\r\n", "\n")


def unreadable(file: str, what: str, error: OSError) -> Finding:
    """The finding that `what`, which findings call `file`, cannot be read."""
    message = f"{what} cannot be read: {error.strerror or type(error).__name__}."
    return Finding("D101", "unreadable", message, Place(file, 1, 1), quoted=False)


def _bytes_of(path: Path) -> bytes:
    """What is in a file, no more of it than is looked at. Raises `OSError`, also for what is no
    file: a pipe would be waited for.
    """
    if not path.is_file() and path.exists():
        raise OSError(EINVAL, "it is no file")
    with path.open("rb") as opened:
        return opened.read(_LARGEST_FILE + 1)


def read_document(file: str, text: str) -> Document:
    """Read `text` as YAML or, when `file` ends in `.json`, as JSON.

    Raises `InvalidFiles` with every finding.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    is_json = file.endswith(".json")
    if is_json and (value := quick_json(text)) is not None:
        return Document(file, text, value, _Places(text, None))
    troubles: list[Trouble] = []
    root = (read_json_file if is_json else read_yaml_file)(text, troubles)
    document = Document(file, text, plain_value(root), _Places(text, root))
    if troubles:
        raise InvalidFiles([_finding(document, trouble) for trouble in _first(troubles)])
    return document


def _first(troubles: list[Trouble]) -> list[Trouble]:
    """The first of many, and how many more there are."""
    if (more := len(troubles) - _MOST_TROUBLES) <= 0:
        return troubles
    last = replace(troubles[_MOST_TROUBLES], message=f"There are {more} more mistakes.", hint=None)
    return [*troubles[:_MOST_TROUBLES], last]


def _finding(document: Document, trouble: Trouble) -> Finding:
    place = document._at(min(trouble.start, len(document.text)))  # noqa: SLF001 - same module
    return Finding(
        trouble.rule,
        trouble.name,
        trouble.message,
        place,
        length=max(1, trouble.end - trouble.start),
        hint=trouble.hint,
    )


def _invalid(
    file: str, rule: str, name: str, message: str, hint: str | None = None
) -> InvalidFiles:
    return InvalidFiles([Finding(rule, name, message, Place(file, 1, 1), hint=hint)])


def path_shown(path: Path) -> str:
    """How findings call the file at `path`: as seen from here where it is below."""
    resolved = Path(realpath(path))  # which takes a link to itself as well
    here = Path.cwd()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)
