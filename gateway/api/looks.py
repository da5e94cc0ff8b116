"""The style of a page for people: inside the page, and known to the browser by its hash alone.

`connect.py` and `docs.py` dress their pages with it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from markupsafe import Markup

_FOLDER: Final = resources.files("gateway.api").joinpath("templates")


@dataclass(frozen=True, slots=True)
class Look:
    """A style sheet, and its hash as a policy names it."""

    style: Markup
    source: str


@cache
def look(name: str) -> Look:
    """The look of the style sheet `templates/<name>.css`."""
    text = _FOLDER.joinpath(f"{name}.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Look(Markup(text), f"'sha256-{digest}'")  # noqa: S704 - a file of this package


def page_headers(worn: Look, form_action: str) -> Mapping[str, str]:
    """No script, nothing from elsewhere, no frame, no trace of the address in other places.

    `form_action` says where forms of the page may lead.
    """
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src {worn.source}; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action {form_action}",
        "Referrer-Policy": "no-referrer",
    }
