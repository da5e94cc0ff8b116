"""Keeps the state of a simulator in a file: loaded at the start, saved after changes.

A save is whole or not at all: a new file takes the place of the old one.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from gateway.simulator.control.keeping import read, written
from gateway.simulator.state import State

_PAUSE = 0.5  # seconds between looks for a change


class Keeper:
    """Keeps ``state`` in the file ``path``."""

    def __init__(self, path: Path, state: State) -> None:
        self._path = path
        self._state = state
        self._saved = state.changes

    def load(self) -> None:
        """Take the file's state if there is one; else write the one there is.

        Raises ValueError with a sentence for a file that holds none, OSError.
        """
        if self._path.exists():
            try:
                read(self._state, self._path.read_bytes())
            except ValueError as error:
                raise ValueError(f"The state in {self._path} is refused: {error}.") from None
        else:
            self.save()

    def save(self) -> None:
        """Write the state. Raises OSError."""
        self._saved = self._state.changes
        replace_file(self._path, written(self._state))

    async def run(self, ending: asyncio.Event) -> None:
        """Save after changes, in another thread, until ``ending``; then once more.

        A save that fails is tried again at the next change; the last one raises OSError.
        """
        while not ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), _PAUSE)
            if self._saved != self._state.changes:
                self._saved, document = self._state.changes, written(self._state)
                with suppress(OSError):
                    await asyncio.to_thread(replace_file, self._path, document)
        self.save()


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` in place of the file at once, for the owner's eyes only. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
