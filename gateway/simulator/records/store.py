"""The records of a company, in memory, with transactions that can be undone.

A write happens inside ``Company.transaction()``; when it raises, every record, number and
deletion since is taken back. Who changes a record calls ``edit`` first.
"""

from __future__ import annotations

import base64
import bisect
import random
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gateway.simulator.catalogue.entities import Catalogue, EntitySet

Values = dict[str, Any]
ChangeKind = Literal["created", "updated", "deleted"]
Counters = tuple[tuple[Any, ...], int]
StreamKey = tuple[str, str, str]
"""Entity set, id of the record, name of the field."""


@dataclass(slots=True)
class Record:
    """One stored entity. ``version`` is new after every change, also of what is computed."""

    id: str
    values: Values
    version: int

    @property
    def etag(self) -> str:
        """The weak entity tag, opaque as Business Central's (bc/api.md §3)."""
        digits = self.version * 6364136223846793005 % 10**20
        opaque = base64.b64encode(f"'19;{digits:020d};00;'".encode()).decode()
        return f'W/"{opaque}"'


class Table:
    """The records of one entity set, with an order and indexes that are made when asked for.

    Once made they are kept up to date; ``changed`` forgets them where that is not worth it.
    """

    def __init__(self, entity_set: EntitySet) -> None:
        self.entity_set = entity_set
        self.records: dict[str, Record] = {}
        self._ordered: list[Record] | None = None
        self._index: dict[Any, Record] | None = None
        self._groups: dict[str, dict[Any, dict[str, Record]]] = {}

    def changed(self) -> None:
        """Forget the order and the indexes."""
        self._ordered = None
        self._index = None
        self._groups = {}

    def add(self, record: Record, place: int | None = None) -> None:
        """Put a record in: a new one, or one that had this ``place`` among the others."""
        if place is not None:
            kept = list(self.records.items())
            kept.insert(place, (record.id, record))
            self.records = dict(kept)
            self._ordered = self._index = None
        else:
            self.records[record.id] = record
            if self._index is not None:
                self._index[record.values[self.entity_set.known_by]] = record
        if self._ordered is not None:
            bisect.insort(self._ordered, record, key=self._key)
        for name, groups in self._groups.items():
            groups.setdefault(record.values[name], {})[record.id] = record

    def drop(self, record: Record) -> None:
        """Take a record out."""
        del self.records[record.id]
        self._index = None
        self._ordered = None
        for name, groups in self._groups.items():
            groups.get(record.values[name], {}).pop(record.id, None)

    def ordered(self) -> list[Record]:
        """All records in the order of their natural key, else as they were inserted."""
        if self._ordered is None:
            self._ordered = sorted(self.records.values(), key=self._key)
        return self._ordered

    def lookup(self, key: object) -> Record | None:
        """The record with this number or code."""
        if self._index is None:
            name = self.entity_set.known_by
            self._index = {record.values[name]: record for record in self.records.values()}
        return self._index.get(key)

    def where(self, name: str, value: object) -> list[Record]:
        """The records whose field ``name`` is ``value``, in the table's order."""
        return sorted(self.group(name, value), key=self._key)

    def group(self, name: str, value: object) -> Collection[Record]:
        """The records whose field ``name`` is ``value``, in any order."""
        groups = self._groups.get(name)
        if groups is None:
            groups = self._groups[name] = {}
            for record in self.records.values():
                groups.setdefault(record.values[name], {})[record.id] = record
        return groups.get(value, {}).values()

    def moved(self, record: Record, before: Values) -> None:
        """Forget what is out of date after a change of the record's values."""
        names = {*self._groups, self.entity_set.known_by, *self.entity_set.unique}
        if any(record.values[name] != before[name] for name in names):
            self.changed()

    def copied(self) -> Table:
        """The same records once more."""
        copy = Table(self.entity_set)
        copy.records = {
            key: Record(record.id, dict(record.values), record.version)
            for key, record in self.records.items()
        }
        return copy

    def _key(self, record: Record) -> Any:  # noqa: ANN401 - numbers or texts, by entity set
        unique = self.entity_set.unique
        if unique:
            return tuple(record.values[name] for name in unique)
        name = self.entity_set.natural_key
        return record.values[name] if name is not None else 0


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction did to one record of the entity set ``name``.

    ``before`` is a copy of the record as it was, None for one that is new. ``beyond`` tells that
    what changed of it is in no value: its picture.
    """

    kind: ChangeKind
    name: str
    record: Record
    before: Record | None = None
    beyond: bool = False


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a transaction goes back to: steps to undo and changes to tell until then, and what
    ids and versions come next.
    """

    steps: int
    changes: int
    counters: Counters


