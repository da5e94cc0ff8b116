"""The gateway's own paths in OpenAPI: connections, item matches, operations, dry run, health."""

from __future__ import annotations

from typing import Final

from gateway.api import dry_run_shapes, match_shapes, shapes
from gateway.api.calls import (
    CALLING_OUT,
    CONNECTION,
    PAGE,
    PREFER,
    Shape,
    call,
    code_of,
    in_path,
    in_query,
    reference,
)
from gateway.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    OperationInProgress,
    UnknownResource,
)
from gateway.matching import LONGEST_SKU, STATUSES

SCHEMAS: Final[Shape] = {
    "Problem": shapes.PROBLEM,
    "Connection": shapes.CONNECTION,
    "ConnectionInput": shapes.CONNECTION_INPUT,
    "ConnectionChange": shapes.CONNECTION_CHANGE,
    "Environment": shapes.ENVIRONMENT,
    "Company": shapes.COMPANY,
    "Diagnosis": shapes.DIAGNOSIS,
    "Match": match_shapes.MATCH,
    "MatchInput": match_shapes.MATCH_INPUT,
    "Matches": match_shapes.MATCHES,
    "MatchesInput": match_shapes.MATCHES_INPUT,
    "MatchProgress": match_shapes.MATCH_PROGRESS,
    "Operation": shapes.OPERATION,
    "DryRun": dry_run_shapes.DRY_RUN,
    "DryRunInput": dry_run_shapes.DRY_RUN_INPUT,
    "Resource": shapes.RESOURCE,
}

_NOT_FOUND = code_of(NotFound)
_ONE = "/v1/connections/{connection}"
_OPERATION = in_path("operation", "The id of an operation.")
_SKU = in_path(
    "sku",
    "Your product, as you name it in orders, percent-encoded.",
    {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_SKU,
        "pattern": match_shapes.NO_CONTROL,
    },
)
_SETTLING = [_NOT_FOUND, code_of(Conflict), code_of(OperationInProgress)]


def paths() -> Shape:
    """Every path that does not depend on the snapshot."""
    return {**_about(), **_connections(), **_matches(), **_operations()}


def _about() -> Shape:
    said = {"type": "string", "minLength": 1}
    live = shapes.closed({"status": {"const": "live"}, "version": said})
    ready = shapes.closed({"status": {"const": "ready"}, "snapshot": said})
    return {
        "/health/live": {
            "get": call(
                "live",
                "The process answers",
                tag="Health",
                secured=False,
                answers={200: live},
            )
        },
        "/health/ready": {
            "get": call(
                "ready",
                "The database answers too",
                tag="Health",
                secured=False,
                answers={200: ready},
            )
        },
        "/openapi.json": {
            "get": call(
                "openapi",
                "This document",
                tag="Health",
                secured=False,
                answers={200: {"type": "object"}},
            )
        },
        "/v1/resources": {
            "get": call(
                "list_resources",
                "What this gateway can read and write",
                tag="Resources",
                answers={200: shapes.listing(reference("Resource"))},
            )
        },
        "/v1/dry-run": {
            "post": call(
                "dry_run",
                "What a request would send, without sending it",
                tag="Operations",
                takes=reference("DryRunInput"),
                answers={200: reference("DryRun")},
                problems=[code_of(UnknownResource), *CALLING_OUT],
            )
        },
    }


def _connections() -> Shape:
    tag = "Connections"
    one = reference("Connection")
    return {
        "/v1/connections": {
            "get": call(
                "list_connections",
                "Your connections",
                tag=tag,
                parameters=[
                    in_query("organization", "Only those of this organization."),
                    in_query(
                        "status",
                        "Only those with this status.",
                        {"type": "string", "enum": list(shapes.CONNECTION_STATUS)},
                    ),
                ],
                answers={200: shapes.listing(one)},
            ),
            "post": call(
                "create_connection",
                "A new connection, and the address where its administrator signs in, if any",
                tag=tag,
                takes=reference("ConnectionInput"),
                answers={201: one},
            ),
        },
        _ONE: {
            "get": call(
                "read_connection",
                "One connection",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: one},
            ),
            "patch": call(
                "change_connection",
                "Another company, other params, another label; environment and key by grant",
                tag=tag,
                parameters=[CONNECTION],
                takes=reference("ConnectionChange"),
                answers={200: one},
                problems=CALLING_OUT,
            ),
            "delete": call(
                "delete_connection",
                "Forget a connection and erase its tokens",
                tag=tag,
                parameters=[CONNECTION],
                answers={204: None},
                problems=[code_of(Conflict)],
            ),
        },
        f"{_ONE}/reconnect": {
            "post": call(
                "reconnect",
                "A new address for the administrator, or everything verified anew; the id stays",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: one},
            )
        },
        f"{_ONE}/diagnosis": {
            "post": call(
                "diagnose",
                "Every rung from the sign-in to what the mappings read, and who must act",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: reference("Diagnosis")},
            )
        },
        f"{_ONE}/environments": {
            "get": call(
                "list_environments",
                "The Business Central environments of the tenant",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: shapes.listing(reference("Environment"))},
                problems=CALLING_OUT,
            )
        },
        f"{_ONE}/companies": {
            "get": call(
                "list_companies",
                "The companies of the environment",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: shapes.listing(reference("Company"))},
                problems=CALLING_OUT,
            )
        },
    }


