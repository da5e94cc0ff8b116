"""Entities and lists as answers: selection, expansion, order, pages, annotations.

Called by ``businesscentral`` with a company and parsed options (bc/api.md §1, §3, §5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.simulator.catalogue.definitions import DEFINITIONS, definition_records
from gateway.simulator.catalogue.entities import Catalogue, EntitySet, Navigation
from gateway.simulator.clock import Clock
from gateway.simulator.documents.journals import batches
from gateway.simulator.documents.rules import TEMPLATES
from gateway.simulator.errors import BusinessCentralError, dialog
from gateway.simulator.odata.evaluate import comparisons, compile_filter, pinned_fields
from gateway.simulator.odata.nodes import Node
from gateway.simulator.odata.options import Expansion, Options
from gateway.simulator.records.keys import found_by
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import is_zero
from gateway.simulator.records.worked_out import all_records, asked_for, is_worked_out, part_records

LARGEST_PAGE = 20_000
MOST_STEPS = 200_000  # for one request, and for all of a batch
_WITHOUT_ETAG = frozenset({"companies", "entityDefinitions", "apicategoryroutes"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. ``next_token`` is the id of its last record if there is more."""

    entities: list[Values]
    count: int | None
    next_token: str | None
    remaining_top: int | None


@dataclass(slots=True)
class Work:
    """Entities that were written for a request, and records that were looked at: to expand them,
    where there and back again multiplies them, to filter, to put in order and to count.

    Business Central ends what takes longer than eight minutes with 408 (bc/api.md §8), also a batch
    as a whole (§6). A choice: here it is the number that is too high, for time is not simulated,
    and the text, which nobody has written down.
    """

    steps: float = 0

    def add(self, steps: float) -> None:
        """So many more. Raises BusinessCentralError (408)."""
        self.steps += steps
        if self.steps > MOST_STEPS:
            text = "The operation has taken longer than the eight minutes that are allowed."
            raise BusinessCentralError(408, "Unknown", text)

    def look(self, records: Sequence[Record], times: int) -> None:
        """Every record compared so many times, which is less work than writing it: a quarter of
        that, and a sixteenth for each comparison. So 100,000 records, the most that the simulator
        makes, can be filtered, put in order and gone through page by page.

        Raises BusinessCentralError (408).
        """
        self.add(len(records) * (4 + times) / 16)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads from one company. ``root`` is the absolute URL of the company's root; ``companies``
    are all of the environment, by id; ``work`` is what was done for the request before.
    """

    company: Company
    catalogue: Catalogue
    root: str
    clock: Clock
    companies: Mapping[str, Company] = field(default_factory=dict)
    work: Work = field(default_factory=Work)

    def entity(self, entity_set: EntitySet, record: Record, options: Options) -> Values:
        """One entity with its ETag, the selected fields and what is expanded."""
        self.work.add(1)
        shown: Values = {}
        if entity_set.name not in _WITHOUT_ETAG:
            shown["@odata.etag"] = record.etag
        values, wanted = record.values, options.select
        for name in entity_set.blanks:  # a release may show less than is stored
            if wanted is None or name in wanted:
                shown[name] = values[name]
        for one in entity_set.fields:
            if one.type == "Edm.Stream" and (options.select is None or one.name in options.select):
                link = f"{self.root}/{entity_set.name}({record.id})/{one.name}"
                shown[f"{one.name}@odata.mediaEditLink"] = link
                shown[f"{one.name}@odata.mediaReadLink"] = link
        for expansion in options.expand:
            self._expand(shown, record, expansion)
        return shown

    def page(
        self, entity_set: EntitySet, records: Sequence[Record], options: Options, size: int
    ) -> Page:
        """The records that the options ask for, at most ``size`` of them."""
        rows = self._matching(entity_set, records, options)
        count = len(rows) if options.count else None
        if options.orderby or options.skiptoken is not None:
            self.work.look(rows, len(options.orderby))
        if options.skiptoken is not None:
            rows = _after(_ordered(_with(options.skiptoken, rows, records), options), options)
        else:
            rows = _ordered(rows, options)[options.skip :]
        if options.top is not None:
            rows = rows[: options.top]
        shown = [self.entity(entity_set, row, options) for row in rows[:size]]
        more = len(rows) > size
        return Page(
            entities=shown,
            count=count,
            next_token=rows[size - 1].id if more else None,
            remaining_top=options.top - size if more and options.top is not None else None,
        )

    def count(self, entity_set: EntitySet, records: Sequence[Record], options: Options) -> int:
        """How many records pass the filter."""
        found = self._matching(entity_set, records, options)
        self.work.add(len(found))
        return len(found)

    def part(self, record: Record, way: Navigation) -> list[Record]:
        """The records that ``way`` leads to from ``record``."""
        if is_worked_out(way.target):
            return part_records(self.company, self.clock, record, way)
        if not way.link:
            return []
        (mine, theirs), *rest = way.link
        value = record.values[mine]
        if not way.many and is_zero(value):
            return []
        table = self.company.table(way.target)
        if (theirs,) == table.entity_set.key and not table.entity_set.keyed:
            found = table.records.get(value)
            return [found] if found else []
        wanted = [(field, record.values[own]) for own, field in rest] + list(way.fixed.items())
        return [
            candidate
            for candidate in table.where(theirs, value)
            if all(candidate.values[name] == expected for name, expected in wanted)
        ]

    def all(self, name: str) -> list[Record]:
        """Every record of an entity set, in its order."""
        if name in DEFINITIONS:
            return definition_records(self.catalogue, name)
        if is_worked_out(name):
            return all_records(self.company, self.clock, name)
        records = self.company.table(name).ordered()
        return records + batches(self.company) if name == "journals" else records

    def one(self, entity_set: EntitySet, record_id: str) -> Record | None:
        """The record with this id."""
        if is_worked_out(entity_set.name) or entity_set.name in DEFINITIONS:
            found = self.all(entity_set.name)
            return next((record for record in found if record.id == record_id), None)
        found_here = self.company.get(entity_set.name, record_id)
        if found_here is None and entity_set.name == "journals":
            return next((one for one in batches(self.company) if one.id == record_id), None)
        return found_here

    def keyed(self, entity_set: EntitySet, wanted: Mapping[str, object]) -> Record | None:
        """The record that has these values of the fields of its key."""
        if is_worked_out(entity_set.name):
            return found_by(wanted, self.all(entity_set.name))
        first = entity_set.key[0]
        return found_by(wanted, self.company.table(entity_set.name).group(first, wanted[first]))

    def require_filter(self, entity_set: EntitySet, options: Options) -> None:
        """Refuse the flat list of parts without a parent in its filter (bc/api.md §11)."""
        if entity_set.needs_filter is None:
            return
        pinned = pinned_fields(options.filter, entity_set)
        if not pinned & {*self.catalogue.scope(entity_set.name), *entity_set.key}:
            if options.filter is not None:  # mistakes in it are told first
                compile_filter(options.filter, entity_set, schema_21=options.schema_21)
            raise dialog(entity_set.needs_filter)

    def _matching(
        self, entity_set: EntitySet, records: Sequence[Record], options: Options
    ) -> Sequence[Record]:
        node = options.filter
        if entity_set.name == "journals":
            records = _of_default_template(entity_set, records, node)
        if node is None:
            return records
        asked = asked_for(self.company, self.clock, entity_set, node)
        if asked is not None:
            ids = {record.id for record in records}
            records, node = [record for record in asked[0] if record.id in ids], asked[1]
        if node is None:
            return records
        test = compile_filter(node, entity_set, schema_21=options.schema_21)
        self.work.look(records, comparisons(node, entity_set))
        return [record for record in records if test(record.values)]

    def _expand(self, shown: Values, record: Record, expansion: Expansion) -> None:
        """Add what ``expansion`` leads to, and how many there are where that is asked for."""
        way, options = expansion.way, expansion.options
        target = self.catalogue.sets[way.target]
        if record.id in self.companies:
            self._of_company(record).require_filter(target, options)
            found = self._of_company(record).all(target.name)
        else:
            found = self.part(record, way)
        self.work.add(len(found))
        if not way.many:
            shown[way.name] = self.entity(target, found[0], options) if found else None
            return
        reader = self._of_company(record) if record.id in self.companies else self
        page = reader.page(target, found, options, LARGEST_PAGE)
        if page.count is not None:
            shown[f"{way.name}@odata.count"] = page.count
        shown[way.name] = page.entities

    def _of_company(self, record: Record) -> Reader:
        """The reader of the company that a record of ``companies`` stands for."""
        company = self.companies[record.id]
        root = self.root.rpartition("/")[0]
        return replace(self, company=company, root=f"{root}/companies({company.id})")


def _of_default_template(
    entity_set: EntitySet, records: Sequence[Record], node: Node | None
) -> Sequence[Record]:
    """The journals of the default template, unless the filter names another or an id
    (bc/api.md §11).
    """
    if pinned_fields(node, entity_set) & {"templateDisplayName", "id"}:
        return records
    default = next(iter(TEMPLATES))
    return [record for record in records if record.values["templateDisplayName"] == default]


def _ordered(rows: Sequence[Record], options: Options) -> Sequence[Record]:
    for name, descending in reversed(options.orderby):
        rows = sorted(rows, key=lambda row: row.values[name], reverse=descending)
    return rows


def _with(token: str, rows: Sequence[Record], records: Sequence[Record]) -> Sequence[Record]:
    """The rows with the last record of the page before, which may have left the filter since: its
    place among them is still known (bc/api.md §5: the token is its id).
    """
    if any(row.id == token for row in rows):  # nearly always
        return rows
    known = {row.id for row in rows}
    return [record for record in records if record.id in known or record.id == token]


def _after(rows: Sequence[Record], options: Options) -> Sequence[Record]:
    """What comes after the record that the token names. A choice: one that is not there any more
    leads nowhere. Raises BusinessCentralError (400).
    """
    for at, row in enumerate(rows):
        if row.id == options.skiptoken:
            return rows[at + 1 :]
    text = "The skip token is no longer valid."
    raise BusinessCentralError(400, "SkipTokenIsNoLongerValid", text)


def unfiltered(options: Options) -> Options:
    """The options with a filter that restricts nothing: a server that ignores filters."""
    return replace(options, filter=None)


def company_record(company: Company, version: str) -> Record:
    """A company as an entity of ``companies``; ``version`` is that of its environment."""
    values: Values = {
        "id": company.id,
        "systemVersion": version,
        "timestamp": 1,
        "name": company.name,
        "displayName": company.display_name,
        "businessProfileId": "",
        "systemCreatedAt": company.created,
        "systemCreatedBy": "00000000-0000-0000-0000-000000000001",
        "systemModifiedAt": company.created,
        "systemModifiedBy": "00000000-0000-0000-0000-000000000001",
    }
    return Record(company.id, values, 0)


def company_records(companies: Iterable[Company], version: str) -> list[Record]:
    """The companies of an environment by name."""
    records = (company_record(company, version) for company in companies)
    return sorted(records, key=lambda record: str(record.values["name"]))
