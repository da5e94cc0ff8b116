"""What a filter says, as values, and how it is written down again."""

from __future__ import annotations

from dataclasses import dataclass

# The functions of OData 4.0, by the name that a ``Call`` has however it was written.
FUNCTIONS = frozenset(
    {
        *("concat", "contains", "endswith", "indexof", "length", "startswith", "substring"),
        *("tolower", "toupper", "trim"),
        *("date", "day", "fractionalseconds", "hour", "maxdatetime", "mindatetime", "minute"),
        *("month", "now", "second", "time", "totaloffsetminutes", "totalseconds", "year"),
        *("ceiling", "floor", "round"),
        *("cast", "isof", "geo.distance", "geo.intersects", "geo.length"),
    }
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. ``kind``: string, guid, datetime, date, number, boolean, null, enum.

    ``text`` is the value without quotes.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """A property, or a way to one: ``customer/displayName``."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right`` with eq, ne, gt, ge, lt, le."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class InList:
    """``operand in (…)``."""

    operand: Node
    members: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Logical:
    """``left and right`` or ``left or right``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Not:
    """``not operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Lambda:
    """``path/any(variable: condition)`` or ``all``; ``any()`` has neither."""

    path: Path
    operator: str
    variable: str | None
    condition: Node | None


Node = Literal | Path | Call | Compare | InList | Logical | Not | Lambda


def write_literal(literal: Literal) -> str:
    """A constant in OData notation."""
    if literal.kind == "string":
        return "'" + literal.text.replace("'", "''") + "'"
    return literal.text


def write(node: Node) -> str:
    """The node in OData notation, with every parenthesis that is not superfluous for a parser."""
    match node:
        case Literal():
            return write_literal(node)
        case Path():
            return "/".join(node.names)
        case Call():
            return f"{node.name}({','.join(write(argument) for argument in node.arguments)})"
        case Compare():
            return f"{_operand(node.left)} {node.operator} {_operand(node.right)}"
        case InList():
            members = ",".join(write_literal(member) for member in node.members)
            return f"{_operand(node.operand)} in ({members})"
        case Logical():
            return f"({write(node.left)}) {node.operator} ({write(node.right)})"
        case Not():
            return f"not ({write(node.operand)})"
        case Lambda():
            inner = f"{node.variable}: {write(node.condition)}" if node.condition else ""
            return f"{write(node.path)}/{node.operator}({inner})"


def _operand(node: Node) -> str:
    simple = isinstance(node, Literal | Path | Call | Lambda)
    return write(node) if simple else f"({write(node)})"
