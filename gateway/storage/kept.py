"""Rows that every request asks for, kept in memory for a moment.

What this process changes it drops at once; what another one changes is seen a moment later.
"""

from __future__ import annotations

import time
from typing import Final, Generic, TypeVar

LIFE: Final = 1.0  # seconds, of the machine: a key that was revoked elsewhere stops within them
MOST: Final = 10_000  # rows; a store that asks for more in a moment starts anew

R = TypeVar("R")


class Kept(Generic[R]):
    """Rows by their key."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[float, R]] = {}

    def get(self, key: str) -> R | None:
        """The row, if it was kept a moment ago."""
        kept = self._rows.get(key)
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None

    def keep(self, key: str, row: R | None) -> R | None:
        """Keep the row, and give it back. What is not there is not kept."""
        if row is not None:
            if len(self._rows) >= MOST:
                self._rows.clear()
            self._rows[key] = (time.monotonic() + LIFE, row)
        return row

    def forget(self) -> None:
        """Drop every row."""
        self._rows.clear()
