"""A leaf of a body → the code of its value, checked against what it is written to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from jinja2 import nodes

from gateway.mapping.checker import check_value
from gateway.mapping.emission import Emission
from gateway.mapping.expressions import Walk
from gateway.mapping.extents import extent
from gateway.mapping.model import Expression, Leaf
from gateway.mapping.scope import Scope, Site, Value
from gateway.mapping.syntax import Mistake, parse_expression, parse_leaf
from gateway.mapping.types import ANY, Type, constant_type
from gateway.wire import Field, encode_name, encode_value


@dataclass(frozen=True, slots=True)
class Written:
    """The code of a leaf. `bound` are variables, each with its code, that must not be null
    before `code` is evaluated; `risky`: evaluating it may raise `Dropped`.
    """

    code: str
    type: Type = ANY
    bound: tuple[tuple[str, str], ...] = ()
    risky: bool = False

    @property
    def conditions(self) -> list[str]:
        """What must hold for the leaf to be there; each part binds its variable."""
        return [f"({local} := {code}) is not None" for local, code in self.bound]


def is_expression(value: object) -> bool:
    """Whether a leaf is for Jinja; every other text is a constant."""
    return isinstance(value, str) and "{{" in value


def write_leaf(
    leaf: Leaf,
    target: Type,
    scope: Scope,
    site: Site,
    emission: Emission,
    *,
    drops: bool = False,
    field: Field | None = None,
) -> Written:
    """The code of a leaf for `target`; `field` is there when Business Central takes it."""
    told = site.findings.told
    if not is_expression(leaf.value):
        value = Value(constant_type(leaf.value), "")
        if isinstance(leaf.value, str) and _looks_like_expression(leaf.value, scope):
            message = "This text would be sent as it stands, and it looks like an expression."
            hint = f'Write "{{{{ {leaf.value.strip("{}% ")} }}}}".'
            site.report("looks-like-an-expression", message, hint=hint)
        else:
            check_value(site, scope, value, target, None)
        if drops and leaf.value is not None and site.findings.told == told:
            site.report("can-never-drop", "A constant is always there.", hint=_WITHOUT)
        sent = leaf.value if field is None else encode_value(field, leaf.value)
        return Written(emission.constant(sent), value.type)
    walk = Walk(scope, site, emission, drops=drops)
    value, span = _walked(walk, str(leaf.value))
    check_value(site, scope, value, target, span)
    written = Written(
        _bounded(value, target), value.type, tuple(walk.paths.bound.items()), risky=walk.paths.risky
    )
    if drops:
        return _dropping(written, site, emission, field, told)
    if field is None:
        if not target.nullable and _perhaps_null(value) and not scope.doubts(value.way or ()):
            message = "This may be null, and the target is never null."
            site.report("may-be-null", message, span[0], length=span[1], hint=site.absent)
        return written
    lacking = value.type.nullable and field.blank is None and value.type.kind != "null"
    if lacking and not scope.doubts(value.way or ()):
        message = "This may be null, and the target has no blank for it."
        site.report("null-has-no-blank", message, span[0], length=span[1], hint=site.absent)
    return replace(written, code=_sent(written, field, emission))


def _bounded(value: Value, target: Type) -> str:
    """The code of the value. What was put together is measured where nothing else bounds it."""
    given, most = value.type, target.max_length
    if given.kind != "text" or value.way is not None or most is None or target.form is not None:
        return value.code
    fits = given.enum is not None or (given.max_length is not None and given.max_length <= most)
    return value.code if fits else f"f_bounded({value.code}, {most})"


def _perhaps_null(value: Value) -> bool:
    """Whether this can be null for all that the schemas tell. A record's own number is its name
    in Business Central, and never blank there.
    """
    own_number = value.way is not None and value.way[-1:] == ("number",)
    return value.type.nullable and value.type.kind not in {"null", "any"} and not own_number


def _looks_like_expression(text: str, scope: Scope) -> bool:
    """Whether somebody forgot a brace, or both, or took a statement for a value."""
    bare = _BRACED.fullmatch(text)
    path = _PATH.match(bare.group(1) if bare else text)
    return _STATEMENT.search(text) is not None or (
        path is not None and path.group(1) in scope.names
    )


def parsed(expression: Expression, site: Site) -> nodes.Expr | None:
    """The node of a bare expression, None when it cannot be read."""
    try:
        return parse_expression(expression.text)
    except Mistake as mistake:
        site.report(
            mistake.rule, mistake.message, mistake.offset, length=mistake.length, hint=mistake.hint
        )
    bare = _BRACES.fullmatch(expression.text)
    if bare is None:
        return None
    return parsed(Expression(expression.path, f"{bare[1]}  {bare[2]}  {bare[3]}"), site)


_BRACED = re.compile(r"\{+\s*([^{}]*?)\s*\}+")
_BRACES = re.compile(r"(\s*)\{\{((?:(?!\}\}|\{\{).)*)\}\}(\s*)", re.DOTALL)
_PATH = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[.\[]")
_STATEMENT = re.compile(r"\{%-?\s*(?:if|for|set|elif|else|end(?:if|for)|macro|import|include)\b")
_WITHOUT = "Leave out the `?`."
_BLANK_LOOKS_FILLED = frozenset({"date", "datetime", "guid"})


def _walked(walk: Walk, text: str) -> tuple[Value, tuple[int, int]]:
    """The value of a leaf's text, and where its expression stands."""
    try:
        parts = parse_leaf(text)
    except Mistake as mistake:
        walk.site.report(
            mistake.rule, mistake.message, mistake.offset, length=mistake.length, hint=mistake.hint
        )
        return Value(ANY, "None"), (mistake.offset, mistake.length)
    expressions = [part for part in parts.parts if not isinstance(part, str)]
    if parts.alone:
        return walk.value(expressions[0]), extent(expressions[0])
    pieces = [
        Value(constant_type(part), repr(part)) if isinstance(part, str) else walk.value(part)
        for part in parts.parts
    ]
    return walk.text(pieces), (0, len(text))


