"""Makes ``catalogue.json`` from the description of the API: ``python -m`` this module SOURCE.

Only run when the description changes; the simulator itself reads ``catalogue``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from gateway.simulator.catalogue.entities import (
    DATA,
    ROUTES,
    EntitySet,
    Field,
    Navigation,
    encode_member,
)

# The tables that fields relate to, as entity sets. Tables without an entity set are left out:
# what they hold can not be seen, so it is not checked.
_TABLES = {
    "Country/Region": "countriesRegions",
    "Currency": "currencies",
    "Customer": "customers",
    "Dimension": "dimensions",
    "Dimension Value": "dimensionValues",
    "Dispute Status": "disputeStatus",
    "Employee": "employees",
    "FA Location": "fixedAssetLocations",
    "G/L Account": "accounts",
    "Gen. Journal Batch": "journals",
    "Gen. Product Posting Group": "generalProductPostingGroups",
    "Inventory Posting Group": "inventoryPostingGroups",
    "Item": "items",
    "Item Category": "itemCategories",
    "Job": "projects",
    "Location": "locations",
    "Payment Method": "paymentMethods",
    "Payment Terms": "paymentTerms",
    "Salesperson/Purchaser": "salespeoplePurchasers",
    "Shipment Method": "shipmentMethods",
    "Tax Group": "taxGroups",
    "Unit of Measure": "unitsOfMeasure",
    "Vendor": "vendors",
}

# Fields whose relation the description does not name, by field name.
_RELATED_FIELDS = {
    "currencyCode": "currencies",
    "currencyId": "currencies",
    "customerNumber": "customers",
    "generalProductPostingGroupCode": "generalProductPostingGroups",
    "itemNumber": "items",
    "itemVariantId": "itemVariants",
    "salesperson": "salespeoplePurchasers",
    "salespersonCode": "salespeoplePurchasers",
    "purchaser": "salespeoplePurchasers",
    "purchaserCode": "salespeoplePurchasers",
    "taxAreaId": "taxAreas",
    "unitOfMeasureCode": "unitsOfMeasure",
    "vendorNumber": "vendors",
}

# A payment or a journal line belongs to the journal of its kind; the lines that the API shows are
# those of G/L accounts (bc/api.md §11).
_RELATED_BY_SET = {
    ("journalLines", "accountId"): "accounts",
    ("journalLines", "accountNumber"): "accounts",
    ("journalLines", "balancingAccountId"): "accounts",
    ("journalLines", "balancingAccountNumber"): "accounts",
    **{
        (journals, f"balancingAccount{ending}"): "accounts"
        for journals in ("journals", "customerPaymentJournals", "vendorPaymentJournals")
        for ending in ("Id", "Number")
    },
    **{
        ("timeRegistrationEntries", f"employee{ending}"): "employees" for ending in ("Id", "Number")
    },
    ("timeRegistrationEntries", "jobId"): "projects",
    ("customerPayments", "journalId"): "customerPaymentJournals",
    ("vendorPayments", "journalId"): "vendorPaymentJournals",
}


# What the description leaves open. A choice: a flag, and an option, which is a text
# (bc/api.md §10).
_UNTYPED = {"isInstalled": "Edm.Boolean", "operationType": "Edm.String"}


# What can be subscribed to: a page of the base application, which the description leaves out.
# Microsoft filters it by ``resource eq 'v2.0*'`` (bc/api.md §9); its field is read from page 5460.
_SUPPORTED = EntitySet(
    name="webhookSupportedResources",
    entity="webhookSupportedResource",
    route="microsoft/runtime/beta",
    key=("resource",),
    verbs=("get",),
    fields=(Field("resource", "Edm.String", max_length=2048, read_only=True, wild=True),),
)


class _Drift:
    """What a release changed that the description of today does not say."""

    def __init__(self, events: list[list[str]]) -> None:
        self._events = events

    def when(self, change: str, entity_set: str, name: str) -> str | None:
        """The release with this change of a member, the last one if there are several."""
        found = [
            release
            for release, kind, of, member in self._events
            if (of, member) == (entity_set, name) and kind.startswith(change)
        ]
        return found[-1] if found else None

    def gone(self, change: str, entity_set: str) -> list[tuple[str, str]]:
        """Members that the entity set has no more: their names and since when."""
        return [
            (member, release)
            for release, kind, of, member in self._events
            if (kind, of) == (change, entity_set)
        ]


def _field(raw: dict[str, Any], entity_set: str, drift: _Drift) -> Field:
    name = raw["name"]
    ref = _RELATED_BY_SET.get((entity_set, name)) or _RELATED_FIELDS.get(name)
    if ref is None and (raw["type"] == "Edm.Guid" or raw.get("code")):
        ref = _TABLES.get(raw.get("relatesTo", ""))
    return Field(
        name=name,
        type=_UNTYPED[name] if raw["type"] == "?" else raw["type"],
        max_length=raw.get("maxLength"),
        enum=tuple(raw.get("enum", ())),
        later=tuple(raw.get("enumAddedAfter26", ())),
        read_only=raw.get("readOnly", False),
        since=raw.get("since"),
        turned=drift.when("readOnly", entity_set, name),
        code=raw.get("code", False),
        computed=raw.get("computed", False),
        blank_refused=raw.get("blankRefused", False),
        ref=ref,
    )


def _camel(name: str) -> str:
    words = name.replace(".", "").replace("No", "Number").split()
    return "".join([words[0].lower(), *(word.capitalize() for word in words[1:])])


def _field_for(name: str, raw: dict[str, Any]) -> str | None:
    """The API field of a table field, as far as the names tell."""
    fields = {field["name"] for field in raw["fields"]}
    stem = _camel(name)
    candidates = [stem, stem.replace("systemid", "id"), "id" if stem == "Id" else stem]
    if name in {"SystemId", "Id"}:
        candidates = ["id", "systemId"]
    elif name in {"Parent Id", "ParentId"}:
        candidates = ["parentId"]
    elif name == "Document Id":
        candidates = ["documentId", "parentId"]
    elif name == "Group User SID":
        candidates = ["groupUserSecurityId"]
    elif name == "No.":
        candidates = ["number", "documentNumber"]
    return next((candidate for candidate in candidates if candidate in fields), None)


def _part(
    raw: dict[str, Any], owner: dict[str, Any], target: dict[str, Any], drift: _Drift
) -> Navigation:
    known = owner.get("navigation")
    ways = known if isinstance(known, list) else []
    constraint = next((w.get("constraint") for w in ways if w["name"] == raw["name"]), None)
    link = [tuple(pair) for pair in constraint or ()]
    fixed: dict[str, str] = {}
    for step in raw.get("link", ()):
        if "constant" in step:
            fields = {field["name"]: field for field in target["fields"]}
            encoded = encode_member(step["constant"])
            if encoded in fields.get("parentType", {}).get("enum", ()):
                fixed["parentType"] = encoded
        elif not constraint:
            mine, theirs = _field_for(step["parent"], owner), _field_for(step["child"], target)
            if mine and theirs:
                link.append((mine, theirs))
    return Navigation(
        name=raw["name"],
        target=raw["entitySet"],
        many=raw["multiplicity"] == "Many",
        part=True,
        since=raw.get("since"),
        single=drift.when("multiplicity Many->ZeroOrOne", owner["entitySet"], raw["name"]),
        link=tuple((mine, theirs) for mine, theirs in link),
        fixed=fixed,
    )


def _gone(parts: list[Navigation], drift: _Drift, entity_set: str) -> list[Navigation]:
    """Parts under names that a release took away: they had the name of their entity set."""
    return [
        msgspec.structs.replace(part, name=name, many=True, since=None, until=until)
        for name, until in drift.gone("-part", entity_set)
        for part in parts
        if part.target == name
    ]


def _navigation(
    raw: dict[str, Any], sets: dict[str, dict[str, Any]], drift: _Drift
) -> tuple[Navigation, ...]:
    known_parts = [part for part in raw["parts"] if part["entitySet"] in sets]
    parts = [_part(part, raw, sets[part["entitySet"]], drift) for part in known_parts]
    parts += _gone(parts, drift, raw["entitySet"])
    taken = {part.name for part in parts}
    by_entity = {other["entityName"]: name for name, other in sets.items()}
    known = raw.get("navigation")
    relations = [
        Navigation(
            name=way["name"],
            target=by_entity[way["target"]],
            many=way["many"],
            link=tuple((mine, theirs) for mine, theirs in way.get("constraint") or ()),
        )
        for way in (known if isinstance(known, list) else ())
        if way["name"] not in taken and way["target"] in by_entity
    ]
    return (*parts, *relations)


def _fields(raw: dict[str, Any], drift: _Drift) -> tuple[Field, ...]:
    fields = [_field(field, raw["entitySet"], drift) for field in raw["fields"]]
    for name, until in drift.gone("-field", raw["entitySet"]):
        # The one that took its place is of the same type (bc/api.md §12).
        heir = next(field for field in fields if field.name.lower().endswith(name.lower()))
        fields.append(msgspec.structs.replace(heir, name=name, since=None, until=until))
    names = {field.name for field in fields}
    # A choice: a key that the page does not show is a property of its own all the same.
    keys = [Field(name, "Edm.Guid", read_only=True) for name in raw["key"] if name not in names]
    return (*keys, *fields)


def write_catalogue(source: Path, target: Path = DATA) -> int:
    """Write ``target`` from the description in ``source``; gives the number of entity sets."""
    described = msgspec.json.decode(source.read_bytes())
    entities, drift = described["entities"], _Drift(described["drift"])
    catalogue = [_SUPPORTED]
    for route in ROUTES:
        sets = {raw["entitySet"]: raw for raw in entities if raw["route"] == route}
        catalogue += [_entity_set(route, raw, sets, drift) for raw in sets.values()]
    lines = b",\n".join(msgspec.json.encode(entity_set) for entity_set in catalogue)
    target.write_bytes(b"[\n" + lines + b"\n]\n")
    return len(catalogue)


def _entity_set(
    route: str, raw: dict[str, Any], sets: dict[str, dict[str, Any]], drift: _Drift
) -> EntitySet:
    return EntitySet(
        name=raw["entitySet"],
        entity=raw["entityName"],
        route=route,
        key=tuple(raw["key"]),
        verbs=tuple(raw["verbs"]),
        since=raw["since"],
        webhook=raw.get("webhook", False),
        fields=_fields(raw, drift),
        navigation=_navigation(raw, sets, drift),
        actions=tuple(action["name"] for action in raw["actions"]),
        required=tuple(tuple(group) for group in raw.get("requiredOnPost", ())),
        needs_filter=next(iter(raw.get("listNeedsFilter", ())), None),
    )


if __name__ == "__main__":
    sys.stdout.write(f"{write_catalogue(Path(sys.argv[1]))} entity sets\n")
