"""`--watch`: a command is run again whenever one of its files has been saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import click

_EVERY: Final = 0.3  # seconds between two looks at the files
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json", ".md"})

Seen = dict[Path, tuple[int, int]]


def watched(run: Callable[[], int], places: Callable[[], Iterable[Path]]) -> int:
    """Run at once and after each save, until Ctrl-C; gives the exit code of the last time.

    `places` are the folders and files that count, asked for anew each time.
    """
    code = 0
    try:
        while True:
            seen = _seen(places())
            code = run()
            click.echo("Waiting for the next save; Ctrl-C ends.\n", err=True)
            changed = _next(seen, places)
            click.echo(f"Saved: {', '.join(map(str, changed))}", err=True)
    except KeyboardInterrupt:
        return code


def _next(seen: Seen, places: Callable[[], Iterable[Path]]) -> list[Path]:
    """Wait until files differ from `seen` and have come to rest; gives which."""
    before = seen
    while True:
        time.sleep(_EVERY)  # nothing else runs in this process
        now = _seen(places())
        if now != seen and now == before:  # nobody is in the middle of writing
            return sorted(path for path in {*now, *seen} if now.get(path) != seen.get(path))
        before = now


def _seen(places: Iterable[Path]) -> Seen:
    """Every file that counts, with its size and when it was changed."""
    found: Seen = {}
    for place in places:
        for path in [place, *place.rglob("*")]:
            try:
                facts = path.stat()
            except OSError:  # gone between two looks
                continue
            if path.suffix in _SUFFIXES:
                found[path] = (facts.st_size, facts.st_mtime_ns)
    return found
