"""Tokens of OData expressions. Called by ``parser``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.simulator.errors import bad_request

_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:[^']|'')*')
  | (?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_@$][\w.]*)
  | (?P<symbol>[(),/:*])
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is a group of the pattern or ``end``; ``text`` is as written."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """All tokens of ``text`` and an ``end``. Raises BusinessCentralError (400)."""
    tokens = []
    position = 0
    while position < len(text):
        found = _PATTERN.match(text, position)
        if found is None:
            raise bad_request(f"Syntax error at position {position} in '{text}'.")
        if found.lastgroup != "space":
            tokens.append(Token(found.lastgroup or "", found.group(), position))
        position = found.end()
    tokens.append(Token("end", "", position))
    return tokens
