"""Where the text of a node begins and how long it is, for the caret of a finding."""

from __future__ import annotations

from jinja2 import nodes

from gateway.mapping.scope import Site
from gateway.mapping.syntax import offset_of


def extent(node: nodes.Node) -> tuple[int, int]:
    """The offset in the leaf's text and the length, as near as Jinja's nodes allow."""
    start = _start(node)
    return start, max(1, _end(node) - start)


def report_at(
    site: Site,
    node: nodes.Node,
    rule: str,
    message: str,
    hint: str | None = None,
    *,
    expected: str | None = None,
    actual: str | None = None,
) -> None:
    """A finding about the part of the leaf that `node` is."""
    offset, length = extent(node)
    site.report(rule, message, offset, length=length, expected=expected, actual=actual, hint=hint)


def _start(node: nodes.Node) -> int:
    match node:
        case nodes.Getattr() | nodes.Getitem() | nodes.Call():
            return _start(node.node)
        case nodes.Filter() | nodes.Test() if node.node is not None:
            return _start(node.node)
        case nodes.Compare():
            return _start(node.expr)
        case nodes.Tuple() if node.items:
            return _start(node.items[0])
        case nodes.BinExpr():
            return _start(node.left)
        case nodes.CondExpr():
            return _start(node.expr1)
        case nodes.Operand():
            return _start(node.expr)
        case _:
            return offset_of(node)


def _end(node: nodes.Node) -> int:
    match node:
        case nodes.Name() | nodes.Filter():
            return offset_of(node) + len(node.name)
        case nodes.Const():
            return offset_of(node) + len("none" if node.value is None else repr(node.value))
        case nodes.Getattr():
            return offset_of(node) + 1 + len(node.attr)
        case nodes.Getitem():
            return _end(node.arg) + 1
        case nodes.Test():
            return offset_of(node) + 3 + len(node.name)
        case nodes.Not():
            return _end(node.node)
        case nodes.Compare() | nodes.BinExpr():
            return _end(node.ops[-1].expr if isinstance(node, nodes.Compare) else node.right)
        case nodes.CondExpr():
            return _end(node.expr2 or node.test)
        case _:
            return offset_of(node) + 1
