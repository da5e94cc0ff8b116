"""Where Chromium is, and how it is started."""

from __future__ import annotations

import os
import shutil
from typing import Final

INSTALL: Final = "apt-get install -y chromium"

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_QUIET: Final = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The file that the variable CHROMIUM names, else the first of the known names in the path."""
    named = os.environ.get("CHROMIUM")
    candidates = (named,) if named else _NAMES
    return next((file for name in candidates if (file := shutil.which(name))), None)


def arguments() -> list[str]:
    """Chromium talks to nobody by itself; its sandbox cannot be had as root."""
    return [*_QUIET, "--no-sandbox"] if os.geteuid() == 0 else list(_QUIET)