@dataclass(slots=True)
class Company:
    """One company: its tables, its number series, its identity and its local currency."""

    id: str
    name: str
    display_name: str
    currency: str
    catalogue: Catalogue
    random: random.Random
    created: str
    tables: dict[str, Table] = field(default_factory=dict)
    series: dict[str, int] = field(default_factory=dict)
    streams: dict[StreamKey, bytes] = field(default_factory=dict, repr=False)
    watchers: list[Callable[[list[Change]], None]] = field(default_factory=list)
    _undo: list[Callable[[], None]] | None = None
    _changes: list[Change] = field(default_factory=list)
    _committed: _Mark | None = None  # what came before is beyond undoing
    _version: int = 0

    def table(self, name: str) -> Table:
        """The table of the entity set ``name``; KeyError when there is no such set."""
        table = self.tables.get(name)
        if table is None:
            table = self.tables[name] = Table(self.catalogue.sets[name])
        return table

    def get(self, name: str, record_id: str) -> Record | None:
        """The record with this id."""
        return self.table(name).records.get(record_id)

    @contextmanager
    def transaction(self) -> Iterator[Callable[[], Sequence[Change]]]:
        """All changes inside, or none of them. One inside another takes back only its own, and
        none takes back what was committed.

        Gives a function that tells what was changed inside until now. The ``watchers`` are told
        what was changed when the outermost one is over.
        """
        outermost = self._undo is None
        undo = self._undo = [] if self._undo is None else self._undo
        mark = self._mark(undo)
        try:
            yield lambda: self._changes[mark.changes :]
        except BaseException:  # a cancelled call must leave nothing behind either
            if self._committed is not None and self._committed.steps > mark.steps:
                mark = self._committed
            for step in reversed(undo[mark.steps :]):
                step()
            del undo[mark.steps :], self._changes[mark.changes :]
            self.counters = mark.counters
            raise
        finally:
            if outermost:
                self._undo = self._committed = None
                changes, self._changes = self._changes, []
                for watcher in self.watchers if changes else ():
                    watcher(changes)

    def commit(self) -> None:
        """What was done until now stays, whatever becomes of the transaction: AL's ``Commit``."""
        if self._undo is not None:
            self._committed = self._mark(self._undo)

    def _mark(self, undo: list[Callable[[], None]]) -> _Mark:
        return _Mark(len(undo), len(self._changes), self.counters)

    @property
    def counters(self) -> Counters:
        """What ids and versions come next."""
        return self.random.getstate(), self._version

    @counters.setter
    def counters(self, counters: Counters) -> None:
        state, self._version = counters
        self.random.setstate(state)

    def new_id(self) -> str:
        """A fresh guid; the same seed and the same calls give the same guids."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def insert(self, name: str, values: Values, record_id: str) -> Record:
        """Store a new record."""
        table = self.table(name)
        record = Record(record_id, values, self._next_version())
        table.add(record)
        self._remember(lambda: table.drop(record))
        self._note(Change("created", name, record))
        return record

    def edit(self, name: str, record: Record, *, beyond: bool = False) -> None:
        """Announce a change of ``record``: it gets a new version, and an undo."""
        table = self.table(name)
        before, version = dict(record.values), record.version

        def restore() -> None:
            record.values, record.version = before, version
            table.changed()

        self._remember(restore)
        self._note(Change("updated", name, record, Record(record.id, before, version), beyond))
        record.version = self._next_version()

    def delete(self, name: str, record: Record) -> None:
        """Remove a record."""
        table = self.table(name)
        place = list(table.records).index(record.id)
        self._remember(lambda: table.add(record, place))
        table.drop(record)
        self._note(Change("deleted", name, record, record))

    def keep_stream(self, key: StreamKey, data: bytes | None) -> None:
        """Keep the bytes of a stream, or with None forget them."""
        before = self.streams.pop(key, None)
        if data is not None:
            self.streams[key] = data

        def restore() -> None:
            self.streams.pop(key, None)
            if before is not None:
                self.streams[key] = before

        self._remember(restore)

    def next_number(self, name: str, start: int, step: int) -> int:
        """The next value of a number series."""
        before = self.series.get(name)
        value = start if before is None else before + step
        self.series[name] = value

        def restore() -> None:
            if before is None:
                del self.series[name]
            else:
                self.series[name] = before

        self._remember(restore)
        return value

    def copied(self) -> Company:
        """The same company once more, with the same ids, that nobody watches yet."""
        ids = random.Random()  # noqa: S311 - goes on where the original is
        ids.setstate(self.random.getstate())
        return replace(
            self,
            random=ids,
            tables={name: table.copied() for name, table in self.tables.items()},
            series=dict(self.series),
            streams=dict(self.streams),
            watchers=[],
            _undo=None,
            _changes=[],
            _committed=None,
        )

    @property
    def version(self) -> int:
        """The last version that a record was given."""
        return self._version

    @version.setter
    def version(self, version: int) -> None:
        self._version = version

    def _note(self, change: Change) -> None:
        if self._undo is not None:
            self._changes.append(change)

    def _remember(self, step: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def _next_version(self) -> int:
        self._version += 1
        return self._version
