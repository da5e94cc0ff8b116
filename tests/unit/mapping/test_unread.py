"""What of a document no expression reads."""

from __future__ import annotations

import pytest

from gateway.mapping.scope import Every, Way
from gateway.mapping.unread import unread_pointers

EACH = Every(None)


@pytest.mark.parametrize(
    ("value", "ways", "expected"),
    [
        ({"a": 1}, [("a",)], []),
        ({"a": 1, "b": None}, [("a",)], ["/b"]),
        ({"a": {"b": 1, "c": 2}}, [("a", "b")], ["/a/c"]),
        ({"a": {"b": 1, "c": 2}}, [("a",)], []),
        ({"a": {"b": {"c": [1]}}}, [("a", "x")], ["/a/b"]),
        ({"a/b": {"~": 1}}, [("a/b", "c")], ["/a~1b/~0"]),
        (
            {"l": [{"x": 1, "y": 2}, {"y": 3}]},
            [("l", EACH), ("l", EACH, "x")],
            ["/l/0/y", "/l/1/y"],
        ),
        ({"l": [{"x": 1}, 5]}, [("l", EACH)], ["/l/0", "/l/1"]),
        ({"l": [{"x": 1}, {"x": 2}]}, [("l", "0", "x")], ["/l/1"]),
        ({"l": []}, [("l", EACH)], []),
        ({"l": [[1, 2], [3]]}, [("l", EACH, EACH, "x")], []),
        ({"a": None, "b": 5}, [("a", "b"), ("b", "c")], []),
        ({"a": 1}, [()], []),
        ({"a": 1}, [], [""]),
        ([1, 2], [("a",)], ["/0", "/1"]),
    ],
)
def test_pointers(value: object, ways: list[Way], expected: list[str]) -> None:
    assert list(unread_pointers(value, ways)) == expected
