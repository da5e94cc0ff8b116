"""Documents from draft to posted, and what stands in the books afterwards (bc/api.md §11).

The draft keeps its id and gets a number of the posted series; an order that is fully invoiced
goes, an invoice and a shipment or receipt come. Everything in the transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from gateway.simulator.catalogue.entities import EntitySet
from gateway.simulator.clock import timestamp
from gateway.simulator.documents.balances import begin, local, owe, owed_by
from gateway.simulator.documents.checks import (
    check_header,
    check_items,
    check_total,
    check_vendor_number,
)
from gateway.simulator.documents.headers import fall_due, is_posted, recalculate
from gateway.simulator.documents.ledgers import Books, Entry, Occasion
from gateway.simulator.documents.quantities import (
    refuse_delivery,
    refuse_invoice,
    refuse_nameless,
)
from gateway.simulator.documents.rules import (
    DELIVERIES,
    DOCUMENTS,
    ORDERS,
    POSTED_SERIES,
    SERIES,
    Delivery,
    Document,
    Ordered,
)
from gateway.simulator.documents.totals import part_of
from gateway.simulator.errors import dialog
from gateway.simulator.records.belongings import hand_on, remove
from gateway.simulator.records.dimensions import carry, set_of
from gateway.simulator.records.store import Record, Values
from gateway.simulator.records.values import stamp

NOTHING = "There is nothing to post."
_ALLOCATION = "invoiceDiscountAllocation"
_ENTRY = {"customer": ("Sale", "Customer"), "vendor": ("Purchase", "Vendor")}


def lines_of(books: Books, name: str, header: Record) -> list[Record]:
    """The lines of a document in their order."""
    return books.company.table(DOCUMENTS[name].lines).where("documentId", header.id)


def in_order(lines: Sequence[Record]) -> list[Record]:
    """Lines by where they stand in their document."""
    return sorted(lines, key=lambda line: int(line.values["sequence"]))


def next_number(books: Books, name: str) -> str:
    """The next number of a posted series that no record has."""
    series, table = POSTED_SERIES[name], books.company.table(name)
    while True:
        value = books.company.next_number(f"posted {name}", series.start, series.step)
        if table.lookup(series.format(value)) is None:
            return series.format(value)


def draft_number(books: Books, name: str) -> str:
    """The next number of the series for drafts that no record has."""
    series, table = SERIES[name], books.company.table(name)
    while True:
        number = series.format(books.company.next_number(name, series.start, series.step))
        if table.lookup(number) is None:
            return number


def post(books: Books, name: str, header: Record) -> None:
    """Post an invoice or a credit memo. Raises BusinessCentralError."""
    kind = DOCUMENTS[name].kind.lower()
    if is_posted(name, header.values):
        raise dialog(f"The action can be applied to a draft {kind} only.")
    lines = lines_of(books, name, header)
    if not lines:
        raise dialog(f"Please add at least one line item to the {kind}.")
    if not any(line.values["quantity"] for line in lines):
        raise dialog(NOTHING)
    check_header(books, name, header)
    refuse_nameless(name, header, lines)
    check_vendor_number(books, name, header)
    check_total(name, header)
    check_items(books, (line for line in lines if line.values["quantity"]))
    books.company.edit(name, header)
    text = f"{DOCUMENTS[name].kind} {header.values['number']}"
    header.values.update(number=next_number(books, name), status="Open")
    begin(books.company, header)
    books.company.table(name).changed()
    enter(books, name, header, text, moving=True)


def post_order(books: Books, name: str, order: Record) -> Record | None:
    """Deliver and invoice what the lines of an order say; the invoice, None without one.

    Raises BusinessCentralError where there is nothing to post.
    """
    ordered = ORDERS[name]
    check_header(books, name, order)
    lines = lines_of(books, name, order)
    delivered = [line for line in lines if line.values[ordered.deliver]]
    comments = [line for line in lines if _is_comment(line)]
    if not any(line.values[ordered.deliver] or line.values["invoiceQuantity"] for line in lines):
        raise dialog(NOTHING)
    refuse_nameless(name, order, lines)
    for line in lines:
        refuse_delivery(ordered, line.values)
        refuse_invoice(ordered, line.values)
    if order.values.get("partialShipping") is False and delivered and _is_partial(ordered, lines):
        raise dialog("This order must be a complete shipment.")
    invoiced = [line for line in lines if line.values["invoiceQuantity"]]
    check_items(books, (*delivered, *invoiced))
    if delivered:
        _deliver(books, name, order, in_order([*delivered, *comments]))
    invoice = None
    if invoiced:
        invoice = _invoice(books, name, order, in_order([*invoiced, *comments]))
    for line in lines:
        _carry_on(books, name, ordered, line)
    if all(_is_done(line.values) for line in lines):
        remove(books.company, name, order)
    else:
        if "fullyShipped" in order.values:
            order.values["fullyShipped"] = all(
                line.values[ordered.delivered] == line.values["quantity"] for line in lines
            )
        recalculate(books.company, name, order)
        order.values["status"] = "Open"  # it was released to be posted
        stamp(order.values, timestamp(books.clock.now()))  # the header has what was posted last
    return invoice


def copied(
    books: Books, source: Record, lines: Sequence[Record], name: str, **fields: object
) -> Record:
    """A new document of the set ``name`` with what ``source`` and its lines have of it."""
    company, document = books.company, DOCUMENTS[name]
    header_set, line_set = company.table(name).entity_set, company.table(document.lines).entity_set
    values: Values = {
        **header_set.blanks,
        **{key: value for key, value in source.values.items() if key in header_set.by_name},
        **fields,
    }
    made = books.insert(name, values)
    carry(company, source, name, made)
    for line in lines:
        own = {key: value for key, value in line.values.items() if key in line_set.by_name}
        part = books.insert(document.lines, {**line_set.blanks, **own, "documentId": made.id})
        carry(company, line, document.lines, part)
    recalculate(company, name, made)
    return made


def _sign(document: Document) -> int:
    """1 where the party owes us more afterwards."""
    return (1 if document.party == "customer" else -1) * (-1 if "Memo" in document.kind else 1)


def enter(books: Books, name: str, header: Record, text: str, *, moving: bool) -> None:
    """Write the entries of a posted document: the party, and against it the goods and the tax.

    ``text`` is what was posted, by its number before that (BCApps, SalesHeader.Table.al: Posting
    Description). ``moving`` tells that the goods go or come with it, not before.
    """
    lines = lines_of(books, name, header)
    document, values = DOCUMENTS[name], header.values
    sign, company = _sign(document), books.company
    kind = "Credit_x0020_Memo" if "Memo" in document.kind else "Invoice"
    occasion = Occasion(str(values["postingDate"]), kind, str(values["number"]), text)
    owed = books.account("receivables" if document.party == "customer" else "payables")
    goods = "sales" if document.party == "customer" else "purchases"
    party_id = str(values[f"{document.party}Id"])
    whole = set_of(company, header)
    amounts = [(owed, sign * local(company, header, values["totalAmountIncludingTax"]), whole)]
    for account, dimensions, amounts_of in _goods(books, goods, header, lines):
        net = sum((local(company, header, one) for one in amounts_of), Decimal(0))
        amounts.append((account, -sign * net, dimensions))
    tax = -sign * local(company, header, values["totalTaxAmount"])
    amounts.append((books.account("tax"), tax, whole))
    books.enter(
        occasion,
        [Entry(to, amount, party_id, dimensions=has) for to, amount, has in amounts],
    )
    owe(books.company, document.party, party_id, owed_by(books.company, name, header))
    for line in lines if moving else ():
        _move(books, name, header, line)


def _goods(
    books: Books, goods: str, header: Record, lines: Sequence[Record]
) -> Iterator[tuple[Record, tuple[Record, ...], list[Decimal]]]:
    """The accounts of the lines with what each gets: lines of one kind with one account, one VAT
    group and the same dimensions are one entry (BCApps, table 55 Invoice Posting Buffer).

    A choice: an entry has the dimensions of the document, and those of its line before them.
    """
    found: dict[object, tuple[Record, tuple[Record, ...], list[Decimal]]] = {}
    for line in lines:
        dimensions = set_of(books.company, header, line)
        kind, number = str(line.values["lineType"]), line.values["lineObjectNumber"]
        account = books.numbered(number) if kind == "Account" else books.account(goods)
        values = tuple(str(one.values["valueId"]) for one in dimensions)
        key = (kind, account.id, line.values["taxCode"], values)
        found.setdefault(key, (account, dimensions, []))[2].append(_net(line.values))
    yield from found.values()


def _net(values: Values) -> Decimal:
    return Decimal(values["netAmount"] if "netAmount" in values else values["amountExcludingTax"])


def _move(books: Books, name: str, header: Record, line: Record) -> None:
    """The goods of a line: out when they are sold, in when they are bought or come back."""
    document, values = DOCUMENTS[name], header.values
    item = books.company.get("items", line.values["itemId"])
    if item is None:
        return
    entry, source = _ENTRY[document.party]
    text, number = str(line.values["description"]), str(values["number"])
    books.move(
        Occasion(str(values["postingDate"]), _item_document(name), number, text),
        item,
        -_sign(document) * Decimal(line.values["quantity"]),
        entryType=entry,
        sourceType=source,
        sourceNumber=str(values[f"{document.party}Number"]),
    )


def _item_document(name: str) -> str:
    document = DOCUMENTS[name]
    party = "Sales" if document.party == "customer" else "Purchase"
    return f"{party}_x0020_{document.kind.replace(' ', '_x0020_')}"


def _is_comment(line: Record) -> bool:
    return bool(line.values["lineType"] == "Comment")


def _is_done(values: Values) -> bool:
    return bool(values["lineType"] == "Comment" or values["invoicedQuantity"] == values["quantity"])


def _is_partial(ordered: Ordered, lines: Sequence[Record]) -> bool:
    return any(
        line.values["quantity"] != line.values[ordered.delivered] + line.values[ordered.deliver]
        for line in lines
    )


def _deliver(books: Books, name: str, order: Record, lines: Sequence[Record]) -> None:
    """The shipment or receipt with what leaves or arrives now, and the comments of the order;
    the goods move with it. Its dates are those that an invoice of the day would have: a choice.
    """
    delivery: Delivery = DELIVERIES[name]
    company = books.company
    header_set = company.table(delivery.headers).entity_set
    line_set = company.table(delivery.lines).entity_set
    number = next_number(books, delivery.headers)
    values: Values = {
        **header_set.blanks,
        **{key: value for key, value in order.values.items() if key in header_set.by_name},
        "number": number,
        "orderNumber": order.values["number"],
        "invoiceDate": order.values["postingDate"],
        **_codes(books, header_set, order),
    }
    fall_due(company, DOCUMENTS[ORDERS[name].invoices], values, order.values)
    made = books.insert(delivery.headers, values)
    carry(company, order, delivery.headers, made)
    ordered, kind = ORDERS[name], str(made.values["number"])
    for line in lines:
        own = {key: value for key, value in line.values.items() if key in line_set.by_name}
        own["lineType"] = delivery.kinds.get(line.values["lineType"], "_x0020_")
        quantity = Decimal(line.values[ordered.deliver])
        extra = {"documentId": made.id, "documentNo": kind, "quantity": quantity}
        extra |= {"unitCost": line.values.get("directUnitCost", 0)}
        shown = {key: value for key, value in extra.items() if key in line_set.by_name}
        part = books.insert(delivery.lines, {**line_set.blanks, **own, **shown})
        carry(company, line, delivery.lines, part)
        item = company.get("items", line.values["itemId"])
        if item is not None:
            entry, source = _ENTRY[DOCUMENTS[name].party]
            books.move(
                Occasion(
                    str(order.values["postingDate"]),
                    delivery.kind,
                    kind,
                    str(line.values["description"]),
                ),
                item,
                quantity * delivery.sign,
                entryType=entry,
                sourceType=source,
                sourceNumber=str(order.values[f"{DOCUMENTS[name].party}Number"]),
            )


def _codes(books: Books, header_set: EntitySet, order: Record) -> Values:
    """Codes of a shipment for what its order names by id."""
    codes: Values = {}
    for stem, name in (("paymentTerms", "paymentTerms"), ("shipmentMethod", "shipmentMethods")):
        found = books.company.get(name, order.values[f"{stem}Id"])
        if found is not None and f"{stem}Code" in header_set.by_name:
            codes[f"{stem}Code"] = found.values["code"]
    return codes


def _invoice(books: Books, name: str, order: Record, lines: Sequence[Record]) -> Record:
    """The posted invoice of what is invoiced now, with the comments of the order.

    Of the discounts of the order it takes what falls to the pieces that are invoiced. A choice:
    the payment terms of the order count from the posting date, which is its own.
    """
    target = ORDERS[name].invoices
    document, company = DOCUMENTS[target], books.company
    header_set, line_set = (
        company.table(target).entity_set,
        company.table(document.lines).entity_set,
    )
    values: Values = {
        **header_set.blanks,
        **{key: value for key, value in order.values.items() if key in header_set.by_name},
        "number": next_number(books, target),
        "orderId": order.id,
        "orderNumber": order.values["number"],
        "invoiceDate": order.values["postingDate"],
        "status": "Open",
        "discountAmount": sum(_part(line.values, _ALLOCATION) for line in lines),
    }
    fall_due(company, document, values, order.values)
    made = books.insert(target, values)
    carry(company, order, target, made)
    hand_on(company, order, target, made)
    for line in lines:
        own = {key: value for key, value in line.values.items() if key in line_set.by_name}
        own["quantity"] = line.values["invoiceQuantity"]
        if "directUnitCost" in line.values:
            own["unitCost"] = line.values["directUnitCost"]
        own |= {name: _part(line.values, name) for name in ("discountAmount", _ALLOCATION)}
        part = books.insert(document.lines, {**line_set.blanks, **own, "documentId": made.id})
        carry(company, line, document.lines, part)
    recalculate(company, target, made)
    check_total(target, made)
    begin(company, made)
    enter(books, target, made, f"Order {order.values['number']}", moving=False)
    return made


def _part(values: Values, name: str) -> Decimal:
    """What of a discount of an order's line falls to the pieces that are invoiced now."""
    names = (name, "quantity", "invoicedQuantity", "invoiceQuantity")
    return part_of(*(Decimal(values[one]) for one in names))


def _carry_on(books: Books, name: str, ordered: Ordered, line: Record) -> None:
    """What the line of an order has had, and what it asks for next."""
    values = line.values
    books.company.edit(DOCUMENTS[name].lines, line)
    values[ordered.delivered] = Decimal(values[ordered.delivered]) + Decimal(
        values[ordered.deliver]
    )
    values["invoicedQuantity"] = Decimal(values["invoicedQuantity"]) + Decimal(
        values["invoiceQuantity"]
    )
    values[ordered.deliver] = Decimal(values["quantity"]) - values[ordered.delivered]
    values["invoiceQuantity"] = Decimal(values["quantity"]) - values["invoicedQuantity"]
