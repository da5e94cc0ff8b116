"""The style is known to the browser by its hash alone."""

from __future__ import annotations

import base64
import hashlib

import pytest

from gateway.api.looks import look, page_headers


@pytest.mark.parametrize("name", ["connect", "docs"])
def test_the_hash_is_that_of_the_style(name: str) -> None:
    worn = look(name)
    digest = base64.b64encode(hashlib.sha256(worn.style.encode()).digest()).decode()
    assert worn.source == f"'sha256-{digest}'"
    assert not any(mark in worn.style for mark in ("</", "@import", "url("))


def test_the_policy_allows_the_style_and_nothing_else() -> None:
    policy = page_headers(look("docs"), "'none'")["Content-Security-Policy"]
    assert policy == (
        f"default-src 'none'; style-src {look('docs').source}; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'none'"
    )
