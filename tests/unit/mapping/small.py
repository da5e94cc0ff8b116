"""A small world for mappings: one canonical schema, three entities, one mapping to change."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, cast

from gateway.config import shipped
from gateway.documents import Document, Finding, load_document, read_document
from gateway.mapping import Compiled, Names, Plan, compile_document
from gateway.validation import Schemas

ORDER: dict[str, Any] = {
    "title": "Order",
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "reference", "kind", "day", "lines", "buyer"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "readOnly": True},
        "reference": {"type": "string", "maxLength": 10},
        "kind": {"enum": ["retail", "wholesale"]},
        "day": {"type": "string", "format": "date"},
        "state": {"enum": ["draft", "done"], "readOnly": True},
        "remark": {"type": "string", "maxLength": 250},
        "endless": {"type": "string"},
        "nick": {"type": ["string", "null"], "maxLength": 5},
        "urgent": {"type": "boolean"},
        "count": {"type": "integer"},
        "weight": {"type": "number"},
        "owner": {"type": "string", "format": "uuid"},
        "seen": {"type": "string", "format": "date-time"},
        "secret": {"type": "string", "maxLength": 5, "writeOnly": True},
        "buyer": {
            "type": "object",
            "additionalProperties": False,
            "required": ["number"],
            "properties": {
                "number": {"type": "string", "maxLength": 20},
                "name": {"type": "string", "maxLength": 100},
            },
        },
        "shipping": {"$ref": "#/$defs/shipping"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 20}},
        "extra": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 50}},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["sku", "quantity"],
                "properties": {
                    "sku": {"type": "string", "maxLength": 20},
                    "quantity": {"type": "number"},
                    "price": {"type": "number"},
                    "text": {"type": "string", "maxLength": 100},
                    "gift": {"type": "boolean"},
                },
            },
        },
    },
    "$defs": {
        "shipping": {
            "type": "object",
            "additionalProperties": False,
            "required": ["amount"],
            "properties": {"amount": {"type": "number"}, "carrier": {"type": "string"}},
        }
    },
}
CODE = {"type": "string", "maxLength": 20, "code": True}
ORDERS: dict[str, Any] = {
    "api": "v2.0",
    "entitySet": "orders",
    "entityName": "order",
    "key": ["id"],
    "verbs": ["get", "post", "patch", "delete"],
    "actions": ["post", "postAndSend"],
    "parameters": {"post": {"reason": {"type": "string", "maxLength": 10}, "on": {"type": "date"}}},
    "required": [["customerNumber", "customerId"]],
    "parts": {
        "orderLines": {"entitySet": "orderLines", "many": True},
        "customer": {"entitySet": "customers", "many": False},
    },
    "fields": {
        "id": {"type": "guid", "readOnly": True},
        "number": {**CODE, "readOnly": True},
        "externalDocumentNumber": {"type": "string", "maxLength": 10, "code": True},
        "postingDate": {"type": "date"},
        "customerId": {"type": "guid"},
        "customerNumber": CODE,
        "remark": {"type": "string", "maxLength": 100},
        "status": {"type": "string", "enum": ["Draft", "In_x0020_Work"], "readOnly": True},
        "kind": {"type": "string", "enum": ["_x0020_", "Retail_x0020_Sale", "Wholesale"]},
        "urgent": {"type": "boolean"},
        "dueDate": {"type": "date", "since": "27.1"},
        "ownerId": {"type": "guid", "since": "29.0"},
        "copies": {"type": "integer"},
        "weight": {"type": "decimal"},
        "total": {"type": "decimal", "readOnly": True, "computed": True},
        "lastModifiedDateTime": {"type": "datetime", "readOnly": True},
    },
}
ORDER_LINES: dict[str, Any] = {
    "api": "v2.0",
    "entitySet": "orderLines",
    "entityName": "orderLine",
    "key": ["id"],
    "verbs": ["get"],
    "parts": {"item": {"entitySet": "items", "many": False}},
    "fields": {
        "id": {"type": "guid", "readOnly": True},
        "sequence": {"type": "integer"},
        "lineType": {
            "type": "string",
            "enum": ["_x0020_", "Item", "Charge_x0020__x0028_Item_x0029_"],
        },
        "unitPrice": {"type": "decimal"},
        "quantity": {"type": "decimal"},
        "lineObjectNumber": CODE,
        "description": {"type": "string", "maxLength": 50},
    },
}
CUSTOMERS: dict[str, Any] = {
    "api": "v2.0",
    "entitySet": "customers",
    "entityName": "customer",
    "key": ["id"],
    "verbs": ["get", "post"],
    "fields": {
        "id": {"type": "guid", "readOnly": True},
        "number": CODE,
        "displayName": {"type": "string", "maxLength": 100},
        "blocked": {"type": "string", "enum": ["_x0020_", "Invoice", "All"]},
        "balance": {"type": "decimal", "computed": True},
    },
}
ITEMS: dict[str, Any] = {
    "api": "v2.0",
    "entitySet": "items",
    "entityName": "item",
    "key": ["id"],
    "verbs": ["get", "post"],
    "fields": {
        "id": {"type": "guid", "readOnly": True},
        "number": CODE,
        "inventory": {"type": "decimal"},
    },
}
MAPPING = """\
resource: orders
title: Orders
schema: order
entity: orders
api: v2.0
params:
  freight: {type: string, maxLength: 20, optional: true}
