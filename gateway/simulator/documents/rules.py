"""What Business Central does beyond storing, as data: series, documents, copies, defaults.

The rooms that write (``documents``, ``writes``) interpret these tables; the facts come from
bc/api.md §10 and §11.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gateway.simulator.catalogue.entities import UNLISTED


@dataclass(frozen=True, slots=True)
class Series:
    """A number series: ``S-ORD`` and 101001 give S-ORD101001, S-ORD101002 and so on."""

    prefix: str
    start: int
    step: int = 1
    width: int = 0

    def format(self, value: int) -> str:
        """The number with its prefix, filled up with zeros."""
        return f"{self.prefix}{value:0{self.width}d}"


SERIES = {
    "bankAccounts": Series("B", 10, 10, 5),
    "contacts": Series("CT", 1, 1, 6),
    "customers": Series("C", 10, 10, 5),
    "employees": Series("E", 10, 10, 4),
    "fixedAssets": Series("FA", 10, 10, 6),
    "items": Series("", 70000),
    "opportunities": Series("OP", 1, 1, 6),
    "projects": Series("J", 10, 10, 5),
    "purchaseCreditMemos": Series("P-CR", 1001),
    "purchaseInvoices": Series("P-INV", 107001),
    "purchaseOrders": Series("", 106001),
    "salesCreditMemos": Series("S-CR", 1001),
    "salesInvoices": Series("S-INV", 102001),
    "salesOrders": Series("S-ORD", 101001),
    "salesQuotes": Series("S-QUO", 1001),
    "vendors": Series("V", 10, 10, 5),
}

# Text shown where a code-keyed entity is posted without its code, and the like.
REQUIRED_TEXTS: dict[tuple[str, ...], str] = {
    ("customerId", "customerNumber"): "A customerNumber or a customerId must be provided.",
    ("vendorId", "vendorNumber"): "A vendorNumber or a vendorId must be provided.",
}

BLANK_TEXT = 'The blank "{field}" is not allowed.'
MISSING_TEXT = 'A "{field}" must be provided.'


@dataclass(frozen=True, slots=True)
class Document:
    """A sales or purchase document: where its lines are, who it is for, what a price is."""

    lines: str
    party: str
    parties: str
    price: str
    item_price: str
    kind: str
    dates: tuple[str, ...]

    @property
    def table(self) -> str:
        """The name of the table of headers in messages."""
        return "Sales Header" if self.party == "customer" else "Purchase Header"

    @property
    def line_table(self) -> str:
        """The name of the line table in messages."""
        return "Sales Line" if self.party == "customer" else "Purchase Line"


def _sales(lines: str, kind: str, *dates: str) -> Document:
    return Document(lines, "customer", "customers", "unitPrice", "unitPrice", kind, dates)


def _purchase(lines: str, kind: str, price: str, *dates: str) -> Document:
    return Document(lines, "vendor", "vendors", price, "unitCost", kind, dates)


DOCUMENTS = {
    "salesQuotes": _sales("salesQuoteLines", "Quote", "documentDate", "postingDate", "dueDate"),
    "salesOrders": _sales("salesOrderLines", "Order", "orderDate", "postingDate"),
    "salesInvoices": _sales(
        "salesInvoiceLines", "Invoice", "invoiceDate", "postingDate", "dueDate"
    ),
    "salesCreditMemos": _sales(
        "salesCreditMemoLines", "Credit Memo", "creditMemoDate", "postingDate", "dueDate"
    ),
    "purchaseOrders": _purchase(
        "purchaseOrderLines", "Order", "directUnitCost", "orderDate", "postingDate"
    ),
    "purchaseInvoices": _purchase(
        "purchaseInvoiceLines", "Invoice", "unitCost", "invoiceDate", "postingDate", "dueDate"
    ),
    "purchaseCreditMemos": _purchase(
        "purchaseCreditMemoLines",
        "Credit Memo",
        "unitCost",
        "creditMemoDate",
        "postingDate",
        "dueDate",
    ),
}

# The states of a document that is not posted yet.
DRAFTS = frozenset({"Draft", "In_x0020_Review", "_x0020_"})

# Numbers of posted documents; a draft gets one and keeps its id (bc/api.md §11).
POSTED_SERIES = {
    "purchaseCreditMemos": Series("", 109001),
    "purchaseInvoices": Series("", 108001),
    "purchaseReceipts": Series("", 107001),
    "salesCreditMemos": Series("", 104001),
    "salesInvoices": Series("", 103101),
    "salesShipments": Series("", 102001),
}

# What takes a posted document back: a credit memo the invoice, an invoice the credit memo.
AGAINST = {
    "purchaseCreditMemos": "purchaseInvoices",
    "purchaseInvoices": "purchaseCreditMemos",
    "salesCreditMemos": "salesInvoices",
    "salesInvoices": "salesCreditMemos",
}

# Where the balance of a party stands. A choice: ``balanceDue`` holds all that a customer owes,
# as it does where the page filters no dates.
BALANCES = {"customer": ("customers", "balanceDue"), "vendor": ("vendors", "balance")}

# Properties of a posted document that may still be changed (bc/api.md §11).
STILL_CHANGED = {
    "salesInvoices": frozenset({"dueDate", "promisedPayDate", "disputeStatus", "disputeStatusId"})
}

# The accounts that posting groups would lead to; a choice: one for each purpose.
ACCOUNTS = {
    "receivables": "10900",
    "payables": "20100",
    "tax": "20700",
    "sales": "40100",
    "purchases": "60400",
    "bank": "10100",
}


@dataclass(frozen=True, slots=True)
class Ordered:
    """Fields of an order's line: what has been delivered, what is to be; its invoices, and how
    messages call what was delivered and is not invoiced, and what was delivered.
    """

    delivered: str
    deliver: str
    verb: str
    invoices: str
    uninvoiced: str
    caption: str


ORDERS = {
    "salesOrders": Ordered(
        "shippedQuantity",
        "shipQuantity",
        "ship",
        "salesInvoices",
        "Qty. Shipped Not Invoiced",
        "Quantity Shipped",
    ),
    "purchaseOrders": Ordered(
        "receivedQuantity",
        "receiveQuantity",
        "receive",
        "purchaseInvoices",
        "Qty. Rcd. Not Invoiced",
        "Quantity Received",
    ),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an order leaves behind: the sets of headers and lines, how item entries call it, and
    whether goods come (1) or go (-1).
    """

    headers: str
    lines: str
    kind: str
    sign: int
    kinds: dict[str, str]


