"""A transaction after which documents say when they were changed.

The page of a document shows when its row was modified, and that row holds the number, the status
and the totals: a line, a posting, a payment and a cancellation move ``lastModifiedDateTime``
(BCApps, GraphMgtSalesOrderBuffer.Codeunit.al: ModifyTotalsSalesLine; SalesInvoiceAggregator:
UpdateStatusIfChanged). Who asks for what changed since a moment finds the document by that
(bc/api.md §5). What is open of it is worked out as it is shown, and moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.documents.rules import DOCUMENTS
from gateway.simulator.records.store import Change, Company
from gateway.simulator.records.values import stamp

_ROW = (
    *("number", "status", "discountAmount"),
    *("totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax"),
)


@contextmanager
def changing(company: Company, clock: Clock) -> Iterator[None]:
    """All changes inside, or none of them, with the moment on the documents that they reach."""
    with company.transaction() as done:
        yield
        changes = done()
        new = {change.record.id for change in changes if change.kind == "created"}
        moment = timestamp(clock.now())
        for change in changes:
            if change.record.id not in new and _is_other(change):
                stamp(change.record.values, moment)


def _is_other(change: Change) -> bool:
    """Whether the row of a document is another one than before. A choice: a line that leaves the
    totals as they are, such as a comment, does not touch it.
    """
    before, now = change.before, change.record.values
    return (
        change.kind == "updated"
        and change.name in DOCUMENTS
        and before is not None
        and any(now.get(name) != before.values.get(name) for name in _ROW)
    )