def _dropping(
    written: Written, site: Site, emission: Emission, field: Field | None, told: int
) -> Written:
    """The leaf with the conditions under which it is there: nothing missing, and not null. That it
    has none is told where nothing else is, and `told` findings stood there before.
    """
    if not written.bound and not written.risky and not written.type.nullable:
        if written.type.kind != "any" and not site.faulty and site.findings.told == told:
            message = "Nothing this reads can be missing or null."
            site.report("can-never-drop", message, hint=_WITHOUT)
        return written
    bound = written.bound
    code = written.code
    if written.type.nullable:
        local = emission.fresh("t")
        bound, code = (*bound, (local, code)), local
    sure = replace(written, bound=bound, code=code, type=written.type.not_null())
    return sure if field is None else replace(sure, code=_sent(sure, field, emission))


def _sent(written: Written, field: Field, emission: Emission) -> str:
    """The code of the value as Business Central takes it: blank for null, encoded members."""
    code = written.code
    members = written.type.enum or field.enum or ()
    encoded = field.enum is not None and any(encode_name(name) != name for name in members)

    def given(code: str) -> str:
        if field.type in _BLANK_LOOKS_FILLED and field.blank is not None:
            blank = repr(field.blank)  # the least text of all; a call costs several times more
            if written.type.kind != "text":
                return f"f_filled({code}, {blank})"
            text = emission.fresh("t")
            return f"({text} if ({text} := {code}) > {blank} else f_filled({text}, {blank}))"
        return f"f_encode_name({code})" if encoded else code

    if not written.type.nullable:
        return given(code)
    local = emission.fresh("t")
    rest = given(local)
    return f"({field.blank!r} if ({local} := {code}) is None else {rest})"
