from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gateway import errors
from gateway.errors import BusinessCentralError, CallerError, GatewayError, Rejected


def tree(cls: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


@pytest.mark.parametrize("cls", list(tree()), ids=lambda cls: cls.__name__)
def test_the_drawn_tree_is_the_real_one(cls: type[GatewayError]) -> None:
    drawn = re.search(rf"\b{cls.__name__}\b(?: +(\S+) +(\d+))?", errors.__doc__ or "")
    assert drawn, f"{cls.__name__} is missing in the docstring"
    if drawn.group(1):
        assert (drawn.group(1), int(drawn.group(2))) == (cls.code, cls.status)


@pytest.mark.parametrize(
    "cls", [cls for cls in tree() if not cls.__subclasses__() and cls is not Rejected]
)
def test_a_docstring_is_a_text_for_a_caller(cls: type[GatewayError]) -> None:
    error = cls() if cls is not errors.InvalidFiles else errors.InvalidFiles([])
    assert error.detail.endswith((".", ")."))
    assert "\n" not in error.detail
    assert error.title[:1].isupper()
    assert not {"central", "json"}.intersection(error.title.split())


def test_a_rejection_carries_the_code_of_its_mapping() -> None:
    error = Rejected("unmatched_item", "A SKU has no item", remedy="Match it")
    assert (error.own_code, error.detail) == ("unmatched_item", "A SKU has no item. Match it.")


def test_what_the_caller_owns_is_4xx_and_what_waiting_helps_is_said() -> None:
    for cls in tree(CallerError):
        assert 400 <= cls.status < 500
    for cls in tree(BusinessCentralError):
        if cls.retryable:
            assert cls.status in {502, 503}