_LINE_KINDS = {
    "Item": "Item",
    "Account": "G_x002F_L_x0020_Account",
    "Resource": "Resource",
    "Fixed_x0020_Asset": "Fixed_x0020_Asset",
    "Charge": "Charge_x0020__x0028_Item_x0029_",
    "Allocation_x0020_Account": "Allocation_x0020_Account",
}
DELIVERIES = {
    "salesOrders": Delivery(
        "salesShipments", "salesShipmentLines", "Sales_x0020_Shipment", -1, _LINE_KINDS
    ),
    "purchaseOrders": Delivery(
        "purchaseReceipts", "purchaseReceiptLines", "Purchase_x0020_Receipt", 1, _LINE_KINDS
    ),
}

# The sets of batches by the name of their template, the default one first.
TEMPLATES = {
    "GENERAL": "journals",
    "CASHRCPT": "customerPaymentJournals",
    "PAYMENT": "vendorPaymentJournals",
}


@dataclass(frozen=True, slots=True)
class Payment:
    """Whose payments they are, and the set of the invoices that they are applied to."""

    party: str
    invoices: str


PAYMENTS = {
    "customerPayments": Payment("customer", "salesInvoices"),
    "vendorPayments": Payment("vendor", "purchaseInvoices"),
}
JOURNAL_LINES = ("journalLines", *PAYMENTS)

# What a journal line is about, by the type of its account.
ACCOUNT_SETS = {
    "G_x002F_L_x0020_Account": "accounts",
    "Customer": "customers",
    "Vendor": "vendors",
    "Bank_x0020_Account": "bankAccounts",
}

LINES = {document.lines: name for name, document in DOCUMENTS.items()}

# From the party's card to the document: field of the document, field of the card.
_ADDRESS = (
    ("AddressLine1", "addressLine1"),
    ("AddressLine2", "addressLine2"),
    ("City", "city"),
    ("Country", "country"),
    ("State", "state"),
    ("PostCode", "postalCode"),
)


def _address(prefix: str) -> tuple[tuple[str, str], ...]:
    return tuple((prefix + mine, theirs) for mine, theirs in _ADDRESS)


BILL_TO = {
    "customer": (("billToName", "displayName"), *_address("billTo")),
    "vendor": (("payToName", "displayName"), *_address("payTo")),
}
BILL_TO_PARTY = {"customer": "billToCustomer", "vendor": "payToVendor"}

PARTY = {
    "customer": (
        ("customerName", "displayName"),
        ("shipToName", "displayName"),
        *_address("sellTo"),
        *_address("shipTo"),
        ("currencyId", "currencyId"),
        ("currencyCode", "currencyCode"),
        ("paymentTermsId", "paymentTermsId"),
        ("shipmentMethodId", "shipmentMethodId"),
        ("salesperson", "salespersonCode"),
        ("phoneNumber", "phoneNumber"),
        ("email", "email"),
    ),
    "vendor": (
        ("vendorName", "displayName"),
        *_address("buyFrom"),
        ("currencyId", "currencyId"),
        ("currencyCode", "currencyCode"),
        ("paymentTermsId", "paymentTermsId"),
    ),
}

