"""A resource in OpenAPI: its canonical schema for either direction, its calls, its own codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from gateway.api.calls import (
    CALLING_OUT,
    CONNECTION,
    PAGE,
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
    BusinessCentralRefused,
    Conflict,
    FilterNotApplied,
    IdempotencyKeyReused,
    MappingError,
    NotFound,
    OperationInProgress,
    OutcomeUnknown,
    RecordLocked,
    Rejected,
)
from gateway.mapping import Plan
from gateway.snapshot import ResourcePlans
from gateway.validation import Schemas, answer_side, input_side

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
_WRITE_HEADERS = (
    in_header("Idempotency-Key", "The same key never makes a second record."),
    in_header("Prefer", "`respond-async`, or `wait=N` seconds (60)."),
)


def schemas(known: Schemas, plans: ResourcePlans) -> Shape:
    """The canonical schema of a resource, as it is sent and as it is answered."""
    canonical = cast("Shape", known.canonical(plans.schema).value)
    name = schema_name(plans.schema)
    answered = {key: value for key, value in answer_side(canonical).items() if key != "examples"}
    sides = {name: answered, f"{name}Input": input_side(canonical)}
    listed = plans.verbs["list"].list if "list" in plans.verbs else None
    if listed is not None:
        sides[f"{name}Row"] = _without(answered, listed.omit)
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
    return {path: methods for path, methods in found.items() if methods}


def _list(plans: ResourcePlans) -> Shape:
    listed = plans.verbs["list"].list
    filters = [
        in_query(name, f"Only those with this {name.replace('_', ' ')}.")
        for name in (listed.filters if listed else ())
    ]
    return call(
        f"list_{_identifier(plans)}",
        f"{plans.title}: a page of them",
        tag=plans.title,
        parameters=[CONNECTION, *PAGE, *filters],
        answers={200: listing(reference(f"{schema_name(plans.schema)}Row"))},
        problems=_READING,
    )


def _read(plans: ResourcePlans) -> Shape:
    return call(
        f"read_{_identifier(plans)}",
        f"{plans.title}: one of them",
        tag=plans.title,
        parameters=[CONNECTION, in_path("id", "The id of the record.")],
        answers={200: reference(schema_name(plans.schema))},
        problems=[*_READING, code_of(NotFound)],
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
    )


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
