"""What may not be changed or removed any more. Called by ``writes`` before it does."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.simulator.catalogue.entities import ZERO_GUID, EntitySet, Field, Value
from gateway.simulator.documents.headers import is_posted
from gateway.simulator.documents.rules import (
    ACCOUNT_SETS,
    DOCUMENTS,
    JOURNAL_LINES,
    LINE_IDENTITY,
    LINES,
    ORDERS,
    RELEASED,
    STATUS,
    STILL_CHANGED,
    TEMPLATES,
)
from gateway.simulator.errors import BusinessCentralError, dialog, field_error, not_simulated
from gateway.simulator.records.dimensions import SET_LINES, refuse_fixed
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import is_zero

# Where the entries of a record are: the ledger, its field, and what of the record stands there.
_LEDGERS = {
    "customers": ("generalLedgerEntries", "sourceId", "id"),
    "items": ("itemLedgerEntries", "itemNumber", "number"),
    "vendors": ("generalLedgerEntries", "sourceId", "id"),
}
# Where VAT groups are in use: the set, its field, and what of the group stands there.
_GROUPED = {
    "taxAreas": (("customers", "taxAreaId", "id"),),
    "taxGroups": (
        ("items", "taxGroupId", "id"),
        *((name, "taxCode", "code") for name in LINES),
    ),
}
_ACCOUNTS = frozenset(ACCOUNT_SETS.values())


def refuse_used(company: Company, entity_set: EntitySet, record: Record) -> None:
    """Customers, vendors and items stay as long as a document or the line of a journal names
    them or they have entries in a ledger, and orders with what was delivered and not invoiced.

    Raises BusinessCentralError. A choice: no fiscal year is closed, and lines of journals count
    as documents do.
    """
    if entity_set.name == SET_LINES:
        refuse_fixed(company, record.values)
    _refuse_grouped(company, entity_set, record)
    _refuse_delivered(company, entity_set, record)
    _refuse_entered(company, entity_set, record)
    for name in (*DOCUMENTS, *LINES, *JOURNAL_LINES):
        # Lines of a journal go with it (BCApps, GenJournalBatch.Table.al, OnDelete).
        own = company.catalogue.scope(name)
        for field in company.catalogue.sets[name].fields:
            if not _may_name(name, field, entity_set) or field.name in own:
                continue
            if company.table(name).group(field.name, record.id):
                document = company.catalogue.sets[name].caption
                number = record.values[entity_set.known_by]
                raise dialog(
                    f"You cannot delete {entity_set.caption} {number} because there is at "
                    f"least one outstanding {document} for it."
                )


def _may_name(name: str, field: Field, entity_set: EntitySet) -> bool:
    """Whether a field of the set ``name`` may hold the id of a record of the other one."""
    if field.type != "Edm.Guid":
        return False
    any_account = name == "journalLines" and field.ref == "accounts"
    return field.ref == entity_set.name or (any_account and entity_set.name in _ACCOUNTS)


def _refuse_grouped(company: Company, entity_set: EntitySet, record: Record) -> None:
    """A VAT group that is in use stays. A choice: the rule and the text are those of posting groups
    (Microsoft's published source, ``CheckGroupUsage`` of their tables).
    """
    for name, field, known in _GROUPED.get(entity_set.name, ()):
        if company.table(name).group(field, record.values[known]):
            raise dialog(f"You cannot delete {record.values['code']}.")


def _refuse_entered(company: Company, entity_set: EntitySet, record: Record) -> None:
    ledger, field, known = _LEDGERS.get(entity_set.name, ("", "", ""))
    if ledger and company.table(ledger).group(field, record.values[known]):
        raise dialog(
            f"You cannot delete {entity_set.caption} {record.values['number']} because it has "
            "ledger entries in a fiscal year that has not been closed yet."
        )


def _refuse_delivered(company: Company, entity_set: EntitySet, record: Record) -> None:
    """An order goes with its invoices. A choice: the text, after that of other field checks."""
    ordered = ORDERS.get(entity_set.name)
    if ordered is None:
        return
    document = DOCUMENTS[entity_set.name]
    for line in company.table(document.lines).where("documentId", record.id):
        left = line.values[ordered.delivered] - line.values["invoicedQuantity"]
        if left:
            raise field_error(
                f"{ordered.uninvoiced} must be equal to '0'  in {document.line_table}: "
                f"Document Type=Order, Document No.={record.values['number']}, "
                f"Line No.={line.values['sequence']}. Current value is '{left}'."
            )


def refuse_view(company: Company, entity_set: EntitySet, record: Record) -> None:
    """A journal of payments is read and posted through ``journals``, and changed in its own set.

    Raises BusinessCentralError (501): Business Central does it here as well.
    """
    if entity_set.name == "journals" and company.get("journals", record.id) is None:
        raise not_simulated("changing a journal of payments through journals")


def refuse_template(entity_set: EntitySet, values: Values) -> None:
    """A journal of another template is made in the set of its kind, or not at all.

    Raises BusinessCentralError (501).
    """
    if entity_set.name == "journals" and TEMPLATES.get(values["templateDisplayName"]) != "journals":
        raise not_simulated(f"journals of the template '{values['templateDisplayName']}'")


def refuse_released(
    company: Company, entity_set: EntitySet, values: Values, field: str | None
) -> None:
    """An order that is released, or waits for approval, keeps its party and its prices, and its
    lines what decides about amounts.

    ``field`` is the one that changes, None for a line that comes or goes (bc/pitfalls.md,
    appendix 2; the API calls the state «Open», api.md §11).
    """
    name = LINES.get(entity_set.name, entity_set.name)
    if name not in ORDERS or (field is not None and field not in RELEASED[name != entity_set.name]):
        return
    order = values
    if name != entity_set.name:
        header = company.get(name, values["documentId"])
        order = header.values if header is not None else values
    if order.get("status") in STATUS:
        table = DOCUMENTS[name].table
        raise field_error(
            f"Status must be equal to 'Open'  in {table}: Document Type=Order, "
            f"No.={order['number']}. Current value is '{STATUS[order['status']]}'."
        )


def refuse_posted(company: Company, entity_set: EntitySet, values: Values, names: set[str]) -> None:
    """What is posted stays, with its lines, but for a few fields (bc/api.md §11)."""
    name = entity_set.name
    if name in LINES:
        header = company.get(LINES[name], values.get("documentId", ZERO_GUID))
        posted = header is not None and is_posted(LINES[name], header.values)
    else:
        still = STILL_CHANGED.get(name, frozenset())
        posted = bool(names - still) and is_posted(name, values)
    if posted:
        kind = DOCUMENTS[LINES.get(name, name)].kind.lower()
        raise dialog(f"The {kind} has been posted and can no longer be modified.")


def refuse_identity(entity_set: EntitySet, values: Values, field: Field, value: object) -> None:
    """What a line is, and where it stands, does not change (APIV2, pages of document lines).

    A choice: the texts of ``lineType``, ``itemId`` and ``accountId``, which those pages only
    write anew.
    """
    fixed = LINE_IDENTITY if entity_set.name in LINES else ()
    if field.name not in fixed or values[field.name] == value:
        return
    if field.name == "sequence":
        raise dialog("The value for sequence cannot be modified. Delete and insert the line again.")
    raise _fixed(field.name)


def _fixed(name: str) -> BusinessCentralError:
    return dialog(f'The value for "{name}" cannot be modified.')


def refuse_contradiction(entity_set: EntitySet, values: Values, given: Mapping[str, Value]) -> None:
    """A new line is of one thing (bc/api.md §11). A choice: what is given twice must agree, as
    other pairs of ids and numbers must; then the first one counts, and the texts follow from it.
    """
    if entity_set.name not in LINES:
        return
    if {"itemId", "accountId"} <= given.keys():
        raise dialog('Both "itemId" and "accountId" are specified. Specify only one of them.')
    for name, kind in (("itemId", "Item"), ("accountId", "Account"), ("lineObjectNumber", "")):
        if is_zero(given.get(name)):
            continue
        if values[name] != given[name]:
            raise _fixed("lineObjectNumber")
        if kind and values["lineType"] != kind:
            raise _fixed("lineType")


def refuse_no_party(entity_set: EntitySet, values: Values, sent: Collection[str]) -> None:
    """A document stays somebody's (APIV2, pages of documents)."""
    document = DOCUMENTS.get(entity_set.name)
    if document is None:
        return
    party = document.party
    if {f"{party}Id", f"{party}Number"} & set(sent) and is_zero(values[f"{party}Id"]):
        whose = "sell-to" if party == "customer" else "buy-from"
        raise dialog(f"The {whose} {party} cannot be found.")
