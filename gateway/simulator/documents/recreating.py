"""Lines that are made anew because their document got another party or currency.

Business Central deletes them and types them in once more, without asking where nobody sees it: with
the prices and the tax of the new party, without discounts and prices that were agreed, from the
first line number on (Microsoft's published source, ``RecreateSalesLines`` of table 36 Sales Header
and ``RecreatePurchLines`` of table 38). Called by ``writes`` after a document was changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.simulator.documents.headers import line_changed
from gateway.simulator.documents.quantities import must_be_nothing
from gateway.simulator.documents.rules import BILL_TO_PARTY, DOCUMENTS, LINE_STEP, ORDERS, Document
from gateway.simulator.records.belongings import remove
from gateway.simulator.records.store import Company, Record, Values

# What is typed in of a line of something, one after the other; of any other its texts.
_KEPT = ("lineObjectNumber", "unitOfMeasureId", "unitOfMeasureCode", "itemVariantId", "locationId")
_TEXTS = ("description", "description2")


def recreate_lines(
    company: Company, name: str, header: Record, before: Mapping[str, object]
) -> None:
    """Make the lines of a document anew if its party or its currency is not that of ``before``.

    A choice: they get new ids, and no dimensions. Raises BusinessCentralError for what was
    delivered or invoiced already, or can not be put on a line any more.
    """
    document, values = DOCUMENTS[name], header.values
    bill_to = BILL_TO_PARTY[document.party]
    decisive = (f"{document.party}Id", f"{bill_to}Id", "currencyCode")
    if all(values.get(field) == before.get(field) for field in decisive):
        return
    lines = company.table(document.lines).where("documentId", header.id)
    for line in lines:
        _refuse_delivered(document, name, header, line.values)
    for line in lines:
        remove(company, document.lines, line)
    for at, line in enumerate(lines, 1):
        _type_in(company, document, header, line.values, at * LINE_STEP)


def _refuse_delivered(document: Document, name: str, header: Record, values: Values) -> None:
    ordered = ORDERS.get(name)
    if ordered is not None:
        must_be_nothing(document, header, values, ordered.delivered, ordered.caption)
        must_be_nothing(document, header, values, "invoicedQuantity", "Quantity Invoiced")


def _type_in(
    company: Company, document: Document, header: Record, old: Values, sequence: int
) -> None:
    """One line once more."""
    entity_set = company.table(document.lines).entity_set
    record_id = company.new_id()
    own = {"id": record_id, "documentId": header.id, "sequence": sequence}
    values: Values = {**entity_set.blanks, **own, "lineType": old["lineType"]}
    if old["lineObjectNumber"]:
        for field in (*_KEPT, "quantity"):
            if field in old:
                values[field] = old[field]
                line_changed(company, entity_set, values, field)
    else:
        values.update({field: old[field] for field in _TEXTS if field in old})
    company.insert(document.lines, values, record_id)
