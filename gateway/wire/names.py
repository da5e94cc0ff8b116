"""Names of enum members as Business Central writes them: `Sales_x0020_Order` is `Sales Order`.

Source: bc/api.md §10. Letters, digits and underscores stand for themselves, everything else is
`_xHHHH_` with its UTF-16 code; an underscore that would begin such a group is one itself.
"""

from __future__ import annotations

import re

_GROUPS = re.compile(r"(?:_x[0-9A-Fa-f]{4}_)+")
_TO_ENCODE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[^\w]")


def decode_name(name: str) -> str:
    """`In_x0020_Review` → `In Review`. Groups that are no text stay as they are written."""
    return _GROUPS.sub(_decoded, name) if "_x" in name else name


def encode_name(name: str) -> str:
    """`In Review` → `In_x0020_Review`; the inverse of `decode_name`."""
    return _TO_ENCODE.sub(_encoded, name)


def _decoded(match: re.Match[str]) -> str:
    groups = match.group()
    units = bytes.fromhex("".join(groups[at + 2 : at + 6] for at in range(0, len(groups), 7)))
    try:
        return units.decode("utf-16-be")
    except UnicodeDecodeError:
        return groups


def _encoded(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"_x{units[at]:02X}{units[at + 1]:02X}_" for at in range(0, len(units), 2))
