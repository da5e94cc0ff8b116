"""Records that nobody stores: reports, and parts that every parent has by itself.

``Reader`` and ``Resolver`` ask here before they look into a table.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from gateway.simulator.catalogue.entities import EntitySet, Navigation
from gateway.simulator.clock import Clock
from gateway.simulator.odata.nodes import Node
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.reports import parties, statements
from gateway.simulator.reports.asked import PARAMETERS, Asked, ask

Rows = Callable[[Company, Asked], Iterable[Values]]

_REPORTS: dict[str, Rows] = {
    "agedAccountsPayables": parties.aged_payables,
    "agedAccountsReceivables": parties.aged_receivables,
    "balanceSheets": statements.balance_sheet,
    "cashFlowStatements": statements.cash_flow_statement,
    "contactsInformation": parties.contacts_information,
    "customerFinancialDetails": parties.financial_details,
    "customerSales": parties.sales,
    "incomeStatements": statements.income_statement,
    "retainedEarningsStatements": statements.retained_earnings_statement,
    "trialBalances": statements.trial_balances,
    "vendorPurchases": parties.purchases,
}

# Parts that are there for every record of their owner, stored or not.
_OWN = frozenset({"pictures", "pdfDocument"})
_APPLY = "applyVendorEntries"
_NAMESPACE = uuid.UUID("0b5a7a0e-2a37-4a5e-8a3e-6a1a0c1d2e3f")


def is_worked_out(name: str) -> bool:
    """Whether the records of an entity set are not, or not all, in its table."""
    return name in _REPORTS or name in _OWN or name == _APPLY


def asked_for(
    company: Company, clock: Clock, entity_set: EntitySet, node: Node
) -> tuple[list[Record], Node | None] | None:
    """The records of a report as a filter asks for it, and what is left of the filter.

    None where the filter asks for nothing of the kind.
    """
    if entity_set.name not in _REPORTS or not PARAMETERS & entity_set.by_name.keys():
        return None
    asked, rest = ask(clock.today(), node)
    return _report(company, entity_set.name, asked), rest


def _report(company: Company, name: str, asked: Asked) -> list[Record]:
    entity_set = company.catalogue.sets[name]
    return [_record(entity_set, row) for row in _REPORTS[name](company, asked)]


def all_records(company: Company, clock: Clock, name: str) -> list[Record]:
    """Every record of such an entity set."""
    if name in _REPORTS:
        return _report(company, name, Asked(clock.today()))
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
    known = values[entity_set.key[0]]
    if "lineNumber" in row:
        known = str(uuid.uuid5(_NAMESPACE, f"{entity_set.name}/{row.get('lineNumber')}"))
        values[entity_set.key[0]] = known
    version = int.from_bytes(uuid.uuid5(_NAMESPACE, repr(sorted(values.items()))).bytes[:4], "big")
    return Record(str(known), values, version)
