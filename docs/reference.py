"""The reference of the mapping language, from what the checker and the editors go by: the schemas
of the two kinds of files, the registry of filters and tests, the keys of structure, the names of
expressions and the kinds of steps. `generate.py` writes the page; a test runs every example.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from gateway.config import shipped
from gateway.documents import encode_json, load_document
from gateway.mapping import bounds, functions, signatures, syntax, templates
from gateway.mapping.expressions import FOREIGN
from gateway.mapping.load_steps import STEP_KEYS
from gateway.mapping.names import OWN
from gateway.mapping.types import Type

PAGE: Final = Path(__file__).with_name("reference.md")
EXAMPLES: Final = cast(
    "Mapping[str, Any]", load_document(Path(__file__).parent / "language" / "examples.yaml").value
)

Shape = Mapping[str, Any]

_ARGUMENTS: Final = {
    "count": "a whole number",
    "text": "a text",
    "letter": "one character",
    "constant": "a constant",
    "table": "a table",
    "field": "the name of a field",
}
_KINDS: Final = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "map",
    "array": "list",
    "null": "null",
}


def rendered() -> str:
    """The whole page."""
    return (
        "# The mapping language\n\n<!-- Made by docs/generate.py from the schemas and the code. -->"
        "\n\nEvery key, name, filter and test there is. The page is made from what `bc-gateway check`"
        " and the editors go by. [The tutorial](tutorial.md) shows the language at work,"
        " [the guide](mappings.md) how it fits together, and [the rules](rules/README.md) what"
        " `check` finds.\n"
        + "".join([*_values(), *_structure(), *_expressions(), *_functions(), *_steps(), *_files()])
    )


def _values() -> Iterator[str]:
    yield "\n## Values\n\n| form | means |\n| --- | --- |\n"
    for form, means in (
        ("field: constant", "the constant; it must fit the type of the field already"),
        ('field: "{{ expression }}"', "the value itself: text stays text, a number a number"),
        ('field: "A {{ expression }} B"', "text; what stands in it is text or a number"),
        ("field?: …", "the field is left out when a path of the expression is missing or null"),
    ):
        yield f"| `{form}` | {means} |\n"
    yield (
        "\nMissing, null, empty and zero are four things. A path that is missing is an error, unless"
        " the key ends in `?` or the expression says `| default(…)`. Nothing is converted but whole"
        " numbers to decimals.\n\nA constant is what it would be in JSON, and everything else is"
        " text, also without quotes: `007`, `yes`, `1,5`, `12:30` and `2026-11-23` are text; `7`, `1.5`"
        " and `true` are not, unless they stand in quotes.\n"
    )


def _structure() -> Iterator[str]:
    yield "\n## Structure\n\n| key | does |\n| --- | --- |\n"
    for key, does in templates.KEYS.items():
        yield f"| `{key}` | {does} |\n"
    yield (
        f"\nTemplates nest at most {templates.DEEPEST} levels, an object has at most"
        f" {templates.MOST_FIELDS} fields. In a file with `extends`, `{templates.REMOVE}: true`"
        " takes away what the mapping has ([overrides](mappings.md#overrides)).\n"
    )


def _expressions() -> Iterator[str]:
    yield "\n## Names in expressions\n\n| name | is |\n| --- | --- |\n"
    yield "| what `input` says | the document of the caller |\n"
    yield "| what `$as` and `$index` say | the item of a list and its number |\n"
    for name, is_ in OWN.items():
        yield f"| `{name}` | {is_} |\n"
    yield "\n## Expressions\n\nThe examples are about this document, called `order`:\n\n```json\n"
    yield _json(EXAMPLES["order"]) + "\n```\n\n| form | means | example | comes to |\n"
    yield "| --- | --- | --- | --- |\n"
    for form in EXAMPLES["forms"]:
        yield f"| {_cell(form['form'])} | {form['means']} | {_shown(form)} |\n"
    yield "\nThere is nothing else. Among what people look for:\n\n"
    yield from (f"- {message}\n" for message in FOREIGN.values())
    yield (
        f"\nAn expression has at most {syntax.LONGEST:,} characters and {syntax.DEEPEST} levels, a"
        f" number at most {functions.DIGITS} digits, and one that is computed with"
        f" {functions.LONGEST_NUMBER}. A text that is put together has at most"
        f" {functions.LONGEST_TEXT:,} characters, and never more than its field takes; all `$each`"
        f" of one body or record but the first go over at most {bounds.MOST_ELEMENTS:,} elements"
        f" together, and filters go through {bounds.MOST_VISITS:,}.\n"
    )


def _functions() -> Iterator[str]:
    yield (
        "\n## Filters\n\nEach is strict: what does not fit is an error, and never something else."
        " Arguments are constants or tables. `tables.state` of the examples is"
        f" `{_json(EXAMPLES['tables']['state'])}`.\n"
        "\n| filter | takes | gives | example | comes to |\n| --- | --- | --- | --- | --- |\n"
    )
    for name, called in sorted(functions.FILTERS.items()):
        yield from _rows([_head(name, called), _takes(name, called)], called, "filters", name)
    yield "\n## Tests\n\nAfter `is`, or `is not`.\n"
    yield "\n| test | asks whether it is | example | comes to |\n| --- | --- | --- | --- |\n"
    for name, called in functions.TESTS.items():
        yield from _rows([_head(name, called)], called, "tests", name)


def _rows(first: list[str], called: Callable[..., object], kind: str, name: str) -> Iterator[str]:
    """A row for each example; what is the same in all stands in the first."""
    words = [*first, " ".join((inspect.getdoc(called) or "").split())]
    for shown in EXAMPLES[kind][name]:
        yield f"| {' | '.join(words)} | {_shown(shown)} |\n"
        words = [""] * len(words)


def _head(name: str, called: Callable[..., object]) -> str:
    """The filter with the names of its arguments, as its docstring names them."""
    told = ""
    for argument in list(inspect.signature(called).parameters.values())[1:]:
        comma = ", " if told else ""
        needed = argument.default is inspect.Parameter.empty
        told += f"{comma}{argument.name}" if needed else f"[{comma}{argument.name}]"
    return f"`{name}({told})`" if told else f"`{name}`"


def _takes(name: str, called: Callable[..., object]) -> str:
    """What stands before the bar, and what its arguments are."""
    if name in signatures.PATH_FILTERS:
        return "a path that may be missing or null"
    signature = signatures.FILTERS[name]
    kinds = signature.takes - ({"integer"} if "decimal" in signature.takes else set())
    before = " or ".join(sorted(Type(kind).words for kind in kinds))
    names = list(inspect.signature(called).parameters)[1:]
    arguments = zip(names, signature.arguments, strict=True)
    return "; ".join([before, *(f"`{name}`: {_ARGUMENTS[one.kind]}" for name, one in arguments)])


def _shown(shown: Shape) -> str:
    gives = "an error" if "refused" in shown else f"`{_json(shown['gives'])}`"
    return f"`{_cell(shown['example'])}` | {gives}"


def _cell(text: str) -> str:
    """A text as it can stand in a table."""
    return text.replace("|", "\\|")


def _json(value: object) -> str:
    """One line of JSON; a map of the top with a line for each key."""
    if isinstance(value, dict) and len(value) > 2:
        rows = ",\n".join(f"  {json.dumps(key)}: {_json(one)}" for key, one in value.items())
        return f"{{\n{rows}\n}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"[{', '.join(encode_json(one).decode() for one in value)}]"
    return encode_json(value).decode()


def _steps() -> Iterator[str]:
    known = _shape("mapping")["$defs"]["step"]["properties"]
    yield (
        "\n## Kinds of steps\n\nA step has one of these keys. Every step takes `name`, `$when` and"
        " `guards` too. The effect says what sending it a second time would do: nothing (none),"
        " nothing new (repeatable), a second record unless it is looked for first (anchored), or"
        " harm (irreversible).\n\n| step | needs | may have | does |\n| --- | --- | --- | --- |\n"
    )
    for kind, (needed, more) in STEP_KEYS.items():
        about = known[kind]["description"]
        yield f"| `{kind}` | {_listed(needed)} | {_listed(more)} | {about} |\n"


def _files() -> Iterator[str]:
    for name, title in (("mapping", "Mapping files"), ("case", "Test files")):
        shape = _shape(name)
        yield f"\n## {title}\n\n{shape['description']}\n"
        for path, known in _objects(shape):
            yield from _table(path, known, shape)


@cache
def _shape(name: str) -> Shape:
    path = shipped("schemas") / "gateway" / f"{name}.schema.json"
    return cast("Shape", load_document(path).value)


def _objects(root: Shape) -> Iterator[tuple[str, Shape]]:
    """Every object whose keys are known, each once, by its path from the top of the file."""
    waiting: list[tuple[str, Shape]] = [("", root)]
    seen: list[int] = []
    while waiting:
        path, shape = waiting.pop(0)
        known = _resolved(shape, root)
        if id(known) in seen:
            continue
        seen.append(id(known))
        if "properties" in known:
            yield path, known
        for name, one in known.get("properties", {}).items():
            waiting.append((f"{path}.{name}" if path else name, one))
        waiting += [(path, one) for one in known.get("anyOf", [])]
        if isinstance(known.get("items"), dict):
            waiting.append((f"{path}[]", known["items"]))
        if isinstance(known.get("additionalProperties"), dict):
            waiting.append((f"{path}.<name>", known["additionalProperties"]))


def _resolved(shape: Shape, root: Shape) -> Shape:
    found = shape.get("$ref")
    return root["$defs"][found.removeprefix("#/$defs/")] if found else shape


def _table(path: str, shape: Shape, root: Shape) -> Iterator[str]:
    needed = shape.get("required", ())
    yield f"\n### {f'`{path}`' if path else 'The whole file'}\n"
    if path and "description" in shape:
        yield f"\n{_sentence(shape['description'])}\n"
    yield "\n| key | is | means |\n| --- | --- | --- |\n"
    for name, one in shape["properties"].items():
        known = _resolved(one, root)
        mark = ", needed" if name in needed else ""
        about = one.get("description") or known.get("description", "")
        yield f"| `{name}` | {_kind(known)}{mark} | {_sentence(about)} |\n"


def _kind(shape: Shape) -> str:
    if "enum" in shape:
        return f"one of {', '.join(f'`{value}`' for value in shape['enum'])}"
    if "const" in shape:
        return f"`{json.dumps(shape['const'])}`"
    if "anyOf" in shape:
        return " or ".join(_kind(one) for one in shape["anyOf"])
    said: str | Sequence[str] = shape["type"]
    return " or ".join(_KINDS[kind] for kind in ([said] if isinstance(said, str) else said))


def _sentence(text: str) -> str:
    return _cell(text[:1].upper() + text[1:]).replace("<", "\\<")


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
