"""Keeps the state of a simulator in a file: loaded at the start, saved after changes.

A save is whole or not at all: a new file takes the place of the old one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.simulator.control.keeping import read, written
from gateway.simulator.state import State

if sys.platform == "win32":
    import msvcrt

    def _lock(held: int) -> None:
        try:
            msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:  # as Unix calls it
            raise BlockingIOError(error.errno, error.strerror) from None
else:
    import fcntl

    def _lock(held: int) -> None:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)


_log = logging.getLogger(__name__)
_PAUSE = 0.5  # seconds between looks for a change


class Unsaved(OSError):
    """The state could not be saved at the end: what was done since the last save is lost."""


class Keeper:
    """Keeps ``state`` in the file ``path``."""

    def __init__(self, path: Path, state: State) -> None:
        self._path = path
        self._state = state
        self._saved = state.changes

    def load(self) -> bool:
        """Take the file's state if there is one; else write the one there is. Tells which.

        Raises ValueError with a sentence for a file that holds none, OSError.
        """
        if self._path.exists():
            try:
                read(self._state, self._path.read_bytes())
            except ValueError as error:
                raise ValueError(f"The state in {self._path} is refused: {error}.") from None
            return True
        self.save()
        return False

    def save(self) -> None:
        """Write the state. Raises OSError."""
        self._saved = self._state.changes
        replace_file(self._path, written(self._state))

    async def run(self, ending: asyncio.Event) -> None:
        """Save after changes, in another thread, until ``ending``; then once more.

        A save that fails is told as a warning, the first of several, and tried again at the next
        change. The last one raises Unsaved.
        """
        failing = False
        while not ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), _PAUSE)
            if self._saved != self._state.changes:
                failing = not await self._saves(told=failing)
        try:
            self.save()
        except OSError as error:
            raise Unsaved(error.errno, error.strerror, str(self._path)) from None

    async def _saves(self, *, told: bool) -> bool:
        """Whether a save beside the work was done; why not is ``told`` already, or is now."""
        self._saved, document = self._state.changes, written(self._state)
        try:
            await asyncio.to_thread(replace_file, self._path, document)
        except OSError as error:
            if not told:
                _log.warning(
                    "The state can not be saved to %s: %s. It is tried again after changes and "
                    "at the end.",
                    self._path,
                    error.strerror,
                )
            return False
        return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other simulators from the state file while the block runs.

    The lock is on a file beside it, since every save puts a new one in its place. Raises
    ValueError where another simulator has it, OSError.
    """
    beside = path.with_name(f".{path.name}.lock")
    try:
        held = _opened(beside)
    except BlockingIOError:
        raise ValueError(f"{path}: another simulator keeps its state there.") from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps files that are open
            beside.unlink()
        os.close(held)


def _opened(beside: Path) -> int:
    """The lock's file, locked. Raises BlockingIOError where somebody else has it, OSError."""
    while True:
        held = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(held)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(held), beside.stat()):
                    return held
        except OSError:
            os.close(held)
            raise
        os.close(held)  # who had it before took the file away: once more


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` in place of the file at once, for the owner's eyes only. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:  # whoever named the file does not know the one beside it
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
