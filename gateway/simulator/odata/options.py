"""The query options of a request: what to return, in which order, how much of it.

``parse_options`` takes the decoded pairs of a query string; nested options of ``$expand`` come
through the same function. Called by ``reads``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.simulator.catalogue.entities import EntitySet, Navigation
from gateway.simulator.errors import bad_request, not_simulated
from gateway.simulator.odata.evaluate import field_of
from gateway.simulator.odata.nodes import Node, Path
from gateway.simulator.odata.parser import parse_filter

_ITEM = re.compile(r"\s*([\w.]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
DEEPEST = 10  # levels of $expand
_LATER = frozenset({"$apply", "$search", "$compute", "$deltatoken", "$format"})
# As Microsoft's library has it. A choice: how deep Business Central goes is written nowhere, only
# that it goes on from level to level (bc/api.md §5); the library's own limit would be two.
_TOO_DEEP = (
    "The query specified in the URI is not valid. The request includes a $expand path which is too "
    f"deep. The maximum depth allowed is {DEEPEST}."
)


@dataclass(frozen=True, slots=True)
class Expansion:
    """One navigation to follow, with options of its own."""

    way: Navigation
    options: Options


@dataclass(frozen=True, slots=True)
class Options:
    """Query options of one level. ``select`` None means every field."""

    filter: Node | None = None
    select: frozenset[str] | None = None
    expand: tuple[Expansion, ...] = ()
    orderby: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    skiptoken: str | None = None
    schema_21: bool = False


def parse_options(
    pairs: Iterable[tuple[str, str]],
    entity_set: EntitySet,
    sets: dict[str, EntitySet],
    depth: int = 0,
) -> Options:
    """The options among ``pairs``; pairs without ``$`` are somebody else's. ``depth`` is how many
    levels of ``$expand`` are above.

    Raises BusinessCentralError: 400 for what can not be read, 501 for what is not simulated.
    A choice: a blank ``$select`` or ``$expand``, which clients send, asks for nothing.
    """
    options = Options()
    for name, value in pairs:
        if name.startswith("$"):
            options = _with(options, name, value, entity_set, sets, depth=depth)
    return options


def _with(
    options: Options,
    name: str,
    value: str,
    entity_set: EntitySet,
    sets: dict[str, EntitySet],
    *,
    depth: int,
) -> Options:
    match name.lower():
        case "$filter":
            return replace(options, filter=parse_filter(value))
        case "$select" | "$expand" if not value.strip():
            return options
        case "$select":
            return replace(options, select=_select(value, entity_set))
        case "$expand":
            return replace(options, expand=_expand(value, entity_set, sets, depth + 1))
        case "$orderby":
            return replace(options, orderby=_orderby(value, entity_set))
        case _:
            return _with_plain(options, name, value)


def _with_plain(options: Options, name: str, value: str) -> Options:
    """Options that need no entity set."""
    match name.lower():
        case "$top":
            return replace(options, top=_number(name, value))
        case "$skip":
            return replace(options, skip=_number(name, value))
        case "$count":
            return replace(options, count=_flag(name, value))
        case "$skiptoken":
            return replace(options, skiptoken=value)
        case "$schemaversion":
            return replace(options, schema_21=value.strip() == "2.1")
        case "$format" if value.strip().lower().partition(";")[0] in {"json", "application/json"}:
            return options
        case later if later in _LATER:
            raise not_simulated(later)
        case _:
            raise bad_request(f"The query parameter '{name}' is not supported.")


def split_top_level(text: str, separator: str) -> list[str]:
    """``text`` split at separators that stand outside quotes and parentheses."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return parts


def _select(value: str, entity_set: EntitySet) -> frozenset[str] | None:
    names = set()
    for item in value.split(","):
        wanted = item.strip()
        if wanted == "*":
            return None
        name = entity_set.folded.get(wanted.lower())
        if name is None:
            raise _no_property(wanted, entity_set)
        names.add(name)
    return frozenset(names)


def _expand(
    value: str, entity_set: EntitySet, sets: dict[str, EntitySet], depth: int
) -> tuple[Expansion, ...]:
    if depth > DEEPEST:
        raise bad_request(_TOO_DEEP)
    expansions = []
    for item in split_top_level(value, ","):
        found = _ITEM.fullmatch(item)
        if found is None:
            raise bad_request(f"Term '{item.strip()}' is not valid in a $select or $expand.")
        way = entity_set.ways.get(entity_set.folded.get(found.group(1).lower(), ""))
        if way is None and entity_set.name == "companies":
            way = _of_company(found.group(1), sets)
        if way is None:
            raise _no_property(found.group(1), entity_set)
        pairs = []
        for option in split_top_level(found.group(2) or "", ";"):
            name, _, text = option.partition("=")
            if name.strip():
                pairs.append((name.strip(), text))
        target = sets[way.target]
        expansions.append(Expansion(way, parse_options(pairs, target, sets, depth)))
    return tuple(expansions)


def _of_company(name: str, sets: dict[str, EntitySet]) -> Navigation | None:
    """The way from a company to one of its entity sets, as ``$metadata`` declares it."""
    named = (one for one in sets.values() if one.segment.lower() == name.lower())
    found = next((one for one in named if one.name != "companies"), None)
    return None if found is None else Navigation(found.segment, found.name, many=True)


def _orderby(value: str, entity_set: EntitySet) -> tuple[tuple[str, bool], ...]:
    orders = []
    for item in value.split(","):
        name, *way = item.split() or [""]
        direction = " ".join(way).lower()
        if not name or direction not in {"", "asc", "desc"}:
            raise bad_request(f"Syntax error in the order '{item.strip()}'.")
        field = field_of(Path(tuple(name.split("/"))), entity_set)
        orders.append((field.name, direction == "desc"))
    return tuple(orders)


def _number(name: str, value: str) -> int:
    text = value.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise bad_request(f"Invalid value '{value}' for {name} query option found.")
    return int(text)


def _flag(name: str, value: str) -> bool:
    if value.strip().lower() not in {"true", "false"}:
        raise bad_request(f"Invalid value '{value}' for {name} query option found.")
    return value.strip().lower() == "true"


def _no_property(name: str, entity_set: EntitySet) -> Exception:
    return bad_request(
        f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity_set.entity}'."
    )
