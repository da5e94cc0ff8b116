"""Names of tables and fields as they stand in Business Central's messages."""

from __future__ import annotations

import re

_SPECIAL = {
    "paymentTerm": "Payment Terms",
    "countryRegion": "Country/Region",
    "taxArea": "VAT Business Posting Group",
    "taxGroup": "VAT Product Posting Group",
    "account": "G/L Account",
    "salespersonPurchaser": "Salesperson/Purchaser",
    "journal": "Gen. Journal Batch",
    "journalLine": "Gen. Journal Line",
    "number": "No.",
    "customerNumber": "Sell-to Customer No.",
    "billToCustomerNumber": "Bill-to Customer No.",
    "vendorNumber": "Buy-from Vendor No.",
    "payToVendorNumber": "Pay-to Vendor No.",
    "lineObjectNumber": "No.",
    "country": "Country/Region Code",
    "sequence": "Line No.",
    "lineNumber": "Line No.",
}
_NUMBERS = (["number"], ["Number"])


def caption_of(name: str, *, custom: bool = False) -> str:
    """``salesOrderLine`` → ``Sales Order Line``; special captions where the table has one.

    Those are of Microsoft's tables: in a ``custom`` route a name is its words, and ``number`` in
    it is short (a choice): ``customerNumber`` → ``Customer No.``
    """
    if name in _SPECIAL and not custom:
        return _SPECIAL[name]
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    caption = " ".join(word[0].upper() + word[1:] for word in words)
    return caption.removesuffix("Number") + "No." if custom and words[-1:] in _NUMBERS else caption
