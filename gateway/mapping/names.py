"""The names of expressions: which are the language's own, and which a file may introduce."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gateway.mapping.rules import Findings, Path

OWN: Final[Mapping[str, str]] = {  # and what each is, for the manual
    "bc": "in `record`: the record of Business Central, with null for its blanks",
    "target": "the parameters of the address: `target.id` of a record, `target.key` of an upsert",
    "lookups": "the answers of the lookups by their names: a record, or with `$each` a map of them",
    "steps": "the answers of the steps that were carried out before, by their names",
    "params": "the settings that the connection supplies",
    "tables": "the tables of the file: `tables.status`, and `tables.status[key]` for one entry",
    "connection": "`connection.id`, `.organization`, `.company.id` and `.company.name`",
    "now": "the time of the operation, in UTC; the same however often it is tried. `now | date` is today",
}

UNNAMED: Final = "_"
"""Stands for a name that cannot be one: no expression can mean it, and one that is unknown beside
it may have been meant by it.
"""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_JINJA: Final = frozenset(
    {"true", "false", "none", "and", "or", "not", "is", "in", "if", "else", "null"}
)


def new_name(value: object, path: Path, findings: Findings, *, key: bool = False) -> str:
    """`value` as a name that a file introduces at `path`; reported when it cannot be one, and
    `UNNAMED` then. `key`: it is the key there.
    """
    name = value if isinstance(value, str) else ""
    if not _NAME.fullmatch(name):
        message = "A name has small letters, digits and underscores, and begins with a letter."
        findings.at(path, "bad-name", message, key=key)
        return UNNAMED
    if name in OWN or name in _JINJA:
        findings.at(path, "bad-name", f'"{name}" is a word of the language.', key=key)
        return UNNAMED
    return name
