"""What was expected against what came out, leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.documents import NOTHING
from gateway.validation.validator import at_pointer

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """At `path`, `actual` came out instead of `expected`; either may be `NOTHING`."""

    path: Path
    expected: object
    actual: object


def differences(
    expected: object, actual: object, *, whole: bool, path: Path = ()
) -> Iterator[Difference]:
    """Every leaf that differs. Without `whole`, objects may hold more than expected."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            found = actual.get(name, NOTHING)
            yield from differences(value, found, whole=whole, path=(*path, name))
        if whole:
            for name in actual.keys() - expected.keys():
                yield Difference((*path, name), NOTHING, actual[name])
    elif isinstance(expected, list) and isinstance(actual, list):
        for at in range(max(len(expected), len(actual))):
            left = expected[at] if at < len(expected) else NOTHING
            right = actual[at] if at < len(actual) else NOTHING
            yield from differences(left, right, whole=whole, path=(*path, at))
    elif not _same(expected, actual):
        yield Difference(path, expected, actual)


def is_there(value: object, pointer: str) -> bool:
    """Whether a JSON pointer leads to something in `value`."""
    try:
        at_pointer(value, pointer)
    except (LookupError, TypeError, ValueError):
        return False
    return True


def merged(under: object, over: object) -> object:
    """`over` laid deeply over `under`; null is a value like any other."""
    if not isinstance(under, Mapping) or not isinstance(over, Mapping):
        return over
    both: dict[str, Any] = dict(under)
    for name, value in over.items():
        both[name] = merged(both[name], value) if name in both else value
    return both


def with_value(document: object, pointer: str, value: object) -> object:
    """`document` with `value` at `pointer`, or without what is there when `value` is None.

    Raises `LookupError` when there is no such place.
    """
    step, _, rest = pointer[1:].partition("/")
    name = step.replace("~1", "/").replace("~0", "~")
    inner = "/" + rest if "/" in pointer[1:] else ""
    if isinstance(document, list):
        if not name.isdecimal() or int(name) > len(document) - bool(inner or value is None):
            raise LookupError(pointer)
        at = int(name)
        return [*document[:at], *_changed(document[at : at + 1], inner, value), *document[at + 1 :]]
    if not isinstance(document, Mapping) or ((inner or value is None) and name not in document):
        raise LookupError(pointer)
    changed = _changed([document[name]] if name in document else [], inner, value)
    kept = {key: old for key, old in document.items() if key != name or changed}
    return {**kept, name: changed[0]} if changed else kept


def _changed(there: list[object], inner: str, value: object) -> list[object]:
    if inner:
        return [with_value(there[0], inner, value)]
    return [] if value is None else [value]


def _same(left: object, right: object) -> bool:
    numbers = (int, Decimal)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, numbers) and isinstance(right, numbers):
        return left == right
    return type(left) is type(right) and left == right