# Kinds of documents a blocked customer or vendor can not get; All refuses every kind.
BLOCKED_KINDS = {
    "Ship": frozenset({"Quote", "Order"}),
    "Invoice": frozenset({"Quote", "Order", "Invoice"}),
    "Payment": frozenset[str](),
}

# VAT business group × VAT product group → percent. What is not listed is not taxed.
VAT = {("DOMESTIC", "STANDARD"): 20, ("DOMESTIC", "ZERO"): 0}
DEFAULT_VAT_AREA = "DOMESTIC"

LINE_STEP = 10000  # from the number of a line to that of the next

# What does not change of a line after the insert: where it stands, and what it sells.
LINE_IDENTITY = (
    *("documentId", "sequence"),
    *("lineType", "itemId", "accountId", "lineObjectNumber"),
)

# What a line names, by its type: the set, and the field that has its id.
LINE_OBJECTS = {
    "Account": ("accounts", "accountId"),
    "Allocation_x0020_Account": (f"{UNLISTED}/allocationAccounts", None),
    "Charge": (f"{UNLISTED}/itemCharges", None),
    "Fixed_x0020_Asset": ("fixedAssets", None),
    "Item": ("items", "itemId"),
    "Resource": (f"{UNLISTED}/resources", None),
}

# How people call the status of an order that is no draft (bc/api.md §11).
STATUS = {"Open": "Released", "In_x0020_Review": "Pending Approval"}

# Fields that a new entity starts with other than blank.
DEFAULTS: dict[str, dict[str, bool | str | Decimal]] = {
    name: {"status": "Draft", "discountAppliedBeforeTax": True} for name in DOCUMENTS
}
del DEFAULTS["salesQuotes"]["discountAppliedBeforeTax"]  # their page has no such field
DEFAULTS["salesOrders"]["partialShipping"] = True  # a customer's shipping advice is partial
DEFAULTS["accounts"] = {"accountType": "Posting", "directPosting": True}
DEFAULTS["currencies"] = {  # source B, table Currency: InitValue
    "amountDecimalPlaces": "2:2",
    "amountRoundingPrecision": Decimal("0.01"),
}
DEFAULTS["items"] = {"type": "Inventory"}
DEFAULTS["journals"] = {"templateDisplayName": "GENERAL"}

# What the templates of API Setup fill in of a new record where the caller says nothing, first
# what decides about the rest (bc/api.md §10). A choice: they are set up, and name these.
NEW_RECORDS = {
    "customers": {
        "generalBusinessPostingGroupCode": "DOMESTIC",
        "customerPostingGroupCode": "DOMESTIC",
        "taxAreaId": "DOMESTIC",
    },
    "items": {
        "baseUnitOfMeasureCode": "PCS",
        "taxGroupCode": "STANDARD",
        "generalProductPostingGroupCode": "RETAIL",
        "inventoryPostingGroupCode": "RESALE",
    },
    "vendors": {
        "generalBusinessPostingGroupCode": "DOMESTIC",
        "vendorPostingGroupCode": "DOMESTIC",
    },
}

# Without these nothing can be sold to, bought from, or put on a line: field, and its caption.
GROUPS = {
    "customers": (
        ("generalBusinessPostingGroupCode", "Gen. Bus. Posting Group"),
        ("customerPostingGroupCode", "Customer Posting Group"),
    ),
    "items": (
        ("generalProductPostingGroupCode", "Gen. Prod. Posting Group"),
        ("inventoryPostingGroupCode", "Inventory Posting Group"),
    ),
    "vendors": (
        ("generalBusinessPostingGroupCode", "Gen. Bus. Posting Group"),
        ("vendorPostingGroupCode", "Vendor Posting Group"),
    ),
}

# What a released order does not let change any more: on its header, and on its lines.
RELEASED = (
    frozenset(
        {
            *("customerId", "customerNumber", "billToCustomerId", "billToCustomerNumber"),
            *("vendorId", "vendorNumber", "payToVendorId", "payToVendorNumber"),
            *("currencyId", "currencyCode", "pricesIncludeTax"),
        }
    ),
    frozenset(
        {
            *("quantity", "unitPrice", "directUnitCost", "discountAmount", "discountPercent"),
            *("unitOfMeasureId", "unitOfMeasureCode", "taxCode", "itemVariantId", "locationId"),
        }
    ),
)
