"""The documents and ledger entries of a fresh company: headers with their lines, then entries.

Read by ``seed``, which describes what is here for the people who use it.
"""

from __future__ import annotations

from gateway.simulator.records.store import Values

DOCUMENTS: tuple[tuple[str, Values, tuple[Values, ...]], ...] = (
    (
        "salesInvoices",
        {
            "number": "S-INV101999",
            "customerNumber": "30000",
            "invoiceDate": "2026-11-20",
            "postingDate": "2026-11-20",
        },
        (
            {"lineType": "Item", "lineObjectNumber": "1928-S", "quantity": "2"},
            {"lineType": "Comment", "description": "To be delivered with the desks"},
        ),
    ),
    (
        "salesInvoices",
        {
            "number": "103001",
            "externalDocumentNumber": "HW-2041",
            "customerPurchaseOrderReference": "PO-7731/b",
            "customerNumber": "20000",
            "orderId": "7c0a5a52-4a2e-4b7e-8f2e-3d1f0a9b5c01",
            "orderNumber": "S-ORD100412",
            "invoiceDate": "2026-10-30",
            "postingDate": "2026-10-31",
            "status": "Open",
        },
        (
            {
                "lineType": "Item",
                "lineObjectNumber": "1896-S",
                "quantity": "3",
                "discountPercent": "5",
            },
            {
                "lineType": "Account",
                "lineObjectNumber": "40400",
                "quantity": "1",
                "unitPrice": "25.50",
            },
        ),
    ),
    (
        "salesInvoices",
        {
            "number": "103002",
            "externalDocumentNumber": "HW-2042",
            "customerNumber": "40000",
            "invoiceDate": "2026-09-14",
            "postingDate": "2026-09-14",
            "status": "Paid",
        },
        ({"lineType": "Item", "lineObjectNumber": "1900-S", "quantity": "4"},),
    ),
    (
        "salesInvoices",
        {
            "number": "103003",
            "customerNumber": "10000",
            "invoiceDate": "2026-09-21",
            "postingDate": "2026-09-21",
            "status": "Canceled",
        },
        ({"lineType": "Item", "lineObjectNumber": "0X10", "quantity": "7"},),
    ),
    (
        "purchaseOrders",
        {
            "number": "105998",
            "vendorNumber": "V00010",
            "orderDate": "2026-11-02",
            "postingDate": "2026-11-02",
            "requestedReceiptDate": "2026-12-01",
            "status": "Open",
        },
        (
            {
                "lineType": "Item",
                "lineObjectNumber": "1896-S",
                "quantity": "10",
                "directUnitCost": "771.25",
                "receivedQuantity": "4",
                "expectedReceiptDate": "2026-12-01",
            },
            {
                "lineType": "Account",
                "lineObjectNumber": "60400",
                "quantity": "1",
                "directUnitCost": "48",
            },
        ),
    ),
    (
        "purchaseOrders",
        {
            "number": "105999",
            "vendorNumber": "V00020",
            "orderDate": "2026-11-18",
            "postingDate": "2026-11-18",
        },
        ({"lineType": "Item", "lineObjectNumber": "1906-S", "quantity": "5"},),
    ),
)


def _posted(
    day: str, kind: str, number: str, text: str, *amounts: tuple[int, str, str]
) -> tuple[Values, ...]:
    """The entries of one document: number, account and amount; one below nothing is a credit."""
    return tuple(
        {
            "entryNumber": entry,
            "postingDate": day,
            "documentNumber": number,
            "documentType": kind,
            "accountNumber": account,
            "description": text,
            "creditAmount" if amount.startswith("-") else "debitAmount": amount.removeprefix("-"),
        }
        for entry, account, amount in amounts
    )


ENTRIES: tuple[Values, ...] = (
    *_posted(
        "2026-01-01",
        "_x0020_",
        "G01001",
        "Opening balance",
        (2031, "10100", "41250.00"),
        (2032, "30100", "-41250.00"),
    ),
    *_posted(
        "2026-09-14",
        "Invoice",
        "103002",
        "Invoice S-INV101997",
        (2033, "40100", "-771.20"),
        (2034, "10900", "771.20"),
    ),
    *_posted(
        "2026-10-31",
        "Invoice",
        "103001",
        "Order S-ORD100412",
        (2041, "40100", "-2852.28"),
        (2042, "40400", "-25.50"),
        (2043, "20700", "-570.46"),
        (2044, "10900", "3448.24"),
    ),
    *_posted(
        "2026-11-12",
        "Payment",
        "BANK-118",
        "Møbelhuset Nordlys",
        (2051, "10100", "771.20"),
        (2052, "10900", "-771.20"),
    ),
)
