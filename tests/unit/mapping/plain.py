"""Plain Jinja as the oracle: what an expression means without our compiler.

Access reads keys of dictionaries and elements of lists, decimals stay exact, filters and tests
are the registry's own functions. Where the language departs from Jinja by its contract, `_Strict`
says so, departure by departure; there is no other.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.parser import Parser
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from gateway.mapping import functions
from gateway.mapping.functions import EXACT, Unfit, quotient
from gateway.mapping.syntax import OffsetEnvironment

SOFT = {"default", "or_null", "present"}


class LeftOut(Exception):
    """A path of a leaf with `?` is missing or null."""


class Plain(OffsetEnvironment, SandboxedEnvironment):
    """Jinja with access to data only, and arithmetic of numbers only."""

    intercepted_binops = frozenset({"/", "+", "-", "*"})
    intercepted_unops = frozenset({"-"})

    def getattr(self, obj: object, attribute: str) -> Any:  # noqa: ANN401 - as Jinja has it
        return self.getitem(obj, attribute)

    def getitem(self, obj: object, argument: object) -> Any:  # noqa: ANN401 - as Jinja has it
        if isinstance(obj, dict) and argument in obj:
            return obj[argument]
        if (
            isinstance(obj, list)
            and isinstance(argument, int)
            and not isinstance(argument, bool)
            and -len(obj) <= argument < len(obj)
        ):
            return obj[argument]
        indexed = isinstance(obj, list) and isinstance(argument, int)
        if obj is not None and not indexed and not isinstance(obj, dict | Undefined):
            raise Unfit("only objects have keys, and lists have indexes")
        return self.undefined(name="a link of a path")

    def call_binop(
        self, _: Context, operator_: str, left: object, right: object
    ) -> int | Decimal | Fraction:
        if operator_ == "/":
            return quotient(left, right)
        function = {"+": operator.add, "-": operator.sub, "*": operator.mul}[operator_]
        made: int | Decimal = function(functions.number(left), functions.number(right))
        return made

    def call_unop(self, _: Context, operator_: str, value: object) -> int | Decimal:
        assert operator_ == "-"
        return -functions.number(value)


class _Strict(NodeTransformer):
    """The departures. Jinja writes constants by `repr`, so decimals become names. What is looked
    for in a list must be there: `in` alone would not even look at it when the list is empty. What
    a list or an object is made of, and what a choice comes to, must be there: Jinja hides an
    Undefined in it, and `default` is for paths. A condition is a boolean. In text stand text and
    numbers, a number in digits. An entry of a table must be there, whatever asks for it. With
    `needed` a path that is missing or null leaves the leaf out, wherever nothing asks for it
    softly.
    """

    def __init__(self, *, needed: bool) -> None:
        self.found: dict[str, Decimal] = {}
        self._needed = needed

    def visit_Const(self, node: nodes.Const) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        if not isinstance(node.value, Decimal):
            return node
        name = f"exact_{len(self.found)}"
        self.found[name] = node.value
        return nodes.Name(name, "load", lineno=node.lineno)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        self.generic_visit(node)
        if node.ops[0].op in {"in", "notin"}:
            node.expr = _through("there", node.expr)
        for operand in node.ops:
            if operand.op in {"in", "notin"}:
                operand.expr = _through("elements", operand.expr)
        return node

    def visit_List(self, node: nodes.List) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        self.generic_visit(node)
        node.items = [_through("there", one) for one in node.items]
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Pair:  # noqa: N802 - Jinja's name for it
        self.generic_visit(node)
        node.value = _through("there", node.value)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        self.generic_visit(node)
        node.nodes = [_through("text", one) for one in node.nodes]
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Expr:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.test = _through("condition", node.test)
        node.expr1 = _through("there", node.expr1)
        if node.expr2 is not None:
            node.expr2 = _through("there", node.expr2)
        return node

    def visit_Not(self, node: nodes.Not) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        self.generic_visit(node)
        node.node = _through("condition", node.node)
        return node

    def visit_And(self, node: nodes.BinExpr) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        self.generic_visit(node)
        node.left = _through("condition", node.left)
        node.right = _through("condition", node.right)
        return node

    visit_Or = visit_And  # noqa: N815 - Jinja's name for it

    def visit_Filter(self, node: nodes.Filter) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        return self._asked(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        return self._asked(node)

    def _asked(self, node: nodes.Filter | nodes.Test) -> nodes.Expr:
        if node.name not in SOFT or not isinstance(node.node, _PATHS):
            self.generic_visit(node)
            return node
        if _root(node.node) == "tables":
            node.node = self._path(node.node)
        else:
            self._inside(node.node)
        node.args = [self.visit(one) for one in node.args]
        return node

    def visit_Name(self, node: nodes.Name) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        return self._path(node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        return self._path(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        return self._path(node)

    def _path(self, node: nodes.Expr) -> nodes.Expr:
        self._inside(node)
        if _root(node) == "tables":
            return _through("there", node)
        return _through("need", node) if self._needed else node

    def _inside(self, node: nodes.Expr) -> None:
        """Computed keys of a path, and what it begins at when that is no name."""
        while isinstance(node, nodes.Getattr | nodes.Getitem):
            if isinstance(node, nodes.Getitem):
                node.arg = self.visit(node.arg)
            if not isinstance(node.node, _PATHS):
                node.node = self.visit(node.node)
            node = node.node


_PATHS = (nodes.Name, nodes.Getattr, nodes.Getitem)


def _root(node: nodes.Node) -> str | None:
    """The name that a path begins at."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None


