"""One expression: Jinja's nodes → a typed value and the Python that yields it.

The walk lets through what the language has and reports everything else. Paths are resolved in
the schemas, types inferred, and code is written in one pass; the compiler asks for one walk per
leaf.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, ClassVar, Final

from jinja2 import nodes

from gateway.documents import did_you_mean
from gateway.mapping.calls import called, endless, tested
from gateway.mapping.emission import Emission
from gateway.mapping.extents import extent, report_at
from gateway.mapping.marks import Marks
from gateway.mapping.paths import Paths
from gateway.mapping.presence import trail_of, unread_node
from gateway.mapping.scope import Scope, Site, Value
from gateway.mapping.signatures import comparable
from gateway.mapping.types import (
    ANY,
    BOOLEAN,
    INTEGER,
    TEXT,
    Property,
    Type,
    constant_type,
    merged,
    object_of,
)

NOTHING: Final = Value(ANY, "None")
_SIGNS: Final[dict[type[nodes.Node], str]] = {nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*"}
_COMPARED: Final = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "in": "in",
    "notin": "not in",
}
_ROUND: Final = "Write `(a / b) | decimal(2)`, and divide last."
FOREIGN: Final[dict[type[nodes.Node], str]] = {
    nodes.Call: "Nothing can be called but filters, as in `x | upper`.",
    nodes.Tuple: "A list is written in brackets.",
    nodes.FloorDiv: "There is no `//`; use `(a / b) | decimal(0)`.",
    nodes.Mod: "There is no `%`.",
    nodes.Pow: "There is no `**`.",
    nodes.Pos: "A number needs no `+`.",
    nodes.Slice: "Lists and texts are not sliced.",
}


class Walk:
    """The walk over one expression. `drops`: its leaf ends in `?`."""

    def __init__(
        self, scope: Scope, site: Site, emission: Emission, *, drops: bool = False
    ) -> None:
        self.site = site
        self.emission = emission
        self.paths = Paths(scope, site, emission, self.solid, drops=drops)

    def value(self, node: nodes.Expr) -> Value:
        """The value of `node`; anything when it has findings."""
        written = self._WRITTEN.get(type(node))
        if written is not None:
            return written(self, node)
        message = FOREIGN.get(type(node), f"{type(node).__name__} is no part of the language.")
        report_at(self.site, node, "not-in-the-language", message)
        return NOTHING

    def truth(self, node: nodes.Expr) -> str:
        """The code of a condition, which must be boolean."""
        value = self.solid(node)
        if value.type.kind not in {"boolean", "any"}:
            report_at(
                self.site,
                node,
                "condition-not-boolean",
                "A condition is true or false.",
                expected="true or false",
                actual=value.type.words,
                hint="Compare it, or ask whether it `is present`.",
            )
        sure = value.type.kind == "boolean" and value.way is None
        return value.code if sure else f"f_condition({value.code})"

    def solid(self, node: nodes.Expr) -> Value:
        """The value of an operand, which must not be null."""
        value, paths = self.value(node), self.paths
        doubted = value.type.nullable and paths.scope.doubts(trail_of(node) or ())
        if value.type.nullable and not doubted and not paths.proven(node):
            report_at(
                self.site,
                node,
                "may-be-missing",
                "This may be null.",
                hint="Give it a `| default(…)`, or ask first whether it `is present`.",
            )
        return Value(value.type.not_null(), value.code, value.way, value.trusted)

    def text(self, values: list[Value], node: nodes.Expr | None = None) -> Value:
        """The texts and numbers one after the other."""
        for value in values:
            if value.type.kind not in {"text", "integer", "decimal", "any"} or value.type.nullable:
                offset = None if node is None else extent(node)[0]
                self.site.report(
                    "wrong-type",
                    "Only text and numbers can stand in a text.",
                    offset,
                    expected="text or a number",
                    actual="null, perhaps" if value.type.nullable else value.type.words,
                )
        codes = [
            value.code if value.type.enum and not value.way else f"f_text({value.code})"
            for value in values
        ]
        lengths = [value.type.max_length if value.type.kind == "text" else 1 for value in values]
        known = [length for length in lengths if length is not None]
        if len(known) < len(lengths):
            return Value(TEXT, f"f_concat({', '.join(codes)})")
        return Value(Type("text", sum(known)), f"({' + '.join(codes)})")

    def quotient(self, node: nodes.Div) -> Value:
        """A quotient that is about to be rounded."""
        left, right = self._number(node.left), self._number(node.right)
        return Value(Type("decimal"), f"f_quotient({left.code}, {right.code})")

    def _unrounded(self, node: nodes.Div) -> Value:
        report_at(self.site, node, "inexact-division", "A quotient must be rounded.", hint=_ROUND)
        return NOTHING

    def _path(self, node: nodes.Expr) -> Value:
        return self.paths.read(node)

    def _not(self, node: nodes.Not) -> Value:
        return Value(BOOLEAN, f"(not {self.truth(node.node)})")

    def _concatenated(self, node: nodes.Concat) -> Value:
        return self.text([self.value(one) for one in node.nodes], node)

    def _constant(self, node: nodes.Const) -> Value:
        constant = node.value
        trusted = isinstance(constant, int) and not isinstance(constant, bool)
        return Value(constant_type(constant), self.emission.constant(constant), trusted=trusted)

    def _compare(self, node: nodes.Compare) -> Value:
        left = self._compared(node.expr, node.ops[0].op)
        code, before = left.code, node.expr
        for at, operand in enumerate(node.ops):
            # Of a chain the rest is only looked at while what stands before it holds.
            with self.paths.under() if at else nullcontext():
                right = self._compared(operand.expr, operand.op)
            self._check_pair(before, left.type, operand, right.type)
            there = self.emission.through(right.code, endless=endless(right.type))
            code += f" {_COMPARED[operand.op]} {there}"
            left, before = right, operand.expr
        return Value(BOOLEAN, f"({code})")

    def _compared(self, node: nodes.Expr, name: str) -> Value:
        return self.solid(node) if name in {"gt", "gteq", "lt", "lteq"} else self.value(node)

    def _check_pair(
        self, before: nodes.Expr, left: Type, operand: nodes.Operand, right: Type
    ) -> None:
        wanted = right
        if operand.op in {"in", "notin"}:
            if right.kind not in {"list", "any"}:
                message = "`in` looks into a list."
                report_at(self.site, operand.expr, "wrong-type", message, actual=right.words)
                return
            wanted = right.items or ANY
        ordered = operand.op in {"gt", "gteq", "lt", "lteq"}
        unordered = {left.kind, wanted.kind} & {"boolean", "list", "object", "null"}
        if not comparable(left, wanted) or (ordered and unordered):
            message = "These two can never be compared."
            report_at(
                self.site,
                operand.expr,
                "wrong-type",
                message,
                expected=left.words,
                actual=wanted.words,
            )
        elif left.enum is not None and wanted.enum is not None:
            self._check_members(before, left.enum, operand.expr, wanted.enum)

    def _check_members(
        self, before: nodes.Expr, left: tuple[str, ...], after: nodes.Expr, right: tuple[str, ...]
    ) -> None:
        """A constant that is compared with an enum must be one of its members."""
        constant = isinstance(before, nodes.Const)
        members, words, at = (right, left, before) if constant else (left, right, after)
        for word in words:
            if word not in members:
                report_at(
                    self.site,
                    at,
                    "not-in-the-enum",
                    "This is never equal: it is no member of the enum.",
                    did_you_mean(word, list(members)),
                )

    def _joined(self, node: nodes.And | nodes.Or) -> Value:
        word = "and" if isinstance(node, nodes.And) else "or"
        left, read = self._decided(node.left)
        with self.paths.under((read, word == "and")):
            right = self.truth(node.right)
        return Value(BOOLEAN, f"({left} {word} {right})")

    def _decided(self, node: nodes.Expr) -> tuple[str, nodes.Expr]:
        """The code of a condition, and what is known where it holds or not."""
        told = self.site.findings.told
        code = self.truth(node)
        return code, node if self.site.findings.told == told else unread_node(node)

    def _choice(self, node: nodes.CondExpr) -> Value:
        test, read = self._decided(node.test)
        with self.paths.under((read, True)):
            yes = self.value(node.expr1)
        if node.expr2 is None:
            message = "What is it otherwise?"
            report_at(self.site, node.test, "if-without-else", message, "Write `x if c else y`.")
            return yes
        with self.paths.under((read, False)):
            no = self.value(node.expr2)
        if not comparable(yes.type, no.type):
            message = "Both values must be of one type."
            actual = no.type.words
            report_at(
                self.site, node.expr2, "wrong-type", message, expected=yes.type.words, actual=actual
            )
        marks, path = Marks(self.site.findings, self.emission), self.site.path
        then = marks.reached(yes.code, path, "then", extent(node.expr1)[0])
        other = marks.reached(no.code, path, "else", extent(node.expr2)[0])
        code, table = f"({then} if {test} else {other})", yes.table or no.table
        return Value(merged([yes.type, no.type]), code, table=table)

    def _computed(self, node: nodes.BinExpr) -> Value:
        left = self._number(node.left)
        if not _computable(left):
            self.value(node.right)  # who puts texts together makes one mistake, not two
            return NOTHING
        right = self._number(node.right)
        if not _computable(right):
            return NOTHING
        whole = left.type.kind == right.type.kind == "integer"
        if not whole:
            self.emission.needs_exact = True
        type_ = INTEGER if whole else Type("decimal")
        small = not isinstance(node, nodes.Mul)  # products of products grow without end
        trusted = left.trusted and right.trusted and small
        return Value(type_, f"({left.code} {_SIGNS[type(node)]} {right.code})", trusted=trusted)

    def _negated(self, node: nodes.Neg) -> Value:
        value = self._number(node.node)
        self.emission.needs_exact = self.emission.needs_exact or value.type.kind != "integer"
        return Value(value.type, f"(-{value.code})", trusted=value.trusted)

    def _number(self, node: nodes.Expr) -> Value:
        value = self.solid(node)
        if not _computable(value):
            report_at(
                self.site,
                node,
                "wrong-type",
                "Only numbers can be computed with.",
                "Text is joined with `~`, and becomes a number by `| integer` or `| decimal`."
                if value.type.kind == "text"
                else None,
                expected="a number",
                actual=value.type.words,
            )
        if value.trusted:
            return value
        return Value(value.type, f"f_number({value.code})", value.way)

    def _list(self, node: nodes.List) -> Value:
        items = [self.value(item) for item in node.items]
        code = "".join(f"{item.code}, " for item in items)
        return Value(Type("list", items=merged([item.type for item in items])), f"[{code}]")

    def _dict(self, node: nodes.Dict) -> Value:
        properties: dict[str, Property] = {}
        codes = []
        for pair in node.items:
            if not isinstance(pair.key, nodes.Const) or not isinstance(pair.key.value, str):
                message = "A key in an object is a constant text."
                report_at(self.site, pair.key, "not-in-the-language", message)
                continue
            value = self.value(pair.value)
            properties[pair.key.value] = Property(value.type)
            codes.append(f"{pair.key.value!r}: {value.code}")
        return Value(object_of("an object", properties), f"{{{', '.join(codes)}}}")

    _WRITTEN: ClassVar[dict[type[nodes.Node], Callable[[Walk, Any], Value]]] = {
        nodes.Name: _path,
        nodes.Getattr: _path,
        nodes.Getitem: _path,
        nodes.Const: _constant,
        nodes.Filter: called,
        nodes.Test: tested,
        nodes.Compare: _compare,
        nodes.And: _joined,
        nodes.Or: _joined,
        nodes.Not: _not,
        nodes.CondExpr: _choice,
        nodes.Add: _computed,
        nodes.Sub: _computed,
        nodes.Mul: _computed,
        nodes.Neg: _negated,
        nodes.Concat: _concatenated,
        nodes.List: _list,
        nodes.Dict: _dict,
        nodes.Div: _unrounded,
    }


def _computable(value: Value) -> bool:
    return value.type.number or value.type.kind == "any"
