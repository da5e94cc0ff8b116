"""Records that nobody stores: reports, and parts that every parent has by itself.

``Reader`` and ``Resolver`` ask here before they look into a table.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from gateway.simulator.catalogue.entities import ZERO_GUID, EntitySet, Navigation
from gateway.simulator.clock import Clock
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.reports import parties, statements

Rows = Callable[[Company, Clock], Iterable[Values]]

_REPORTS: dict[str, Rows] = {
    "agedAccountsPayables": lambda c, clock: parties.aged_payables(c, clock.today()),
    "agedAccountsReceivables": lambda c, clock: parties.aged_receivables(c, clock.today()),
    "balanceSheets": lambda c, clock: statements.balance_sheet(c, clock.today()),
    "cashFlowStatements": lambda c, clock: statements.cash_flow_statement(c, clock.today()),
    "customerFinancialDetails": lambda c, clock: parties.financial_details(c, clock.today()),
    "customerSales": lambda c, clock: parties.sales(c, clock.today()),
    "incomeStatements": lambda c, clock: statements.income_statement(c, clock.today()),
    "retainedEarningsStatements": lambda c, clock: statements.retained_earnings_statement(
        c, clock.today()
    ),
    "trialBalances": lambda c, clock: statements.trial_balances(c, clock.today()),
    "vendorPurchases": lambda c, clock: parties.purchases(c, clock.today()),
}

# Parts that are there for every record of their owner, stored or not.
_OWN = frozenset({"pictures", "pdfDocument"})
_APPLY = "applyVendorEntries"
_NAMESPACE = uuid.UUID("0b5a7a0e-2a37-4a5e-8a3e-6a1a0c1d2e3f")


def is_worked_out(name: str) -> bool:
    """Whether the records of an entity set are not, or not all, in its table."""
    return name in _REPORTS or name in _OWN or name == _APPLY


def all_records(company: Company, clock: Clock, name: str) -> list[Record]:
    """Every record of such an entity set."""
    entity_set = company.catalogue.sets[name]
    if name in _REPORTS:
        return [_record(entity_set, row) for row in _REPORTS[name](company, clock)]
    return [
        record
        for owner in company.catalogue.sets.values()
        for way in owner.navigation
        if way.part and way.target == name and way.until is None
        for parent in company.table(owner.name).records.values()
        for record in part_records(company, clock, parent, way)
    ]


def part_records(company: Company, clock: Clock, parent: Record, way: Navigation) -> list[Record]:
    """Those that belong to ``parent``."""
    entity_set = company.catalogue.sets[way.target]
    if way.target == _APPLY:
        return [_record(entity_set, row) for row in parties.entries_to_apply(company, parent)]
    if way.target in _OWN:
        stored = company.get(way.target, parent.id)
        return [stored or _record(entity_set, _linked(parent, way))]
    (mine, theirs), *_ = way.link
    return [
        one
        for one in all_records(company, clock, way.target)
        if one.values[theirs] == parent.values[mine]
    ]


def _linked(parent: Record, way: Navigation) -> Values:
    linked: Values = {theirs: parent.values[mine] for mine, theirs in way.link}
    return {"id": parent.id, **linked, **way.fixed}


def _record(entity_set: EntitySet, row: Values) -> Record:
    """A row as a record. Its ETag follows its values (bc/api.md §3)."""
    values = {**entity_set.blanks, **{key: row[key] for key in row if key in entity_set.by_name}}
    known = values.get(entity_set.key[0], ZERO_GUID)
    if known == ZERO_GUID:
        known = str(uuid.uuid5(_NAMESPACE, f"{entity_set.name}/{row.get('lineNumber')}"))
        values[entity_set.key[0]] = known
    version = int.from_bytes(uuid.uuid5(_NAMESPACE, repr(sorted(values.items()))).bytes[:4], "big")
    return Record(str(known), values, version)
