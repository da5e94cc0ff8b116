"""A resource in OpenAPI: its canonical schema for either direction, its calls, its own codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from gateway.api.bodies import ETAGS, IDEMPOTENCY_KEY
from gateway.api.calls import (
    CALLING_OUT,
    CONNECTION,
    PAGE,
    PREFER,
    Code,
    Shape,
    call,
    code_of,
    in_header,
    in_path,
    in_query,
    reference,
)
from gateway.api.shapes import listing
from gateway.errors import (
    Ambiguous,
    BusinessCentralRefused,
    Conflict,
    FilterNotApplied,
    IdempotencyKeyReused,
    MappingError,
    NotFound,
    OperationInProgress,
    OutcomeUnknown,
    PreconditionFailed,
    RecordLocked,
    Rejected,
)
from gateway.mapping import ListPlan, Plan
from gateway.snapshot import ResourcePlans
from gateway.validation import Schemas, answer_side, change_side, input_side
from gateway.wire import JSON_TYPES

_READING = [*CALLING_OUT, code_of(FilterNotApplied), code_of(MappingError)]
_WRITING = [
    *CALLING_OUT,
    *(
        code_of(error)
        for error in (
            MappingError,
            BusinessCentralRefused,
            RecordLocked,
            Conflict,
            OperationInProgress,
            IdempotencyKeyReused,
            OutcomeUnknown,
        )
    ),
]
_COMPARED: Mapping[str, str] = {
    "eq": "is this",
    "ge": "is this or later",
    "gt": "is later than this",
    "le": "is this or earlier",
    "lt": "is earlier than this",
}
_CHANGING = [
    *_WRITING,
    code_of(NotFound),
    code_of(FilterNotApplied),
    code_of(PreconditionFailed),
]
_NOTHING: Shape = {"type": "object", "maxProperties": 0}
_ID = in_path("id", "The id of the record.")
_CONDITION = in_header(
    "If-Match",
    "Only if the record still has one of these `ETag`s; else 412. `*`: only if it is there.",
    {"type": "string", "pattern": f"^(?:\\*|{ETAGS})$"},
    example="*",
)
_WRITE_HEADERS = (
    in_header(
        "Idempotency-Key",
        "The same key with the same document is one write, however often it is sent. Without it "
        "your own reference serves, where the resource has one.",
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": f"^{IDEMPOTENCY_KEY}$"},
        example="deal-2026-0815",
    ),
    PREFER,
)
_WRITTEN = ("Operation-Id", "Idempotency-Replayed", "Warnings")
_RECORD = (*_WRITTEN, "ETag")
_HEADERS = {
    200: _RECORD,
    201: _RECORD,
    202: ("Operation-Id", "Idempotency-Replayed"),
    204: _WRITTEN,
}


def schemas(known: Schemas, plans: ResourcePlans) -> Shape:
    """The canonical schema of a resource, as it is sent and as it is answered."""
    canonical = cast("Shape", known.canonical(plans.schema).value)
    name = schema_name(plans.schema)
    answered = {key: value for key, value in answer_side(canonical).items() if key != "examples"}
    sides = {name: answered, f"{name}Input": input_side(canonical)}
    listed = plans.verbs["list"].list if "list" in plans.verbs else None
    if listed is not None:
        sides[f"{name}Row"] = _without(answered, listed.omit)
    if "update" in plans.verbs:
        sides[f"{name}Patch"] = change_side(canonical)
    for taken in (plan.takes for plan in plans.verbs.values() if plan.takes):
        sides[f"{schema_name(taken)}Input"] = input_side(
            cast("Shape", known.canonical(taken).value)
        )
    return {side: _component(schema, side) for side, schema in sides.items()}


def schema_name(canonical: str) -> str:
    """`sales-order` is `SalesOrder` in the document."""
    return "".join(part.capitalize() for part in canonical.split("-"))


def codes(plan: Plan) -> list[Code]:
    """The problem codes that a verb's mapping declares."""
    return [
        Code(
            rejection.code,
            Rejected.status,
            f"{rejection.title}. {rejection.remedy}."
            if rejection.remedy
            else f"{rejection.title}.",
        )
        for rejection in plan.rejections.values()
    ]


def paths(plans: ResourcePlans) -> Shape:
    """The calls that the mapping of a resource allows."""
    collection = f"/v1/connections/{{connection}}/{plans.resource}"
    one = f"{collection}/{{id}}"
    found: dict[str, Shape] = {collection: {}, one: {}}
    if "list" in plans.verbs:
        found[collection]["get"] = _list(plans)
    if "create" in plans.verbs:
        found[collection]["post"] = _create(plans)
    if "read" in plans.verbs:
        found[one]["get"] = _read(plans)
    if "upsert" in plans.verbs:
        found[one]["put"] = _upsert(plans)
    if "update" in plans.verbs:
        found[one]["patch"] = _update(plans)
    if "delete" in plans.verbs:
        found[one]["delete"] = _delete(plans)
    found |= {f"{one}/{name}": {"post": _action(plans, name)} for name in plans.actions}
    return {path: methods for path, methods in found.items() if methods}


def _list(plans: ResourcePlans) -> Shape:
    listed = plans.verbs["list"].list
    filters = [_filter(listed, name) for name in listed.filters] if listed else []
    return call(
        f"list_{_identifier(plans)}",
        f"{plans.title}: a page of them",
        tag=plans.title,
        parameters=[CONNECTION, *PAGE, *filters],
        answers={200: listing(reference(f"{schema_name(plans.schema)}Row"))},
        problems=_READING,
    )


