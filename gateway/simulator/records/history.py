"""What companies looked like a while ago, and without what is not to be seen yet.

``History`` hears of every commit; a view is a company as of a moment, for reading only. That is
how a replica that lags behind and a transaction that commits late look from outside
(bc/pitfalls.md 24).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.simulator.clock import Clock
from gateway.simulator.records.store import Change, Company, Record, Table

_KEPT = 10_000  # changes
_KEPT_FOR = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class _Entry:
    company: Company
    visible: datetime
    change: Change


class History:
    """The last changes of the companies that it watches: 10,000 of them, for 20 minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[_Entry] = deque(maxlen=_KEPT)
        self._late = timedelta()

    def watch(self, companies: Iterable[Company]) -> None:
        """Hear of every commit of these companies from now on."""
        for company in companies:
            company.watchers.append(self._watcher(company))

    def clear(self) -> None:
        """Forget every change."""
        self._entries.clear()

    @contextmanager
    def late(self, seconds: float) -> Iterator[None]:
        """What is committed inside is visible only ``seconds`` later."""
        self._late = timedelta(seconds=seconds)
        try:
            yield
        finally:
            self._late = timedelta()

    def hides(self, company: Company, moment: datetime) -> bool:
        """Whether a change of the company was not visible at the moment."""
        return any(entry.company is company and entry.visible > moment for entry in self._entries)

    def view(self, company: Company, moment: datetime) -> Company:
        """The company as it was to be seen at the moment; reads only."""
        befores: dict[str, dict[str, Record | None]] = {}
        for entry in reversed(self._entries):
            if entry.company is company and entry.visible > moment:
                change = entry.change
                befores.setdefault(change.name, {})[change.record.id] = change.before
        tables = dict(company.tables)
        for name, records in befores.items():
            tables[name] = _reverted(company.table(name), records)
        return replace(company, tables=tables)

    def _watcher(self, company: Company) -> Callable[[list[Change]], None]:
        def note(changes: list[Change]) -> None:
            now = self._clock.now()
            while self._entries and self._entries[0].visible < now - _KEPT_FOR:
                self._entries.popleft()
            visible = now + self._late
            self._entries.extend(_Entry(company, visible, change) for change in changes)

        return note


def _reverted(table: Table, befores: dict[str, Record | None]) -> Table:
    """A copy of the table with these records as they were; None for those that were not there."""
    view = Table(table.entity_set)
    view.records = dict(table.records)
    for record_id, before in befores.items():
        if before is not None:
            view.records[record_id] = before
        else:
            view.records.pop(record_id, None)
    return view
