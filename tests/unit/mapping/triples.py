"""Random triples: a JSON schema, a document that fits it, an expression over its paths."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

Schema = dict[str, Any]
Draw = st.DrawFn
Listed = tuple[str, list[tuple[str, Schema]]]

KEYS: Final = (
    *("a", "name", "items", "values", "get", "keys", "copy", "pop", "class", "__class__"),
    *("order", "tables", "now", "in", "if", "is", "not", "none", "x y", "1e5", "{{ x }}", "ü"),
)
LETTERS: Final = st.sampled_from(
    ["", "a", "Zz 9", "1e5", "007", "12.50", "{{ x }}", "items", "ß", "\n", "'", "e-e", "retail"]
)
CHOICES: Final = ("retail", "wholesale", "None")
DATES: Final = st.sampled_from(["2026-11-23", "2026-02-28", "2024-02-29"])
MOMENTS: Final = st.sampled_from(["2026-11-23T09:30:00+01:00", "2026-11-23T09:30:00.5Z"])
NUMBERS: Final = st.one_of(
    st.integers(-9, 9),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.decimals(-99, 99, places=3, allow_nan=False),
    st.sampled_from([Decimal("1E+3"), Decimal("0.000"), Decimal("1E-30"), Decimal("100.0")]),
)
SCALARS: Final[tuple[Schema, ...]] = (
    {"type": "string"},
    {"type": "string", "maxLength": 20},
    {"enum": list(CHOICES)},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
    {"type": "integer"},
    {"type": "number"},
    {"type": "boolean"},
    {},
)
TABLES: Final[dict[str, dict[str, object]]] = {
    "kind": {"retail": "R", "wholesale": "W", "None": "N"},
    "level": {"a": 1, "007": 7, "1e5": 2},
}


@dataclass(frozen=True, slots=True)
class Triple:
    """`leaf` is what stands in a file: one expression in braces, or text around some.

    `drops`: the key of the leaf ends in `?`.
    """

    schema: Schema
    document: dict[str, Any]
    leaf: str
    drops: bool


@st.composite
def triples(draw: Draw) -> Triple:
    """A triple; most of the expressions pass the checker."""
    schema = _object(draw, 3)
    document: dict[str, Any] = _value(draw, schema)
    writer = _Writer(draw, schema)
    drops = draw(st.integers(0, 3)) == 0
    if draw(st.integers(0, 4)) == 0:
        leaf = f"{draw(LETTERS)}<{{{{ {writer.text(2)} }}}}> {{{{ {writer.number(1)} }}}}"
    else:
        leaf = f"{{{{ {writer.any(3)} }}}}"
    return Triple(schema, document, leaf, drops)


def _object(draw: Draw, depth: int) -> Schema:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=6, unique=True))
    properties = {key: _schema(draw, depth - 1) for key in keys}
    required = [key for key in keys if draw(st.integers(0, 2))]
    made: Schema = {"type": "object", "properties": properties, "required": required}
    made["additionalProperties"] = False
    return made


def _schema(draw: Draw, depth: int) -> Schema:
    shape = draw(st.integers(0, 9)) if depth > 0 else 0
    if shape < 5:
        made = dict(draw(st.sampled_from(SCALARS)))
    elif shape < 7:
        made = {"type": "array", "items": _schema(draw, depth - 1)}
    elif shape < 9:
        made = _object(draw, depth)
    else:
        made = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 9}}
    if isinstance(made.get("type"), str) and draw(st.integers(0, 4)) == 0:
        made["type"] = [made["type"], "null"]
    return made


def _kind(schema: Schema) -> str:
    kind = schema.get("type", "text" if "enum" in schema else "any")
    kind = kind if isinstance(kind, str) else kind[0]
    return {"string": "text", "number": "number", "integer": "number"}.get(kind, kind)


def _value(draw: Draw, schema: Schema) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(schema.get("type"), list) and draw(st.booleans()):
        return None
    match _kind(schema):
        case "text" if "enum" in schema:
            return draw(st.sampled_from(CHOICES))
        case "text":
            known = {"date": DATES, "date-time": MOMENTS}
            return draw(known.get(schema.get("format", ""), LETTERS))
        case "number" if "integer" in schema["type"]:
            return draw(st.integers(-(10**30), 10**30))
        case "number":
            return draw(NUMBERS)
        case "boolean":
            return draw(st.booleans())
        case "array":
            return [_value(draw, schema["items"]) for _ in range(draw(st.integers(0, 3)))]
        case "object":
            return _members(draw, schema)
    return draw(st.sampled_from([None, True, 0, 7, Decimal("1.5"), "", "007", [], ["a"], {"a": 1}]))


def _members(draw: Draw, schema: Schema) -> dict[str, Any]:
    if "properties" not in schema:
        keys = draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True))
        return {key: draw(LETTERS) for key in keys}
    return {
        key: _value(draw, part)
        for key, part in schema["properties"].items()
        if key in schema["required"] or draw(st.booleans())
    }


class _Writer:
    """Writes expressions over the paths of a schema, kind by kind."""

    def __init__(self, draw: Draw, schema: Schema) -> None:
        self._draw = draw
        self._paths: dict[str, list[tuple[str, Schema]]] = {}
        self._gather("order", schema)

    def any(self, depth: int) -> str:
        """An expression of any kind."""
        kinds = (self.text, self.number, self.truth, self.array, self.odd)
        return str(self._one(kinds)(depth))

    def text(self, depth: int) -> str:
        if depth <= 0 or self._chance(3):
            return self._leaf("text", lambda: repr(self._draw(LETTERS)))
        less = depth - 1
        match self._draw(st.integers(0, 8)):
            case 0:
                return f"({self.text(less)} ~ {self._one((self.text, self.number))(less)})"
            case 1:
                return f"({self.text(less)} if {self.truth(less)} else {self.text(less)})"
            case 2:
                return f"({self.number(less)} | text)"
            case 3:
                return f"({self.array(less)} | {self._pick(*_LIST_FILTERS)})"
            case 4:
                return f"({self.text(less)} | choose(tables.kind, 'none'))"
            case 5:
                return f"({self.text(less)} | {self._pick('date', 'datetime')})"
            case 6:
                return f"({self.text(less)} | default({self._draw(LETTERS)!r}))"
            case _:
                return f"({self.text(less)} | {self._pick(*_TEXT_FILTERS)})"

    def number(self, depth: int) -> str:
        if depth <= 0 or self._chance(3):
            return self._leaf("number", self._constant)
        less = depth - 1
        match self._draw(st.integers(0, 7)):
            case 0 | 1:
                sign = self._pick("+", "-", "*")
                return f"({self.number(less)} {sign} {self.number(less)})"
            case 2:
                return f"(-{self.number(less)})"
            case 3:
                places = self._draw(st.integers(0, 6))
                return f"(({self.number(less)} / {self.number(less)}) | decimal({places}))"
            case 4:
                return f"({self.text(less)} | {self._pick('integer', 'decimal', 'decimal(2)')})"
            case 5:
                return f"({self.text(less)} | choose(tables.level, 0))"
            case 6:
                return f"({self._summed(less)})"
            case _:
                return f"({self.number(less)} if {self.truth(less)} else {self.number(less)})"

    def truth(self, depth: int) -> str:
        if depth <= 0 or self._chance(4):
            return self._leaf("boolean", lambda: self._pick("true", "false"))
        less = depth - 1
        compared = self._pick("==", "!=", "<", "<=", ">", ">=")
        match self._draw(st.integers(0, 7)):
            case 0:
                return f"({self.truth(less)} {self._pick('and', 'or')} {self.truth(less)})"
            case 1:
                return f"(not {self.truth(less)})"
            case 2:
                test = self._pick(*("present", "null", "text", "number", "not present", "not text"))
                return f"({self.path()} is {test})"
            case 3:
                return self._compared(self.text(less), compared, self.text(less))
            case 4:
                return self._compared(self.number(less), compared, self.number(less))
            case 5:
                return (
                    f"({self.text(less)} {self._pick('in', 'not in', 'is in')} {self.array(less)})"
                )
            case 6:
                return f"({self.number(less)} < {self.number(less)} <= {self.number(less)})"
            case _:
                return f"({self.path()} {self._pick('==', '!=')} {self.path()})"

    def _compared(self, left: str, sign: str, right: str) -> str:
        return f"({left} {sign} {left if self._chance(3) else right})"

    def array(self, depth: int) -> str:
        """A list of texts, most of the time."""
        less = max(0, depth - 1)
        match self._draw(st.integers(0, 4)):
            case 0:
                return f"[{self.text(less)}, {self.text(less)}]"
            case 1:
                return f"({self.text(less)} | {self._pick(*_SPLITS)})"
            case 2:
                return self._plucked()
            case _:
                return self._leaf("array", lambda: "['a', 'retail']")

    def odd(self, depth: int) -> str:
        """What no other kind has: null, objects, an element by a computed index or key."""
        less = depth - 1
        match self._draw(st.integers(0, 4)):
            case 0:
                return f"({self.path()} | or_null)"
            case 1:
                return f"{{'a': {self.text(less)}, 'items': {self.number(less)}}}.items"
            case 2:
                return f"{self._leaf('array', lambda: '[1, 2]')}[{self.number(0)}]"
            case 3:
                return f"({self._leaf('map', lambda: 'tables.kind')}[{self.text(0)}] | or_null)"
            case _:
                return self.path()

    def path(self) -> str:
        """A path of the schema, whatever is there."""
        found = self._draw(
            st.sampled_from([one for paths in self._paths.values() for one in paths])
        )
        return str(found[0])

    def _leaf(self, kind: str, other: Any) -> str:  # noqa: ANN401 - what writes a constant
        if self._chance(25):
            return self.path()
        found = [
            *self._paths.get(kind, ()),
            *(self._paths.get("any", ()) if self._chance(9) else ()),
        ]
        if not found or self._chance(4):
            return str(other())
        path = self._draw(st.sampled_from(found))[0]
        if kind in _DEFAULTS and self._chance(2):
            return f"({path} | default({self._pick(*_DEFAULTS[kind])}))"
        return str(path)

    def _objects(self) -> Listed | None:
        """A list of objects, and the fields of those."""
        found: list[Listed] = [
            (path, list(schema["items"]["properties"].items()))
            for path, schema in self._paths.get("array", ())
            if "properties" in schema["items"]
        ]
        return self._draw(st.sampled_from(found)) if found else None

    def _plucked(self) -> str:
        found = self._objects()
        if found is None:
            return "['a', '']"
        path, fields = found
        field = repr(self._draw(st.sampled_from(fields))[0])
        if self._chance(2):
            wanted = repr(self._draw(st.sampled_from(fields))[0])
            constant = self._pick("true", "'retail'", "''", "0", "1.50", "none")
            path = f"({path} | where({wanted}, {constant}))"
        return f"({path} | pluck({field}))"

    def _summed(self, depth: int) -> str:
        found = self._objects()
        if found is None or self._chance(3):
            return f"[{self.number(depth)}, {self.number(0)}] | sum"
        path, fields = found
        return f"{path} | sum({self._draw(st.sampled_from(fields))[0]!r})"

    def _constant(self) -> str:
        value = self._draw(
            st.one_of(st.integers(0, 10**12), st.decimals(0, 99, places=2, allow_nan=False))
        )
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    def _gather(self, path: str, schema: Schema) -> None:
        kind = "map" if "additionalProperties" in schema and "properties" not in schema else ""
        self._paths.setdefault(kind or _kind(schema), []).append((path, schema))
        if kind:
            for key in ("a", "items"):
                self._gather(f"{path}{self._step(key)}", {"type": "string", "maxLength": 9})
        for key, part in schema.get("properties", {}).items():
            self._gather(f"{path}{self._step(key)}", part)
        if not schema:  # nothing is known of it, whatever is inside
            self._paths["any"] += [(f"{path}{step}", {}) for step in ("['a']", "[0]")]
        if "items" in schema:
            self._gather(f"{path}[{self._pick('0', '1', '-1')}]", schema["items"])

    def _step(self, key: str) -> str:
        plain = key.isidentifier() and key.isascii()
        return f".{key}" if plain and not self._chance(4) else f"[{key!r}]"

    def _chance(self, one_of: int) -> bool:
        return self._draw(st.integers(1, one_of)) == 1

    def _pick(self, *choices: str) -> str:
        return self._draw(st.sampled_from(choices))

    def _one(self, choices: Any) -> Any:  # noqa: ANN401 - one of the methods
        return self._draw(st.sampled_from(choices))


_TEXT_FILTERS: Final = (
    *("upper", "lower", "trim", "digits", "text", "truncate_to(3)", "truncate_to(0)"),
    *("pad_left(5, '0')", "split('e') | join('-')"),
)
_LIST_FILTERS: Final = ("first", "last", "join(', ')")
_SPLITS: Final = ("split(' ')", "split('e')", "split('-')")
_DEFAULTS: Final = {"text": ("''", "'Zz'"), "number": ("0", "1.50", "-1"), "boolean": ("false",)}
