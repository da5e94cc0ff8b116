from __future__ import annotations

import pytest

from gateway.config import Listener
from gateway.console.hosts import is_believed

HERE = Listener("127.0.0.1", 8081)
BEYOND = Listener("0.0.0.0", 8081)  # noqa: S104 - what a container listens on
NAMED = Listener("metrics.harwick.example", 8081)


@pytest.mark.parametrize(
    ("host", "here", "beyond", "named"),
    [
        ("127.0.0.1:8081", True, True, True),
        ("127.0.0.1", True, True, True),
        ("127.9.9.9:1", True, True, True),
        ("localhost:8081", True, True, True),
        ("LOCALHOST", True, True, True),
        ("[::1]:8081", True, True, True),
        ("10.1.2.3:8081", False, True, True),
        ("gateway:8081", False, True, True),
        ("metrics.harwick.example:8081", False, False, True),
        ("evil.example", False, False, False),
        ("evil.example:8081", False, False, False),
        ("127.0.0.1.evil.example", False, False, False),
        ("localhost.", False, False, False),
        ("", False, False, False),
        ("127.0.0.1@evil.example", False, False, False),
        ("[", False, False, False),
        ("a b", False, False, False),
    ],
)
def test_no_name_that_a_stranger_can_have(host: str, here: bool, beyond: bool, named: bool) -> None:
    assert [is_believed(host, each) for each in (HERE, BEYOND, NAMED)] == [here, beyond, named]
