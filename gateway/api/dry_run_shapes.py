"""What `POST /v1/dry-run` takes and what it answers, as JSON Schemas."""

from __future__ import annotations

from typing import Final

from gateway.api.shapes import PARAMS, PLACE, VIOLATION, Shape, closed, nullable, text

DRY_RUN_INPUT: Final = closed(
    {
        "connection": text(
            "Lookups are read there, and whether its reference is free. Without one lookups come from `answers`."
        ),
        "organization": text(
            "Without a connection: whose overrides of the mapping count.", longest=100
        ),
        "resource": text("Which resource."),
        "verb": text("`create`, `update`, `upsert`, `delete`, or an action of the resource."),
        "input": {
            "type": "object",
            "description": "The canonical document, or the patch; nothing for `delete`.",
        },
        "id": text("Which record, for `update`, `delete` and actions."),
        "key": text("Which record, for `upsert`."),
        "mapping": {
            "type": "string",
            "maxLength": 262_144,
            "description": "A mapping file as text, tried in place of the one there is; with "
            "`extends` an override of it.",
        },
        "answers": closed(
            {
                "lookups": {
                    "type": "object",
                    "description": "Per lookup its record, or per key its records.",
                },
                "steps": {
                    "type": "object",
                    "description": "Per step its record, null for none; `read` is the record "
                    "that is changed.",
                    "additionalProperties": {"type": ["object", "null"]},
                },
                "params": PARAMS,
            }
        ),
    },
    required=("resource", "verb"),
)
_FIELD: Shape = closed(
    {
        "target": text("The field, `salesOrderLines[0].quantity`; outside of bodies its place."),
        "step": nullable(text("The step whose body it is in; null outside of bodies.")),
        "from": {
            "type": "array",
            "items": closed(
                {
                    "path": text("`order.lines[0].quantity`; `[]` for a computed key."),
                    "value": {"description": "What stood there; absent where nothing did."},
                },
                required=("path",),
            ),
            "description": "What its expression read.",
        },
        "place": PLACE,
        "expression": text("What the mapping says there.", empty=True),
        "taken": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Which way it went: a default, a side of an `if`, a table's entry.",
        },
        "value": {"description": "What came of it; absent where it is left out."},
        "cleared": {"type": "boolean", "description": "Left out, so the field gets its blank."},
    },
    required=("target", "step", "from", "place", "expression", "taken"),
)
DRY_RUN: Final = closed(
    {
        "verdict": {"type": "string", "enum": ["would_send", "would_refuse"]},
        "requests": {
            "type": "array",
            "items": closed(
                {
                    "step": text("The step of the verb."),
                    "method": text("The HTTP method."),
                    "path": text("The path within the company."),
                    "body": {"type": ["object", "null"]},
                }
            ),
        },
        "then": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The steps that follow once these calls have been answered.",
        },
        "lookups": {
            "type": "array",
            "items": closed(
                {
                    "name": text("The lookup."),
                    "asked": {"type": "integer"},
                    "found": {"type": "integer"},
                    "missing": {"type": "array", "items": {"type": "string"}},
                }
            ),
        },
        "fields": {
            "type": "array",
            "items": _FIELD,
            "description": "Where each value comes from, in the order in which it was found.",
        },
        "unused_input": {
            "type": "array",
            "items": {"type": "string"},
            "description": "JSON pointers of what is in `input` and no expression reads.",
        },
        "findings": {
            "type": "array",
            "items": VIOLATION,
            "description": "Everything that stands against it.",
        },
        "problem": {
            "anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}],
            "description": "What the real request would be answered with.",
        },
    },
    required=(
        "verdict",
        "requests",
        "then",
        "lookups",
        "fields",
        "unused_input",
        "findings",
        "problem",
    ),
)
