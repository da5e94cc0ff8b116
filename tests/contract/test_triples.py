"""On random schemas, documents and expressions ours is what plain Jinja gives, or is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, note
from jinja2 import TemplateError

from gateway.errors import InvalidInput, MappingError
from tests.soak import CASES, SLOW, SOAK, cases
from tests.unit.mapping.ours import LEFT_OUT, REFUSED, leaf_value
from tests.unit.mapping.plain import LeftOut, plain_leaf
from tests.unit.mapping.triples import TABLES, Triple, triples

FEW = 250
NO_VALUE = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError)


def judged(triple: Triple) -> str:
    """What became of it; fails where the two disagree."""
    names = {"order": triple.document, "tables": TABLES}
    try:
        ours = leaf_value(triple.leaf, triple.document, triple.schema, TABLES, drops=triple.drops)
    except (InvalidInput, MappingError):
        with pytest.raises((*NO_VALUE, LeftOut)):
            plain_leaf(triple.leaf, names, drops=triple.drops)
        return "neither has a value"
    if ours is REFUSED:
        return "refused"
    if ours is LEFT_OUT:
        with pytest.raises((*NO_VALUE, LeftOut)):
            plain_leaf(triple.leaf, names, drops=triple.drops)
        return "left out"
    theirs = plain_leaf(triple.leaf, names, drops=triple.drops)
    assert same(ours, theirs), (ours, theirs)
    return "the same value"


def same(ours: object, theirs: object) -> bool:
    """Equal, and of the same kind all the way down: true is not 1, and "1" is not 1."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in ours)
    kinds = [(type(one) is bool, isinstance(one, str), one is None) for one in (ours, theirs)]
    return kinds[0] == kinds[1] and ours == theirs


@SLOW
def test_a_leaf_means_what_plain_jinja_means_by_it() -> None:
    seen: Counter[str] = Counter()

    @cases(FEW, margin=1.8)
    @given(triples())
    def compared(triple: Triple) -> None:
        note(repr(triple))
        seen[judged(triple)] += 1

    compared()
    decided = sum(seen.values()) - seen["refused"]
    if SOAK:
        print(f"\n{sum(seen.values())} triples: {dict(seen)}")  # noqa: T201 - for who soaks
    assert decided >= (CASES if SOAK else FEW // 2), seen
    assert min(seen.values()) >= decided // 50, seen


def test_the_rest_of_a_chain_is_only_looked_at_while_it_holds() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}}
    for drops, path in ((True, "order.a"), (True, "order.b.c"), (False, "(order.a | default(1))")):
        leaf = f"{{{{ 1 < 0 < (0 + {path}) }}}}"
        assert judged(Triple(schema, {"b": 5}, leaf, drops)) == "the same value"
