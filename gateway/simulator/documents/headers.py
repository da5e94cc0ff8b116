"""How sales and purchase documents behave: parties, items, prices, VAT, totals.

``writes`` tells this room about every property right after it was stored, in the order the
properties came in: that is what makes a price sent before its quantity disappear
(bc/pitfalls.md 4). The tables it works from are in ``rules``.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from gateway.simulator.catalogue.entities import BLANK_DATE, ZERO_GUID, EntitySet
from gateway.simulator.documents.quantities import quantity_changed, refuse_discount
from gateway.simulator.documents.rules import (
    BILL_TO,
    BILL_TO_PARTY,
    BLOCKED_KINDS,
    DEFAULT_VAT_AREA,
    DOCUMENTS,
    DRAFTS,
    GROUPS,
    LINE_OBJECTS,
    LINES,
    ORDERS,
    PARTY,
    POSTED_SERIES,
    VAT,
    Document,
)
from gateway.simulator.documents.totals import (
    Amounts,
    Taxable,
    amounts,
    discount_amount,
    discount_percent,
    gross,
    nets,
    round_amount,
    spread,
)
from gateway.simulator.documents.variants import take_variant
from gateway.simulator.errors import dialog, field_error, unrelated
from gateway.simulator.records.store import Company, Record, Values

_TERM = re.compile(r"([+-]?)(?:C|(\d+))([DWMQY])(?![\dD])")


def is_posted(name: str, values: Values) -> bool:
    """Whether a document of an entity set that holds both kinds is a posted one."""
    return name in POSTED_SERIES and name in DOCUMENTS and values["status"] not in DRAFTS


def default_dates(name: str, entity_set: EntitySet, values: Values, today: date) -> None:
    """The work date in the dates of a new document."""
    for field in DOCUMENTS[name].dates:
        if field in entity_set.by_name:
            values[field] = today.isoformat()


def header_changed(company: Company, entity_set: EntitySet, values: Values, field: str) -> None:
    """React to a property of a document. Raises BusinessCentralError."""
    document = DOCUMENTS[entity_set.name]
    bill_to = BILL_TO_PARTY[document.party]
    if field in {f"{document.party}Id", f"{document.party}Number"}:
        _take_party(company, entity_set, document, values)
    elif field in {f"{bill_to}Id", f"{bill_to}Number"}:
        party = company.get(document.parties, values[f"{bill_to}Id"])
        if party is not None:
            _copy(BILL_TO[document.party], party.values, entity_set, values)
    if "dueDate" in entity_set.by_name and field != "dueDate":
        fall_due(company, document, values, values)


def _take_party(
    company: Company, entity_set: EntitySet, document: Document, values: Values
) -> None:
    party = company.get(document.parties, values[f"{document.party}Id"])
    if party is None:
        return
    refuse_blocked(document, party, "create")
    _require_groups(company, document.parties, party)
    _copy(PARTY[document.party], party.values, entity_set, values)
    _copy(BILL_TO[document.party], party.values, entity_set, values)
    bill_to = BILL_TO_PARTY[document.party]
    values[f"{bill_to}Id"] = party.id
    values[f"{bill_to}Number"] = party.values["number"]


def refuse_blocked(document: Document, party: Record, verb: str) -> None:
    """Some customers and vendors take no documents: none to ``create``, none to ``post``."""
    blocked = party.values["blocked"]
    if blocked == "All" or document.kind in BLOCKED_KINDS.get(blocked, ()):
        raise dialog(
            f"You cannot {verb} this type of document when {document.party.capitalize()} "
            f"{party.values['number']} is blocked with type {blocked}"
        )


def refuse_blocked_item(item: Record) -> None:
    """An item that is blocked is neither put on a line nor posted. Raises BusinessCentralError."""
    if item.values["blocked"]:
        raise field_error(
            f"Blocked must be equal to 'No'  in Item: No.={item.values['number']}. "
            "Current value is 'Yes'.",
        )


def _require_groups(company: Company, name: str, record: Record) -> None:
    """Nothing can be posted without posting groups (bc/api.md §10, bc/pitfalls.md 36)."""
    for field, caption in GROUPS[name]:
        stocked = field != "inventoryPostingGroupCode" or record.values["type"] == "Inventory"
        if stocked and not record.values[field]:
            table = company.table(name).entity_set.caption
            raise field_error(
                f"{caption} must have a value in {table}: No.={record.values['number']}. "
                "It cannot be zero or empty."
            )


def _copy(
    pairs: tuple[tuple[str, str], ...], source: Values, entity_set: EntitySet, target: Values
) -> None:
    for mine, theirs in pairs:
        if mine in entity_set.by_name and theirs in source:
            target[mine] = source[theirs]


def fall_due(company: Company, document: Document, values: Values, terms_of: Values) -> None:
    """Set ``dueDate`` from the first date of the document and the payment terms of ``terms_of``,
    or those of its party where it names none by id. Without that date there is no other.
    """
    if values[document.dates[0]] == BLANK_DATE:
        values["dueDate"] = BLANK_DATE
        return
    party = company.get(document.parties, terms_of[f"{document.party}Id"])
    source = terms_of if "paymentTermsId" in terms_of or party is None else party.values
    terms = company.get("paymentTerms", source.get("paymentTermsId", ZERO_GUID))
    formula = terms.values["dueDateCalculation"] if terms else ""
    start = date.fromisoformat(values[document.dates[0]])
    values["dueDate"] = due_date(start, formula).isoformat()


def due_date(start: date, formula: str) -> date:
    """``start`` moved by a date formula such as ``30D``, ``1M-2D`` or ``CM+14D``.

    Days of the week or of a month (``WD2``, ``D15``) move nothing: that is not simulated.
    Raises BusinessCentralError where it leads out of the calendar.
    """
    moved = start
    try:
        for sign, count, unit in _TERM.findall(formula):
            moved = _moved(moved, int(f"{sign}{count}"), unit) if count else _end(moved, unit)
    except (OverflowError, ValueError):
        raise dialog(f"The date formula {formula} leads to a date that is not valid.") from None
    return moved


def _moved(day: date, count: int, unit: str) -> date:
    if unit in "DW":
        return day + timedelta(days=count * (7 if unit == "W" else 1))
    months = day.month - 1 + count * {"M": 1, "Q": 3, "Y": 12}[unit]
    year, month = day.year + months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _end(day: date, unit: str) -> date:
    """The last day of the current week, month, quarter or year."""
    if unit == "W":
        return day + timedelta(days=6 - day.weekday())
    month = {"M": day.month, "Q": (day.month + 2) // 3 * 3, "Y": 12}.get(unit, 0)
    return day.replace(month=month, day=calendar.monthrange(day.year, month)[1]) if month else day


def line_changed(company: Company, entity_set: EntitySet, values: Values, field: str) -> None:
    """React to a property of a document line. Raises BusinessCentralError."""
    header_set = LINES[entity_set.name]
    document = DOCUMENTS[header_set]
    header = company.get(header_set, values["documentId"])
    if header is None:
        return
    if field in {"itemId", "accountId", "lineObjectNumber"}:
        _take_object(company, document, header, values, field)
    elif field in {"quantity", "unitOfMeasureId", "unitOfMeasureCode"}:
        _reprice(company, document, header, values)
    elif field == "itemVariantId":
        take_variant(company, document, header, values)
        _reprice(company, document, header, values)
    elif field == "taxCode":
        if values["taxCode"] and company.table("taxGroups").lookup(values["taxCode"]) is None:
            raise unrelated(
                "VAT Prod. Posting Group",
                document.line_table,
                values["taxCode"],
                "VAT Product Posting Group",
            )
        values["taxPercent"] = _tax_percent(company, document, header, values)
    if header_set in ORDERS:
        quantity_changed(document, ORDERS[header_set], header, values, field)
    base = gross(Decimal(values["quantity"]), Decimal(values[document.price]))
    refuse_discount(document, header, values, base, field)
    if field == "discountAmount":
        values["discountPercent"] = discount_percent(base, Decimal(values["discountAmount"]))
    else:
        values["discountAmount"] = discount_amount(base, Decimal(values["discountPercent"]))


def _take_object(
    company: Company, document: Document, header: Record, values: Values, field: str
) -> None:
    if field == "itemId":
        values["lineType"] = "Item"
    elif field == "accountId":
        values["lineType"] = "Account"
    kind = values["lineType"]
    if kind not in LINE_OBJECTS:
        if values["lineObjectNumber"]:  # a choice: there are no standard texts
            raise unrelated("No.", document.line_table, values["lineObjectNumber"], "Standard Text")
        return
    table, reference = LINE_OBJECTS[kind]
    found = (
        company.table(table).lookup(values["lineObjectNumber"])
        if field == "lineObjectNumber"
        else company.get(table, values[field])
    )
    if found is None or (kind == "Account" and not _is_postable(found.values)):
        caption = company.table(table).entity_set.caption
        number = values["lineObjectNumber"] if found is None else found.values["number"]
        raise unrelated("No.", document.line_table, number, caption)
    if reference is not None:
        values[reference] = found.id
    values["lineObjectNumber"] = found.values["number"]
    values["description"] = found.values["displayName"]
    if kind == "Item":
        _take_item(company, document, header, found, values)


def _is_postable(account: Values) -> bool:
    """Whether lines may name the account (BCApps, SalesLine.Table.al: relation of field 6)."""
    return (
        account["accountType"] == "Posting" and account["directPosting"] and not account["blocked"]
    )


def _take_item(
    company: Company, document: Document, header: Record, item: Record, values: Values
) -> None:
    refuse_blocked_item(item)
    _require_groups(company, "items", item)
    values["description2"] = item.values["displayName2"]
    if "description2" not in company.table(document.lines).entity_set.by_name:
        del values["description2"]
    if values.get("shipmentDate") == BLANK_DATE:
        wanted = header.values.get("requestedDeliveryDate", BLANK_DATE)
        values["shipmentDate"] = header.values["postingDate"] if wanted == BLANK_DATE else wanted
    values["unitOfMeasureId"] = item.values["baseUnitOfMeasureId"]
    values["unitOfMeasureCode"] = item.values["baseUnitOfMeasureCode"]
    values["taxCode"] = item.values["taxGroupCode"]
    values["taxPercent"] = _tax_percent(company, document, header, values)
    _reprice(company, document, header, values)


def _reprice(company: Company, document: Document, header: Record, values: Values) -> None:
    """The item's own price again, in the document's currency; other lines keep theirs."""
    item = company.get("items", values["itemId"])
    if item is None:
        return
    price = Decimal(item.values[document.item_price])
    if header.values.get("pricesIncludeTax") and not item.values["priceIncludesTax"]:
        price = round_amount(price * (100 + Decimal(values["taxPercent"])) / 100)
    rate = rate_of(company, header.values["currencyCode"])
    values[document.price] = price if rate == 1 else round_amount(price * rate)


def rate_of(company: Company, currency: str) -> Decimal:
    """Units of ``currency`` for one unit of the local currency.

    Raises BusinessCentralError for an exchange rate of nothing or less; the text is a choice.
    """
    if currency == company.currency:
        return Decimal(1)
    for record in company.table("currencyExchangeRates").records.values():
        if record.values["currencyCode"] == currency:
            amounts = (
                ("Exchange Rate Amount", record.values["exchangeRateAmount"]),
                ("Relational Exch. Rate Amount", record.values["relationalExchangeRateAmount"]),
            )
            for caption, amount in amounts:
                if amount <= 0:
                    raise field_error(
                        f"{caption} must have a value in Currency Exchange Rate: "
                        f"Currency Code={currency}. It cannot be zero or empty."
                    )
            return Decimal(amounts[0][1]) / Decimal(amounts[1][1])
    return Decimal(1)


def _tax_percent(company: Company, document: Document, header: Record, values: Values) -> Decimal:
    party = company.get(document.parties, header.values[f"{document.party}Id"])
    area_id = party.values.get("taxAreaId", ZERO_GUID) if party else ZERO_GUID
    area = company.get("taxAreas", area_id)
    group = company.table("taxGroups").lookup(values["taxCode"])
    code = _set_up(area) if area else DEFAULT_VAT_AREA
    return Decimal(VAT.get((code, _set_up(group)), 0)) if group else Decimal(0)


def _set_up(group: Record) -> str:
    """The code that ``VAT`` knows a group by, whatever it is called now."""
    return str(group.values["setUpCode"] or group.values["code"])


def recalculate(company: Company, header_set: str, header: Record) -> None:
    """Amounts of all lines and totals of the header; the header gets a new ETag.

    Of what is posted each line keeps its part of the invoice discount.
    """
    document = DOCUMENTS[header_set]
    lines = company.table(document.lines).where("documentId", header.id)
    includes = bool(header.values.get("pricesIncludeTax"))
    bases = [_line_base(document, line.values) for line in lines]
    if is_posted(header_set, header.values):
        shares = [Decimal(line.values["invoiceDiscountAllocation"]) for line in lines]
    else:
        shares = spread(Decimal(header.values["discountAmount"]), bases)
    totals = [Decimal("0.00")] * 3
    for line, base, share, net in zip(
        lines, bases, shares, _nets(lines, bases, shares, includes_tax=includes), strict=True
    ):
        written = _amounts_of(line.values, base, share, net, includes_tax=includes)
        if any(line.values[name] != value for name, value in written.items()):
            company.edit(document.lines, line)
            line.values.update(written)
        parts = (net.excluding, net.tax, net.including)
        totals = [round_amount(total + part) for total, part in zip(totals, parts, strict=True)]
    company.edit(header_set, header)
    header.values["totalAmountExcludingTax"] = totals[0]
    header.values["totalTaxAmount"] = totals[1]
    header.values["totalAmountIncludingTax"] = totals[2]
    if "remainingAmount" in header.values and header.values["status"] in DRAFTS:
        header.values["remainingAmount"] = totals[2]  # so the page of invoices shows it


def refuse_invoice_discount(company: Company, header_set: str, header: Record) -> None:
    """The discount of a document is a part of its amount (BCApps, ApplyInvDiscBasedOnAmt).

    A choice: of a new document it is checked once its lines are there, not before. Raises
    BusinessCentralError.
    """
    if header_set not in DOCUMENTS or not header.values["discountAmount"]:
        return
    document, discount = DOCUMENTS[header_set], Decimal(header.values["discountAmount"])
    lines = company.table(document.lines).where("documentId", header.id)
    base = sum((_line_base(document, line.values) for line in lines), Decimal(0))
    if not base and discount > 0:
        raise dialog("There is no amount that you can apply an invoice discount to.")
    if base and discount / base > 1:
        raise dialog(f"The maximum Invoice Discount Amount that you can apply is {base}.")


def _line_base(document: Document, values: Values) -> Decimal:
    base = gross(Decimal(values["quantity"]), Decimal(values[document.price]))
    return base - Decimal(values["discountAmount"])


def _nets(
    lines: Sequence[Record],
    bases: Sequence[Decimal],
    shares: Sequence[Decimal],
    *,
    includes_tax: bool,
) -> list[Amounts]:
    """What the lines add to the totals."""
    counted = [
        Taxable(base - share, str(line.values["taxCode"]), Decimal(line.values["taxPercent"]))
        for line, base, share in zip(lines, bases, shares, strict=True)
    ]
    return nets(counted, includes_tax=includes_tax)


def _amounts_of(
    values: Values, base: Decimal, share: Decimal, net: Amounts, *, includes_tax: bool
) -> Values:
    """The fields of a line, of which the page shows both its amount and its part of the whole."""
    line = amounts(base, Decimal(values["taxPercent"]), includes_tax=includes_tax)
    written = {
        "discountAppliedBeforeTax": True,
        "amountExcludingTax": line.excluding,
        "totalTaxAmount": line.tax,
        "amountIncludingTax": line.including,
        "invoiceDiscountAllocation": share,
        "netAmount": net.excluding,
        "netTaxAmount": net.tax,
        "netAmountIncludingTax": net.including,
    }
    return {name: value for name, value in written.items() if name in values}
