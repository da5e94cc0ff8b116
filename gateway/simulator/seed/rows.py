"""The rows of a fresh company, by entity set, in an order in which references exist already.

The first fields of a row give it its identity. A guid field may hold the code of the record it
refers to. Read by ``seed``, which describes what is here for the people who use it.
"""

from __future__ import annotations

from typing import Any

from gateway.simulator.catalogue.entities import UNLISTED

LOCAL_CURRENCY = "LCY"

Row = dict[str, Any]

_COUNTRIES = (
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("GB", "Great Britain"),
    ("IE", "Ireland"),
    ("IT", "Italy"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("SE", "Sweden"),
    ("US", "USA"),
)

_CUSTOMERS: tuple[Row, ...] = (
    {
        "number": "10000",
        "displayName": "Ashgrove Interiors Ltd",
        "addressLine1": "14 Tannery Row",
        "city": "Leeds",
        "country": "GB",
        "postalCode": "LS1 4AP",
        "email": "orders@ashgrove.example",
        "taxAreaId": "DOMESTIC",
        "paymentTermsId": "30 DAYS",
        "salespersonCode": "JO",
    },
    {
        "number": "20000",
        "displayName": "Brightwater Hotels",
        "addressLine1": "2 Quayside",
        "city": "Bristol",
        "country": "GB",
        "postalCode": "BS1 5UH",
        "email": "purchasing@brightwater.example",
        "taxAreaId": "DOMESTIC",
        "paymentTermsId": "14 DAYS",
    },
    {
        "number": "30000",
        "displayName": "O'Brien & Co",
        "addressLine1": "77 Castle Street",
        "city": "Norwich",
        "country": "GB",
        "postalCode": "NR2 1PD",
        "email": "office@obrien.example",
        "taxAreaId": "DOMESTIC",
        "paymentTermsId": "CM",
    },
    {
        "number": "40000",
        "displayName": "Møbelhuset Nordlys",
        "addressLine1": "Havnegade 9",
        "city": "Aarhus",
        "country": "DK",
        "postalCode": "8000",
        "email": "indkob@nordlys.example",
        "taxAreaId": "EXPORT",
        "currencyCode": "EUR",
        "paymentTermsId": "30 DAYS",
    },
    {
        "number": "50000",
        "displayName": "Edgehill Fittings",
        "city": "York",
        "country": "GB",
        "taxAreaId": "DOMESTIC",
        "blocked": "Invoice",
    },
    {
        "number": "60000",
        "displayName": "Foxglove Offices",
        "city": "Derby",
        "country": "GB",
        "taxAreaId": "DOMESTIC",
        "blocked": "All",
    },
)


def _item(number: str, name: str, price: str, cost: str, **more: object) -> Row:
    return {
        "number": number,
        "displayName": name,
        "unitPrice": price,
        "unitCost": cost,
        "baseUnitOfMeasureCode": "PCS",
        "taxGroupCode": "STANDARD",
        "generalProductPostingGroupCode": "RETAIL",
        "inventoryPostingGroupCode": "RESALE",
        "inventory": 100,
        **more,
    }


_ITEMS = (
    _item("1896-S", "ATHENS Desk", "1000.80", "780.70", itemCategoryCode="DESK"),
    _item("1900-S", "PARIS Guest Chair, black", "192.80", "150.30", itemCategoryCode="CHAIR"),
    _item("1906-S", "ATHENS Mobile Pedestal", "281.40", "219.60", itemCategoryCode="DESK"),
    _item("1928-S", "AMSTERDAM Lamp", "54.90", "42.80", taxGroupCode="ZERO"),
    _item("1972-S", "MUNICH Swivel Chair, yellow", "190.10", "148.20", blocked=True),
    _item("000", "Sample card", "0", "0.40"),
    _item("10115", "Shelf bracket", "19.90", "11.25"),
    _item("1E5", "Cable tray, 1 m", "12.35", "7.10"),
    _item("0X10", "Hex key set", "8.333", "5.01"),
)

_UNLISTED = {
    "allocationAccounts": {"RENT": "Rent by department"},
    "itemCharges": {
        "P-ALLOWANCE": "Purchase Allowance",
        "P-FREIGHT": "Freight on Purchases",
        "P-RESTOCK": "Purchase Restocking",
        "S-ALLOWANCE": "Sales Allowance",
        "S-FREIGHT": "Freight on Sales",
        "S-RESTOCK": "Sales Restocking",
    },
    "resources": {"FITTING": "Fitting on site", "VAN": "Van with driver"},
}

ROWS: dict[str, tuple[Row, ...]] = {
    "countriesRegions": tuple({"code": code, "displayName": name} for code, name in _COUNTRIES),
    "currencies": (
        {"code": "EUR", "displayName": "Euro", "symbol": "€", "amountDecimalPlaces": "2:2"},
        {"code": "GBP", "displayName": "Pound Sterling", "symbol": "£"},
        {"code": "USD", "displayName": "US Dollar", "symbol": "$"},
    ),
    "currencyExchangeRates": (
        {
            "currencyCode": "USD",
            "startingDate": "2026-01-01",
            "exchangeRateAmount": "1.25",
            "relationalExchangeRateAmount": "1",
        },
        {
            "currencyCode": "EUR",
            "startingDate": "2026-01-01",
            "exchangeRateAmount": "1.16",
            "relationalExchangeRateAmount": "1",
        },
    ),
    "paymentTerms": (
        {"code": "14 DAYS", "displayName": "Net 14 days", "dueDateCalculation": "14D"},
        {"code": "1M(8D)", "displayName": "1 Month/2% 8 days", "dueDateCalculation": "1M"},
        {"code": "30 DAYS", "displayName": "Net 30 days", "dueDateCalculation": "30D"},
        {"code": "CM", "displayName": "Current Month", "dueDateCalculation": "CM"},
        {"code": "COD", "displayName": "Cash on delivery", "dueDateCalculation": "0D"},
    ),
    "paymentMethods": (
        {"code": "BANK", "displayName": "Bank Transfer"},
        {"code": "CASH", "displayName": "Cash payment"},
    ),
    "shipmentMethods": (
        {"code": "EXW", "displayName": "Ex Works"},
        {"code": "FOB", "displayName": "Free on Board"},
    ),
    "unitsOfMeasure": (
        {"code": "BOX", "displayName": "Box", "internationalStandardCode": "BX"},
        {"code": "HOUR", "displayName": "Hour", "internationalStandardCode": "HUR"},
        {"code": "PCS", "displayName": "Piece", "internationalStandardCode": "EA"},
    ),
    "taxAreas": tuple(
        {"code": code, "displayName": name, "taxType": "VAT"}
        for code, name in (
            ("DOMESTIC", "Domestic customers and vendors"),
            ("EU", "Customers and vendors in EU"),
            ("EXPORT", "Other customers and vendors (not EU)"),
        )
    ),
    "taxGroups": (
        {"code": "STANDARD", "displayName": "Standard VAT (20%)", "taxType": "VAT"},
        {"code": "ZERO", "displayName": "Zero VAT", "taxType": "VAT"},
    ),
    "generalProductPostingGroups": (
        {
            "code": "RETAIL",
            "description": "Retail",
            "defaultVATProductPostingGroup": "STANDARD",
        },
        {"code": "SERVICES", "description": "Services", "autoInsertDefault": True},
    ),
    "inventoryPostingGroups": ({"code": "RESALE", "description": "Resale items"},),
    "itemCategories": (
        {"code": "CHAIR", "displayName": "Chairs"},
        {"code": "DESK", "displayName": "Desks"},
    ),
    "salespeoplePurchasers": (
        {"code": "JO", "displayName": "Jory Oakes", "email": "jory@harwick.example"},
        {"code": "MR", "displayName": "Maeve Rowan", "email": "maeve@harwick.example"},
    ),
    "locations": (
        {"code": "EAST", "displayName": "East Warehouse", "city": "Hull", "country": "GB"},
        {"code": "WEST", "displayName": "West Warehouse", "city": "Bristol", "country": "GB"},
    ),
    "dimensions": (
        {"code": "AREA", "displayName": "Area"},
        {"code": "DEPARTMENT", "displayName": "Department"},
    ),
    "dimensionValues": (
        {"code": "30", "dimensionId": "AREA", "displayName": "Europe North"},
        {"code": "40", "dimensionId": "AREA", "displayName": "Europe South"},
        {"code": "SALES", "dimensionId": "DEPARTMENT", "displayName": "Sales"},
    ),
    "accounts": tuple(
        {
            "number": number,
            "displayName": name,
            "category": category,
            "accountType": kind,
            "directPosting": kind == "Posting",
        }
        for number, name, category, kind in (
            ("10100", "Checking account", "Assets", "Posting"),
            ("10900", "Trade debtors", "Assets", "Posting"),
            ("20100", "Trade creditors", "Liabilities", "Posting"),
            ("20700", "Sales VAT", "Liabilities", "Posting"),
            ("30100", "Capital", "Equity", "Posting"),
            ("40000", "INCOME", "Income", "Heading"),
            ("40100", "Sales, retail", "Income", "Posting"),
            ("40400", "Freight income", "Income", "Posting"),
            ("49990", "TOTAL INCOME", "Income", "End_x002D_Total"),
            ("60400", "Office supplies", "Expense", "Posting"),
            ("99000", "Statistics", "_x0020_", "Posting"),
        )
    ),
    "generalLedgerSetup": ({"localCurrencyCode": LOCAL_CURRENCY, "localCurrencySymbol": ""},),
    "companyInformation": (
        {
            "displayName": "Harwick Distributors",
            "addressLine1": "1 Harwick Park",
            "city": "Sheffield",
            "country": "GB",
            "postalCode": "S1 2HH",
        },
    ),
    **{
        f"{UNLISTED}/{name}": tuple(
            {"number": number, "displayName": told} for number, told in rows.items()
        )
        for name, rows in _UNLISTED.items()
    },
    "journals": ({"code": "DEFAULT", "displayName": "Default Journal Batch"},),
    "customers": _CUSTOMERS,
    "items": _ITEMS,
    "itemVariants": (
        {"code": "OAK", "itemNumber": "1896-S", "description": "ATHENS Desk, oak"},
        {"code": "WALNUT", "itemNumber": "1896-S", "description": "ATHENS Desk, walnut"},
    ),
    "vendors": (
        {
            "number": "V00010",
            "displayName": "Larchwood Mills",
            "city": "Hexham",
            "country": "GB",
            "paymentTermsId": "30 DAYS",
        },
        {
            "number": "V00020",
            "displayName": "Verdant Werke GmbH",
            "city": "Kassel",
            "country": "DE",
            "currencyCode": "EUR",
            "paymentTermsId": "14 DAYS",
        },
        {"number": "V00030", "displayName": "", "country": "GB", "blocked": "Payment"},
    ),
}