def _matches() -> Shape:
    tag, one = "Item matches", reference("Match")
    return {
        f"{_ONE}/matches/items": {
            "get": call(
                "list_matches",
                "What is kept: matches by rules, decisions, and what waits for a person",
                tag=tag,
                parameters=[
                    CONNECTION,
                    in_query(
                        "status",
                        "Only those with this status.",
                        {"type": "string", "enum": list(STATUSES)},
                    ),
                    in_query(
                        "decided",
                        "Only what people decided, or only the others.",
                        {"type": "boolean"},
                    ),
                    *PAGE,
                ],
                answers={200: shapes.listing(one)},
            ),
            "post": call(
                "match_items",
                "Which items many SKUs are, by every rule",
                tag=tag,
                parameters=[
                    CONNECTION,
                    PREFER,
                ],
                takes=reference("MatchesInput"),
                answers={200: reference("Matches"), 202: reference("MatchProgress")},
                problems=[code_of(Conflict), *CALLING_OUT],
                headers={202: ["Retry-After"]},
            ),
        },
        f"{_ONE}/matches": {
            "get": call(
                "match_progress",
                "How far the latest matching is",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: reference("MatchProgress")},
                problems=[_NOT_FOUND],
            )
        },
        f"{_ONE}/matches/items/{{sku}}": {
            "get": call(
                "read_match",
                "Which item a SKU is, and why",
                tag=tag,
                parameters=[CONNECTION, _SKU],
                answers={200: one},
                problems=CALLING_OUT,
            ),
            "put": call(
                "decide_match",
                "Decide which item a SKU is",
                tag=tag,
                parameters=[CONNECTION, _SKU],
                takes=reference("MatchInput"),
                answers={200: one},
                problems=[code_of(InvalidInput), *CALLING_OUT],
            ),
            "delete": call(
                "forget_match",
                "Forget what is kept of a SKU",
                tag=tag,
                parameters=[CONNECTION, _SKU],
                answers={204: None},
                problems=[_NOT_FOUND],
            ),
        },
    }


def _operations() -> Shape:
    tag = "Operations"
    return {
        "/v1/operations": {
            "get": call(
                "list_operations",
                "The writes you asked for, the newest first",
                tag=tag,
                parameters=[
                    in_query("connection", "Only those of this connection."),
                    in_query("resource", "Only those of this resource."),
                    in_query(
                        "state",
                        "Only those in this state.",
                        {"type": "string", "enum": list(shapes.OPERATION_STATE)},
                    ),
                    in_query("cause", "Only those that wait or failed for this cause."),
                    in_query("key", "Only those with this idempotency key."),
                    in_query("number", "Only the one that made the record with this number."),
                    *PAGE,
                ],
                answers={200: shapes.listing(reference("Operation"))},
            )
        },
        "/v1/operations/{operation}": {
            "get": call(
                "read_operation",
                "One write and what came of it",
                tag=tag,
                parameters=[_OPERATION],
                answers={200: reference("Operation")},
                problems=[_NOT_FOUND],
            )
        },
        "/v1/operations/{operation}/retry": {
            "post": call(
                "retry_operation",
                "Take up a write that waits; what may be written already is looked for first",
                tag=tag,
                parameters=[_OPERATION],
                answers={202: reference("Operation")},
                problems=_SETTLING,
            )
        },
        "/v1/operations/{operation}/cancel": {
            "post": call(
                "cancel_operation",
                "Give up a write that waits",
                tag=tag,
                parameters=[_OPERATION],
                answers={200: reference("Operation")},
                problems=_SETTLING,
            )
        },
    }
