"""The names of expressions: which are the language's own, and which a file may introduce."""

from __future__ import annotations

import re
from typing import Final

from gateway.mapping.rules import Findings, Path

OWN: Final = ("bc", "target", "lookups", "steps", "params", "tables", "connection", "now")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_JINJA: Final = frozenset(
    {"true", "false", "none", "and", "or", "not", "is", "in", "if", "else", "null"}
)


def new_name(value: object, path: Path, findings: Findings) -> str:
    """`value` as a name that a file introduces at `path`; reported when it cannot be one."""
    name = value if isinstance(value, str) else ""
    if not _NAME.fullmatch(name):
        message = "A name has small letters, digits and underscores, and begins with a letter."
        findings.at(path, "bad-name", message)
    elif name in OWN or name in _JINJA:
        findings.at(path, "bad-name", f'"{name}" is a word of the language.')
    else:
        return name
    return "unnamed"