tables:
  state: {Draft: draft, In Work: done}
  kind: {retail: Retail Sale, wholesale: Wholesale}
  kind_read: {Retail Sale: retail, Wholesale: wholesale}
rejections:
  unknown_buyer: {title: The buyer is unknown, remedy: Create the buyer first}
  unmatched: {title: A SKU has no item}
  blocked: {title: The buyer is blocked}
  no_freight: {title: There is no freight}
record:
  id: "{{ bc.id }}"
  reference: "{{ bc.externalDocumentNumber }}"
  kind: "{{ bc.kind | default('Wholesale') | choose(tables.kind_read) }}"
  day: "{{ bc.postingDate }}"
  state: "{{ bc.status | choose(tables.state) }}"
  remark?: "{{ bc.remark }}"
  buyer: {number: "{{ bc.customerNumber }}"}
  lines:
    $each: bc.orderLines
    $as: line
    $when: line.lineType == 'Item'
    sku: "{{ line.lineObjectNumber }}"
    quantity: "{{ line.quantity }}"
    text?: "{{ line.description }}"
list:
  omit: [lines]
  filters:
    reference: {field: externalDocumentNumber}
    state: {field: status, values: tables.state}
    weight: {field: weight, operator: ge}
    urgent: {field: urgent}
    copies: {field: copies, operator: lt}
    since: {field: lastModifiedDateTime, operator: ge}
read: {}
create:
  input: order
  anchor: {field: externalDocumentNumber, value: "{{ order.reference }}", also_in: [orders]}
  lookups:
    buyer:
      entity: customers
      where: {number: "{{ order.buyer.number }}"}
      cache: 5m
      on_missing: {reject: unknown_buyer}
    items:
      $each: order.lines
      $as: line
      item_match: true
      key: "{{ line.sku }}"
      on_missing: {reject: unmatched}
  guards:
    - {when: "lookups.buyer.blocked in ['Invoice', 'All']", reject: blocked}
    - when: (order.shipping.amount | default(0)) > 0 and params.freight is not present
      reject: no_freight
  body:
    orderLines:
      $concat:
        - $each: order.lines
          $as: line
          $index: i
          unitPrice?: "{{ line.price }}"
          description?: "{{ line.text | truncate_to(50) }}"
          quantity: "{{ line.quantity }}"
          lineObjectNumber: "{{ lookups.items[line.sku].number }}"
          lineType: Item
          sequence: "{{ (i + 1) * 10000 }}"
        - $when: (order.shipping.amount | default(0)) > 0
          sequence: 9000000
          lineType: Charge (Item)
          lineObjectNumber: "{{ params.freight }}"
          quantity: 1
          unitPrice: "{{ order.shipping.amount }}"
    externalDocumentNumber: "{{ order.reference }}"
    customerId: "{{ lookups.buyer.id }}"
    postingDate: "{{ order.day }}"
    remark?: "{{ order.remark | truncate_to(100) }}"
    kind: "{{ order.kind | choose(tables.kind) }}"
    urgent?: "{{ order.urgent }}"
    weight?: "{{ order.weight }}"
problems:
  - {code: Internal_Invalid, reject: unmatched}
