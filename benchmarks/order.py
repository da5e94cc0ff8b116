"""The order that is measured, as the product sends it and as Business Central answers it."""

from __future__ import annotations

import json
from typing import Any

LINES = 10
TENANT = "7b1f1c8e-2d0a-4d55-9a3e-{at:012d}"
COMPANY = "c0a1e5d2-5f0b-4a7e-9c3d-1b2a3c4d5e01"
CUSTOMER = "5f8c0000-0000-4000-8000-000000000001"
ORDER = "5f8c0000-0000-4000-8000-{at:012d}"

Json = dict[str, Any]


def order(reference: str, lines: int = LINES) -> Json:
    """A canonical order as a product sends it."""
    return {
        "external_reference": reference,
        "customer": {"number": "10000"},
        "order_date": "2026-11-23",
        "ship_to": {
            "name": "Adatum, Gate 4",
            "address_line_1": "7 Canal Wharf",
            "city": "Leeds",
            "postal_code": "LS1 4BR",
            "country": "GB",
        },
        "lines": [
            {
                "sku": f"18{at:02}-S",
                "quantity": at + 1,
                "unit_price": 19.9,
                "description": f"Guest chair, colour {at}",
            }
            for at in range(lines)
        ],
    }


def customer() -> Json:
    """The customer as a lookup finds it."""
    return {"@odata.etag": 'W/"1"', "id": CUSTOMER, "number": "10000", "blocked": "_x0020_"}


def items(lines: int = LINES) -> list[Json]:
    """The items as a lookup finds them."""
    return [
        {
            "@odata.etag": 'W/"1"',
            "id": f"5f8c0000-0000-4000-8000-{1000 + at:012d}",
            "number": f"18{at:02}-S",
            "displayName": f"Guest chair, colour {at}",
            "blocked": False,
            "gtin": "",
            "baseUnitOfMeasureCode": "PCS",
        }
        for at in range(lines)
    ]


def header(at: int, reference: str) -> Json:
    """What Business Central answers to a POST: the whole header, most of which nobody reads."""
    address = {"AddressLine2": "", "State": "", "Contact": ""}
    return {
        "@odata.context": "https://bc.example/$metadata#companies(…)/salesOrders/$entity",
        "@odata.etag": 'W/"JzE5OzIxNDc0ODM2NDc7MDA7Jw=="',
        "id": ORDER.format(at=at),
        "number": f"S-ORD{at}",
        "externalDocumentNumber": reference,
        "orderDate": "2026-11-23",
        "postingDate": "2026-11-23",
        "customerId": CUSTOMER,
        "customerNumber": "10000",
        "customerName": "Adatum Corporation",
        "billToName": "Adatum Corporation",
        "billToCustomerId": CUSTOMER,
        "billToCustomerNumber": "10000",
        "shipToName": "Adatum, Gate 4",
        "shipToContact": "",
        "sellToAddressLine1": "192 Market Square",
        "sellToCity": "Birmingham",
        "sellToCountry": "GB",
        "sellToPostCode": "B27 4KT",
        **{f"sellTo{name}": value for name, value in address.items()},
        **{f"billTo{name}": value for name, value in address.items()},
        "shipToAddressLine1": "7 Canal Wharf",
        "shipToAddressLine2": "",
        "shipToCity": "Leeds",
        "shipToCountry": "GB",
        "shipToState": "",
        "shipToPostCode": "LS1 4BR",
        "currencyId": "00000000-0000-0000-0000-000000000000",
        "currencyCode": "GBP",
        "pricesIncludeTax": False,
        "paymentTermsId": "5f8c0000-0000-4000-8000-000000000077",
        "shipmentMethodId": "00000000-0000-0000-0000-000000000000",
        "salesperson": "",
        "partialShipping": True,
        "requestedDeliveryDate": "0001-01-01",
        "discountAmount": 0,
        "discountAppliedBeforeTax": True,
        "totalAmountExcludingTax": 1094.5,
        "totalTaxAmount": 218.9,
        "totalAmountIncludingTax": 1313.4,
        "fullyShipped": False,
        "status": "Draft",
        "lastModifiedDateTime": "2026-11-23T09:30:00.123Z",
        "phoneNumber": "",
        "email": "",
    }


def stored_lines(lines: int = LINES) -> list[Json]:
    """The lines as they are read back with a `$select`."""
    return [
        {
            "@odata.etag": 'W/"1"',
            "id": f"5f8c0000-0000-4000-8000-{2000 + at:012d}",
            "sequence": (at + 1) * 10000,
            "lineType": "Item",
            "lineObjectNumber": f"18{at:02}-S",
            "description": f"Guest chair, colour {at}",
            "unitOfMeasureCode": "PCS",
            "quantity": at + 1,
            "unitPrice": 19.9,
            "discountPercent": 0,
            "discountAmount": 0,
            "netAmount": round(19.9 * (at + 1), 2),
            "itemVariantId": "00000000-0000-0000-0000-000000000000",
        }
        for at in range(lines)
    ]


def encoded(value: object) -> bytes:
    """JSON as Business Central sends it."""
    return json.dumps(value, separators=(",", ":")).encode()
