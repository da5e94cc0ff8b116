"""Filters and tests in an expression: looked up, their arguments checked, their call written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final, Protocol

from jinja2 import nodes

from gateway.documents import did_you_mean, suggest
from gateway.mapping.emission import Emission
from gateway.mapping.extents import extent
from gateway.mapping.marks import Marks
from gateway.mapping.paths import Paths
from gateway.mapping.presence import trail_of
from gateway.mapping.scope import Every, Site, Value, Way
from gateway.mapping.signatures import (
    FILTERS,
    PATH_FILTERS,
    TESTS,
    Argument,
    Signature,
    comparable,
    field_of,
    unfit_argument,
)
from gateway.mapping.types import ANY, BOOLEAN, Type, constant_type, merged

_NOTHING: Final = Value(ANY, "None")
_OURS: Final = {  # what Jinja has, or people expect of it, and what it is called here
    **dict.fromkeys(("round", "float"), "decimal"),
    **dict.fromkeys(("truncate", "slice", "left"), "truncate_to"),
    **dict.fromkeys(("defined", "exists"), "present"),
    **dict.fromkeys(("zfill", "rjust"), "pad_left"),
    **dict.fromkeys(("select", "selectattr", "filter"), "where"),
    "int": "integer",
    "string": "text",
    "strip": "trim",
    "d": "default",
    "map": "pluck",
    "none": "null",
    "lookup": "choose",
}
_OTHERWISE: Final = {  # what needs no filter, or has none
    **dict.fromkeys(
        ("length", "count", "size"), "Nothing counts; a list without elements is `== []`."
    ),
    **dict.fromkeys(("empty",), "Compare it: `== []` of a list, `== ''` of a text."),
    **dict.fromkeys(("concat", "format"), "Put texts together with `~`."),
    **dict.fromkeys(
        ("replace", "regex_replace"), "Texts are not searched; a table translates whole ones."
    ),
    **dict.fromkeys(("strftime", "date_format"), "A date has one form: `| date`, or `| datetime`."),
}
_PATH = (nodes.Name, nodes.Getattr, nodes.Getitem)


class Walker(Protocol):
    """What is needed of the walk over an expression."""

    site: Site
    emission: Emission
    paths: Paths

    def value(self, node: nodes.Expr) -> Value: ...
    def solid(self, node: nodes.Expr) -> Value: ...
    def quotient(self, node: nodes.Div) -> Value: ...


def called(walk: Walker, node: nodes.Filter) -> Value:
    """The value of a filter."""
    if node.node is None:
        return _NOTHING
    if node.name in PATH_FILTERS:
        return _absent(walk, node, node.node)
    signature = FILTERS.get(node.name)
    if signature is None:
        known = [*FILTERS, *PATH_FILTERS]
        message = f'There is no filter "{node.name}".'
        _report_name(walk, node, "unknown-filter", message, _ours(node.name, known))
        near = None if node.name in _OTHERWISE else _meant(node.name, known)
        if near in PATH_FILTERS and isinstance(node.node, _PATH):
            walk.paths.soft(node.node)  # what is missing is right there
        else:
            walk.value(node.node)
        return _NOTHING
    arguments = _arguments(walk, node, signature.arguments)
    if isinstance(node.node, nodes.Div) and node.name == "decimal" and node.args:
        before = walk.quotient(node.node)
    else:
        before = walk.solid(node.node)
    if arguments is None:
        return _NOTHING
    type_ = _given(walk, node, signature, before, arguments)
    if signature.exact:
        walk.emission.needs_exact = True
    if node.name == "choose":
        before = _marked_table(walk, node, before, arguments)
    constants = "".join(f", {walk.emission.constant(argument)}" for argument in arguments)
    way = _way_through(walk, node.name, before, arguments)
    trail = trail_of(node.args[0]) if node.name == "choose" else None
    table = None if trail is None else str(trail[-1])
    code = walk.emission.through(before.code, endless=endless(before.type))
    return Value(type_, f"f_{node.name}({code}{constants})", way, table=table)


def endless(type_: Type) -> bool:
    """Whether a value of this type is of any size, for all that is known here."""
    return type_.kind in {"list", "any"} or (type_.kind == "text" and type_.max_length is None)


def tested(walk: Walker, node: nodes.Test) -> Value:
    """The value of a test: true or false."""
    if node.name not in TESTS:
        message = f'There is no test "{node.name}".'
        _report_name(walk, node, "unknown-test", message, _ours(node.name, list(TESTS)))
        return Value(BOOLEAN, "False")
    wanted = 1 if node.name == "in" else 0
    if len(node.args) != wanted or node.kwargs or node.dyn_args or node.dyn_kwargs:
        message = f"The test {node.name} takes {'one argument' if wanted else 'no argument'}."
        _report_name(walk, node, "wrong-argument", message)
        return Value(BOOLEAN, "False")
    if node.name == "present":
        soft = walk.paths.soft(node.node) if isinstance(node.node, _PATH) else None
        if soft:
            return Value(BOOLEAN, f"({soft[0].code} is not None)")
    value = walk.value(node.node)
    if node.name == "null" and value.way:  # of a constant Python would say that `is` is unsure
        return Value(BOOLEAN, f"({value.code} is None)")
    if node.name == "in":
        return _membership(walk, node, value)
    return Value(BOOLEAN, f"t_{node.name}({value.code})")


def _membership(walk: Walker, node: nodes.Test, value: Value) -> Value:
    choices = walk.value(node.args[0])
    items = choices.type.items or ANY
    if choices.type.kind not in {"list", "any"} or not comparable(value.type, items):
        message = "The test in looks into a list of such values."
        _report_name(walk, node, "wrong-type", message)
    code = walk.emission.through(choices.code, endless=endless(choices.type))
    return Value(BOOLEAN, f"t_in({value.code}, {code})")


def _absent(walk: Walker, node: nodes.Filter, before: nodes.Expr) -> Value:
    """`default(x)` and `or_null`: what a path yields when it is missing or null."""
    wanted = (Argument("constant"),) if node.name == "default" else ()
    arguments = _arguments(walk, node, wanted)
    if isinstance(before, _PATH) and trail_of(before) is not None:
        soft = walk.paths.soft(before)
        if soft is None:
            return _NOTHING
        value, absent = soft
    else:
        value = walk.value(before)
        absent = value.type.nullable
    if not absent and value.type.kind != "any":
        message = "This is always there and never null."
        _report_name(walk, node, "default-behind-nothing", message, "Leave it out.")
    if arguments is None:
        return _NOTHING
    if not arguments:
        return Value(value.type.or_null(), value.code, value.way)
    other = constant_type(arguments[0])
    if not comparable(value.type, other):
        _report_name(
            walk,
            node,
            "wrong-type",
            "The default is of another type.",
            expected=value.type.words,
            actual=other.words,
        )
    type_ = merged([value.type.not_null(), other])
    local = walk.emission.fresh("t")
    marks, path = Marks(walk.site.findings, walk.emission), walk.site.path
    code = marks.reached(walk.emission.constant(arguments[0]), path, "default", node.lineno - 1)
    there = marks.reached(local, path, "value", node.lineno - 1)
    return Value(type_, f"({code} if ({local} := {value.code}) is None else {there})", value.way)


def _given(
    walk: Walker, node: nodes.Filter, signature: Signature, before: Value, arguments: list[object]
) -> Type:
    """The type that comes out, when what goes in is what the filter takes."""
    type_ = before.type
    if type_.kind == "any":
        return signature.gives(type_, arguments) or ANY if node.name not in _ELEMENTWISE else ANY
    if type_.kind in signature.takes:
        given = signature.gives(type_, arguments)
        if given is not None:
            if node.name == "choose":
                _check_table(walk, node, type_, arguments)
            return given
        message = f"The elements of the list have nothing for {node.name}."
        _report_name(walk, node, "wrong-type", message, actual=(type_.items or ANY).words)
        return ANY
    takes = " or ".join(sorted(Type(kind).words for kind in signature.takes))
    message = f"The filter {node.name} takes {takes}."
    _report_name(walk, node, "wrong-type", message, expected=takes, actual=type_.words)
    return ANY


_ELEMENTWISE: Final = ("where", "pluck", "sum", "join", "first", "last")


def _check_table(walk: Walker, node: nodes.Filter, type_: Type, arguments: list[object]) -> None:
    """Without a default, a table must know every member of the enum it is asked for."""
    table = arguments[0]
    if type_.enum is None or not isinstance(table, Mapping):
        return
    trail = None if node.node is None else trail_of(node.node)
    members = type_.enum if trail is None else walk.paths.scope.facts.left_of(trail, type_.enum)
    misspelt = _misspelt(walk, node, type_.enum, table)
    lost = [member for member in members if member not in table and member not in misspelt]
    if lost and len(arguments) == 1 and not walk.paths.scope.doubts(trail or ()):
        listed = ", ".join(f'"{member}"' for member in lost)
        message = f"The table has no entry for {listed}."
        _report_name(walk, node, "table-misses-a-value", message, expected=type_.words)


def _marked_table(
    walk: Walker, node: nodes.Filter, before: Value, arguments: list[object]
) -> Value:
    """What is looked up, marking the entry of the table that it finds."""
    trail, table = trail_of(node.args[0]), arguments[0]
    if trail is None or not isinstance(table, Mapping):
        return before
    marks = Marks(walk.site.findings, walk.emission)
    at = marks.default_of(walk.site.path, extent(node.args[1])[0]) if node.args[1:] else None
    return replace(before, code=marks.chosen(before.code, str(trail[-1]), table, at))


def _misspelt(
    walk: Walker, node: nodes.Filter, members: tuple[str, ...], table: Mapping[str, object]
) -> set[str]:
    """The members whose entry is written otherwise; each such entry is reported."""
    lost = [member for member in members if member not in table]
    found: set[str] = set()
    trail = trail_of(node.args[0])
    for word in table:
        near = suggest(word, lost) if word not in members else None
        if near is not None and trail is not None:
            found.add(near)
            message = f'"{word}" is none of the values that this table is asked for.'
            findings, path = walk.site.findings, (*map(str, trail), word)
            hint = f'Did you mean "{near}"?'
            findings.at(path, "not-in-the-enum", message, key=True, hint=hint)
    return found


def _ours(name: str, known: list[str]) -> str | None:
    """The hint for a filter or a test that there is not."""
    if name in _OTHERWISE:
        return _OTHERWISE[name]
    near = _meant(name, known)
    return f'Did you mean "{near}"?' if near else did_you_mean(name, known)


def _meant(name: str, known: list[str]) -> str | None:
    """The filter or the test that a name probably stands for."""
    ours = _OURS.get(name)
    return ours if ours in known else suggest(name, known)


def _way_through(walk: Walker, name: str, before: Value, arguments: list[object]) -> Way | None:
    """The path behind a filter that only selects; fields it reads are read."""
    way = before.way
    if way is None:
        return None
    if name in {"pluck", "sum", "where"} and arguments:
        field = str(arguments[0])
        if field_of(before.type, field) is not None:
            walk.site.ways.append((*way, Every(None), field))
    if name == "where":
        return way
    return (*way, Every(None)) if name in {"first", "last"} else None


def _arguments(
    walk: Walker, node: nodes.Filter, wanted: tuple[Argument, ...]
) -> list[object] | None:
    least = sum(not argument.optional for argument in wanted)
    named = node.kwargs or node.dyn_args or node.dyn_kwargs
    if named or not least <= len(node.args) <= len(wanted):
        count = str(least) if least == len(wanted) else f"{least} to {len(wanted)}"
        noun = "argument" if count == "1" else "arguments"
        message = f"The filter {node.name} takes {count} {noun}, by their order."
        _report_name(walk, node, "wrong-argument", message)
        return None
    found: list[object] = []
    for argument, given in zip(wanted, node.args, strict=False):
        known, value = _constant(walk, given)
        if not known and argument.kind == "table":
            _report_table(walk, given)
            return None
        expected = unfit_argument(argument, value) if known else "a constant"
        if expected:
            offset, length = extent(given)
            message = f"This argument of {node.name} must be {expected}."
            hint = None if known else _instead(node, given)
            walk.site.report("wrong-argument", message, offset, length=length, hint=hint)
            return None
        found.append(value)
    return found


def _instead(node: nodes.Filter, given: nodes.Expr) -> str | None:
    """What to write where a filter would need a value that is worked out."""
    if isinstance(given, nodes.Name) and given.name == "null":
        return "Null is written `none`."
    if node.name == "default":
        return "Write `x if x is present else y`."
    return None


def _constant(walk: Walker, node: nodes.Expr) -> tuple[bool, object]:
    """Whether `node` is a constant or a table, and which."""
    if isinstance(node, nodes.Const):
        return True, node.value
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const):
        value = node.node.value
        if isinstance(value, Decimal):
            return True, value.copy_negate()
        return (True, -value) if isinstance(value, int) else (False, None)
    match trail_of(node):
        case ("tables", str(name)) if name in walk.paths.scope.tables:
            return True, walk.paths.scope.tables[name]
    return False, None


def _report_table(walk: Walker, node: nodes.Expr) -> None:
    offset, length = extent(node)
    known = [f"tables.{name}" for name in walk.paths.scope.tables]
    trail = trail_of(node)
    word = ".".join(map(str, trail)) if trail else ""
    message = "This is none of the tables of the file."
    hint = did_you_mean(word, known)
    walk.site.report("unknown-table", message, offset, length=length, hint=hint)


def _report_name(
    walk: Walker,
    node: nodes.Filter | nodes.Test,
    rule: str,
    message: str,
    hint: str | None = None,
    *,
    expected: str | None = None,
    actual: str | None = None,
) -> None:
    """A finding at the name of a filter, or at the `is` of a test."""
    offset = node.lineno - 1
    length = len(node.name) if isinstance(node, nodes.Filter) else len(node.name) + 3
    walk.site.report(
        rule, message, offset, length=length, expected=expected, actual=actual, hint=hint
    )
