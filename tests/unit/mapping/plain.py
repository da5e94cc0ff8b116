"""Plain Jinja as the oracle: what an expression means without our compiler.

Access reads keys of dictionaries and elements of lists, strict stay exact, filters and tests
are the registry's own functions, and whatever is missing is an error when it is used.
"""

from __future__ import annotations

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


class Plain(OffsetEnvironment, SandboxedEnvironment):
    """Jinja with access to data only."""

    intercepted_binops = frozenset({"/"})

    def getattr(self, obj: object, attribute: str) -> Any:  # noqa: ANN401 - as Jinja has it
        return self.getitem(obj, attribute)

    def getitem(self, obj: object, argument: object) -> Any:  # noqa: ANN401 - as Jinja has it
        if isinstance(obj, dict) and argument in obj:
            return obj[argument]
        if isinstance(obj, list) and isinstance(argument, int) and argument < len(obj):
            return obj[argument]
        return self.undefined(name=str(argument))

    def call_binop(self, _: Context, operator: str, left: object, right: object) -> Fraction:
        assert operator == "/"
        return quotient(left, right)


class _Strict(NodeTransformer):
    """Jinja writes constants by `repr`, so strict become names. What is looked for in a list
    must be there: `in` alone would not even look at it when the list is empty.
    """

    def __init__(self) -> None:
        self.found: dict[str, Decimal] = {}

    def visit_Const(self, node: nodes.Const) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        if not isinstance(node.value, Decimal):
            return node
        name = f"exact_{len(self.found)}"
        self.found[name] = node.value
        return nodes.Name(name, "load", lineno=node.lineno)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:  # noqa: N802 - Jinja's name for it
        self.generic_visit(node)
        if node.ops[0].op in {"in", "notin"}:
            node.expr = nodes.Filter(node.expr, "there", [], [], None, None, lineno=node.lineno)
        return node


def _guarded(name: str, function: Callable[..., object]) -> Callable[..., object]:
    def called(value: object, *arguments: object) -> object:
        if isinstance(value, Undefined):
            if name not in SOFT:
                raise Unfit("missing")
            value = None
        return function(value, *arguments)

    return called


def _environment() -> Plain:
    environment = Plain(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters = {
        name: _guarded(name, function) for name, function in functions.FILTERS.items()
    }
    environment.filters["there"] = _guarded("there", lambda value: value)
    environment.tests = {
        name: _guarded(name, function) for name, function in functions.TESTS.items()
    }
    return environment


ENVIRONMENT = _environment()


def plain_value(text: str, names: Mapping[str, object]) -> object:
    """The value that plain Jinja gives to an expression; raises when there is none."""
    strict = _Strict()
    parsed = Parser(ENVIRONMENT, text, state="variable").parse_expression()
    expression = strict.visit(parsed)
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)]
    template = nodes.Template(body, lineno=1)
    template.set_environment(ENVIRONMENT)
    compiled = TemplateExpression(ENVIRONMENT.from_string(template), undefined_to_none=False)
    with localcontext(EXACT):
        found = compiled({**names, **strict.found})
    if isinstance(found, Undefined):
        raise Unfit("missing")
    return found