def _filter(listed: ListPlan, name: str) -> Shape:
    known = listed.filters[name]
    field = listed.entity.fields[known.field]
    schema: Shape = dict(JSON_TYPES[field.type])
    if known.values is not None:
        schema["enum"] = list(known.values)
    elif field.max_length is not None:
        schema["maxLength"] = field.max_length
    compared = _COMPARED[known.operator]
    return in_query(name, f"Only those whose {field.name} in Business Central {compared}.", schema)


def _read(plans: ResourcePlans) -> Shape:
    return call(
        f"read_{_identifier(plans)}",
        f"{plans.title}: one of them",
        tag=plans.title,
        parameters=[CONNECTION, _ID],
        answers={200: reference(schema_name(plans.schema))},
        problems=[*_READING, code_of(NotFound)],
        headers={200: ["ETag"]},
    )


def _create(plans: ResourcePlans) -> Shape:
    return call(
        f"create_{_identifier(plans)}",
        f"{plans.title}: a new one",
        tag=plans.title,
        parameters=[CONNECTION, *_WRITE_HEADERS],
        takes=reference(f"{schema_name(plans.schema)}Input"),
        answers={201: reference(schema_name(plans.schema)), 202: reference("Operation")},
        problems=[*_WRITING, *codes(plans.verbs["create"])],
        headers=_HEADERS,
    )


def _upsert(plans: ResourcePlans) -> Shape:
    key = "Its business key: one segment, percent-encoded, `/` as `%2F`."
    record = reference(schema_name(plans.schema))
    return call(
        f"put_{_identifier(plans)}",
        f"{plans.title}: one by its key, new or changed",
        tag=plans.title,
        parameters=[CONNECTION, in_path("id", key), *_WRITE_HEADERS, _CONDITION],
        takes=reference(f"{schema_name(plans.schema)}Input"),
        answers={200: record, 201: record, 202: reference("Operation")},
        problems=[*_CHANGING, code_of(Ambiguous), *codes(plans.verbs["upsert"])],
        headers=_HEADERS,
    )


def _update(plans: ResourcePlans) -> Shape:
    patch = reference(f"{schema_name(plans.schema)}Patch")
    described = call(
        f"update_{_identifier(plans)}",
        f"{plans.title}: change one",
        tag=plans.title,
        parameters=[CONNECTION, _ID, *_WRITE_HEADERS, _CONDITION],
        takes=patch,
        answers={200: reference(schema_name(plans.schema)), 202: reference("Operation")},
        problems=[*_CHANGING, *codes(plans.verbs["update"])],
        headers=_HEADERS,
    )
    content = cast("Shape", cast("Shape", described["requestBody"])["content"])
    content["application/merge-patch+json"] = {"schema": patch}
    return described


def _delete(plans: ResourcePlans) -> Shape:
    return call(
        f"delete_{_identifier(plans)}",
        f"{plans.title}: delete one",
        tag=plans.title,
        parameters=[CONNECTION, _ID, *_WRITE_HEADERS, _CONDITION],
        answers={204: None, 202: reference("Operation")},
        problems=[*_CHANGING, *codes(plans.verbs["delete"])],
        headers=_HEADERS,
    )


def _action(plans: ResourcePlans, name: str) -> Shape:
    plan = plans.verbs[name]
    answered = {200: reference(schema_name(plans.schema))} if plan.answer_step else {204: None}
    described = call(
        f"{name.replace('-', '_')}_{_identifier(plans)}",
        f"{plans.title}: {name.replace('-', ' ')} one",
        tag=plans.title,
        parameters=[CONNECTION, _ID, *_WRITE_HEADERS, _CONDITION],
        takes=reference(f"{schema_name(plan.takes)}Input") if plan.takes else _NOTHING,
        answers={**answered, 202: reference("Operation")},
        problems=[*_CHANGING, code_of(Ambiguous), *codes(plan)],
        headers=_HEADERS,
    )
    if not plan.takes:
        cast("Shape", described["requestBody"])["required"] = False
    return described


def _without(schema: Shape, omit: Collection[str]) -> Shape:
    """The schema of a list's rows: without the fields that lists leave out."""
    properties = cast("Shape", schema["properties"])
    required = cast("list[str]", schema.get("required", []))
    return {
        **schema,
        "properties": {name: part for name, part in properties.items() if name not in omit},
        "required": [name for name in required if name not in omit],
    }


def _identifier(plans: ResourcePlans) -> str:
    return plans.resource.replace("-", "_")


def _component(schema: Mapping[str, object], name: str) -> Shape:
    """A schema file as a part of the document: no id of its own, references from the root."""
    kept = {key: value for key, value in schema.items() if key not in {"$schema", "$id"}}
    return cast("Shape", _rooted(kept, f"#/components/schemas/{name}"))


def _rooted(value: object, root: str) -> object:
    """Local references as seen from the document, and no property that this side never has."""
    if isinstance(value, list):
        return [_rooted(child, root) for child in value]
    if not isinstance(value, dict):
        return value
    rooted: Shape = {}
    for key, child in value.items():
        if key == "$ref" and isinstance(child, str) and child.startswith("#/"):
            rooted[key] = root + child[1:]
        elif key == "properties" and isinstance(child, dict):
            rooted[key] = {
                name: _rooted(part, root) for name, part in child.items() if part is not False
            }
        else:
            rooted[key] = _rooted(child, root)
    return rooted