def _through(name: str, node: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _guarded(name: str, function: Callable[..., object]) -> Callable[..., object]:
    def called(value: object, *arguments: object) -> object:
        if isinstance(value, Undefined):
            if name not in SOFT:
                raise Unfit("missing")
            value = None
        return function(value, *arguments)

    return called


def _needed(value: object) -> object:
    if value is None or isinstance(value, Undefined):
        raise LeftOut
    return value


def _environment() -> Plain:
    environment = Plain(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    own: dict[str, Callable[..., object]] = {
        "there": lambda value: value,
        "condition": functions.condition,
        "elements": functions.elements,
    }
    environment.filters = {
        name: _guarded(name, function) for name, function in {**functions.FILTERS, **own}.items()
    }
    environment.filters["need"] = _needed
    environment.tests = {
        name: _guarded(name, function) for name, function in functions.TESTS.items()
    }
    return environment


ENVIRONMENT = _environment()


def plain_value(text: str, names: Mapping[str, object]) -> object:
    """The value that plain Jinja gives to an expression; raises when there is none."""
    parsed = Parser(ENVIRONMENT, text, state="variable").parse_expression()
    return _value(parsed, names, needed=False)


def plain_leaf(text: str, names: Mapping[str, object], *, drops: bool) -> object:
    """The value that plain Jinja gives to a leaf with `{{`; raises when there is none, and
    `LeftOut` where a leaf that `drops` reads what is not there.
    """
    body = ENVIRONMENT.parse(text).body
    parts: list[nodes.Expr] = [part for one in body if isinstance(one, nodes.Output)
                               for part in one.nodes]  # fmt: skip
    if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData):
        return _value(parts[0], names, needed=drops)
    pieces = [
        part.data
        if isinstance(part, nodes.TemplateData)
        else functions.text(_value(part, names, needed=drops))
        for part in parts
    ]
    return "".join(pieces)


def _value(parsed: nodes.Expr, names: Mapping[str, object], *, needed: bool) -> object:
    strict = _Strict(needed=needed)
    expression = strict.visit(parsed)
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)]
    template = nodes.Template(body, lineno=1)
    template.set_environment(ENVIRONMENT)
    compiled = TemplateExpression(ENVIRONMENT.from_string(template), undefined_to_none=False)
    with localcontext(EXACT):
        found = compiled({**names, **strict.found})
    if isinstance(found, Undefined):
        raise Unfit("missing")
    return _needed(found) if needed else found