"""
CHANGES = """\
update:
  input: order
  lookups:
    buyer:
      entity: customers
      where: {number?: "{{ order.buyer.number }}"}
      on_missing: {reject: unknown_buyer}
    other:
      entity: customers
      where: {number?: "{{ order.reference }}"}
      on_missing: null
  guards:
    - {when: "lookups.other is present", reject: blocked}
  body:
    remark: "{{ order.remark | truncate_to(100) }}"
    customerId: "{{ lookups.buyer.id }}"
    postingDate: "{{ order.day }}"
    kind: "{{ order.kind | choose(tables.kind) }}"
    urgent: "{{ order.urgent }}"
    weight: "{{ order.shipping.amount }}"
    copies: "{{ order.count | default(1) }}"
upsert:
  input: order
  by: {externalDocumentNumber: "{{ target.key }}"}
  create_only: [externalDocumentNumber, weight]
  lookups:
    buyer:
      entity: customers
      where: {number: "{{ order.buyer.number }}"}
      on_missing: {reject: unknown_buyer}
  body:
    externalDocumentNumber: "{{ target.key }}"
    customerId: "{{ lookups.buyer.id }}"
    postingDate: "{{ order.day }}"
    kind: "{{ order.kind | choose(tables.kind) }}"
    remark?: "{{ order.remark | truncate_to(100) }}"
    urgent: true
    weight?: "{{ order.weight }}"
delete: {}
"""
GUID = "5f8c0000-0000-4000-8000-000000000001"


def entity_file(facts: dict[str, Any]) -> Document:
    """A schema file of Business Central with these facts."""
    anything = {"type": "object"}
    schema = {
        "x-business-central": facts,
        "$defs": dict.fromkeys(["create", "update", "record"], anything),
    }
    return read_document(f"bc/v2.0/{facts['entitySet']}.schema.json", json.dumps(schema))


@cache
def schemas() -> Schemas:
    """The schemas of the small world."""
    files = [entity_file(facts) for facts in (ORDERS, ORDER_LINES, CUSTOMERS, ITEMS)]
    facts = [cast("Any", file.value)["x-business-central"] for file in files]
    entities = {
        (one["api"], one["entitySet"]): file for one, file in zip(facts, files, strict=True)
    }
    return Schemas({"order": read_document("order.schema.json", json.dumps(ORDER))}, entities)


@cache
def shape() -> dict[str, Any]:
    """The JSON Schema of mapping files."""
    path = shipped("schemas") / "gateway" / "mapping.schema.json"
    return cast("dict[str, Any]", load_document(path).value)


def compiled(text: str = MAPPING) -> Compiled:
    """What a mapping file with this text comes to."""
    return compile_document(read_document("orders.yaml", text), shape(), schemas())


def plan(verb: str, text: str = MAPPING) -> Plan:
    """The plan of a verb of a mapping without errors."""
    result = compiled(text)
    assert [str(one.place) + " " + one.name for one in errors(result)] == []
    return result.plans[verb]


def errors(result: Compiled) -> list[Finding]:
    """The findings that are no warnings."""
    return [one for one in result.findings if one.severity == "error"]


def changed(*pairs: tuple[str, str]) -> str:
    """The mapping with some of its text replaced; each old text stands there once."""
    text = MAPPING
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def names(**changes: object) -> Names:
    """What the engine hands to a plan, with changes to the order."""
    order = {
        "reference": "R-1",
        "kind": "retail",
        "day": "2026-11-23",
        "buyer": {"number": "10000"},
        "lines": [{"sku": "A", "quantity": 2}],
    }
    return {
        "order": {**order, **changes},
        "lookups": {
            "buyer": {"id": GUID, "number": "10000", "blocked": None},
            "items": {sku: {"number": f"N-{sku}"} for sku in ("A", "B", "C", "000", "1e5")},
        },
        "params": {},
        "steps": {},
        "connection": {"id": "con_1", "organization": "harwick", "company": {"id": GUID}},
        "now": "2026-11-23T09:30:00.000Z",
        "target": {},
    }


def body(mapping: str = MAPPING, **changes: object) -> dict[str, Any]:
    """The body that a mapping makes of an order."""
    made = plan("create", mapping).steps[0].render(names(**changes)).body
    assert made is not None
    return made
