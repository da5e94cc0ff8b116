"""Reload: changed files of mappings, schemas and overrides become the snapshot that counts.

Every process that serves watches the folders of the configuration. What changed there is loaded
whole once it has come to rest, checked, and its tests are run; only then it counts, by one
assignment. Else everything stays as it is, and `findings` say why. `app.py` opens and closes it,
the operators' listener shows it. A gateway starts with what `load_tested` gives and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from gateway.cases import CaseFile, CaseResult, case_files, own_cases, read_cases, run_all
from gateway.clock import Clock
from gateway.config import Config, folders
from gateway.documents import Finding, unreadable
from gateway.errors import InvalidFiles, Place
from gateway.snapshot import Current, Snapshot, load_configured

EVERY: Final = 1.0  # seconds between two looks; what differs in both of them is still being written
DEEPEST: Final = 6  # levels of folders: schemas/bc/<publisher>/<group>/<version>/
MOST_LOGGED: Final = 20  # findings of one reload

_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_LOG = structlog.get_logger("gateway.reload")

Seen = frozenset[tuple[str, int, int, int]]
"""Files with the time they were written, their size and their inode."""


class Reload:
    """Watches the folders of `config` for `current`.

    `since` is when the snapshot began to count here. `findings` are what keeps the files as they
    are now from counting, `refused` is when that was found out; both are empty when they count.
    """

    def __init__(self, config: Config, current: Current, clock: Clock, seen: Seen) -> None:
        self._config = config
        self._clock = clock
        self._last = self._tried = seen
        self._task: asyncio.Task[None] | None = None
        self.current = current
        self.since = clock.now()
        self.findings: tuple[Finding, ...] = ()
        self.refused: datetime | None = None

    async def __aenter__(self) -> Self:
        if watched(self._config):
            self._task = asyncio.create_task(self._watch(), name="reload")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Look at the files once, and load them when they have changed and come to rest."""
        seen = await asyncio.to_thread(files_seen, self._config)
        rests, self._last = seen == self._last, seen
        if not rests or seen == self._tried:
            return
        snapshot, findings = await asyncio.to_thread(_tried, self._config)
        if await asyncio.to_thread(files_seen, self._config) != seen:
            return  # somebody went on writing; what was loaded may be of two minds
        self._tried = seen
        if snapshot is None:
            self._refuse(findings)
        else:
            self._adopt(snapshot)

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(EVERY)
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the next look may be luckier
                _LOG.error("reload_stumbled", error=type(error).__name__)

    def _adopt(self, snapshot: Snapshot) -> None:
        self.findings, self.refused = (), None
        if snapshot.hash == self.current.snapshot.hash:
            _LOG.info("mappings_unchanged", snapshot=snapshot.hash)
            return
        self.current.adopt(snapshot)
        self.since = self._clock.now()
        _LOG.info("mappings_loaded", snapshot=snapshot.hash)

    def _refuse(self, findings: Sequence[Finding]) -> None:
        self.findings, self.refused = tuple(findings), self._clock.now()
        for one in findings[:MOST_LOGGED]:
            _LOG.error("mapping_finding", at=str(one.place), rule=one.rule, what=one.message)
        _LOG.error("mappings_refused", findings=len(findings), snapshot=self.current.snapshot.hash)


def watched(config: Config) -> tuple[Path, ...]:
    """The folders that are watched. What comes with the gateway changes with the gateway."""
    own = (config.mappings, config.schemas, config.overrides)
    return tuple(folder for folder in own if folder is not None)


def files_seen(config: Config) -> Seen:
    """How the files are now. Raises nothing: what cannot be looked at is not there."""
    return frozenset(_seen(config))


def _seen(config: Config) -> Iterator[tuple[str, int, int, int]]:
    for folder in watched(config):
        for depth in range(DEEPEST):
            # Pattern by pattern, since `rglob` does not go into folders that are links.
            for path in folder.glob("/".join(["*"] * (depth + 1))):
                with suppress(OSError):
                    if path.suffix in _SUFFIXES and path.is_file():
                        facts = path.stat()
                        yield str(path), facts.st_mtime_ns, facts.st_size, facts.st_ino


def load_tested(config: Config) -> Snapshot:
    """The snapshot of the files as they are, if nothing is wrong and every test passes. What comes
    with the gateway was tested with it, so where nobody adds to that no tests are run.

    Raises `InvalidFiles` with every finding. Has an event loop of its own: call it in a thread.
    """
    missing = [_missing(folder) for folder in watched(config) if not folder.is_dir()]
    if missing:
        raise InvalidFiles(missing)
    try:
        return _tested(config)
    except OSError as error:  # what is in a folder may not be listed, or goes while it is read
        raise InvalidFiles([unreadable(str(error.filename or "."), "This", error)]) from None


def _tested(config: Config) -> Snapshot:
    snapshot = load_configured(config)
    findings: list[Finding] = []
    if watched(config):
        own = own_cases(config.overrides, findings)
        files = _cases(config, snapshot, findings)
        if not findings:
            results = asyncio.run(run_all(files, snapshot, own))
            findings = [_of_whom(one, result) for result in results for one in result.findings]
    if findings:
        raise InvalidFiles(findings)
    return snapshot


def _of_whom(finding: Finding, result: CaseResult) -> Finding:
    """A finding that says for whom a test fails, where it passes for others."""
    if result.owner is None:
        return finding
    return replace(finding, message=f"For {result.owner}: {finding.message}")


def _tried(config: Config) -> tuple[Snapshot | None, list[Finding]]:
    """As `load_tested`, or the findings."""
    try:
        return load_tested(config), []
    except InvalidFiles as error:
        return None, [one for one in error.findings if isinstance(one, Finding)]


def _cases(config: Config, snapshot: Snapshot, findings: list[Finding]) -> list[CaseFile]:
    """The tests beside the mappings that count; a mapping of one's own has its own tests."""
    found: list[CaseFile] = []
    for path in case_files(folders("mappings", config.mappings)):
        try:
            file = read_cases(path)
        except InvalidFiles as error:
            findings += [one for one in error.findings if isinstance(one, Finding)]
            continue
        plans = snapshot.resources.get(file.resource)
        if plans is None or Path(plans.file).parent.samefile(path.parent):
            found.append(file)
    return found


def _missing(folder: Path) -> Finding:
    message = "This folder is not there any more."
    place = Place(str(folder), 1, 1)
    return Finding("D101", "unreadable", message, place, hint="Put it back.", quoted=False)
