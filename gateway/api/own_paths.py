"""The gateway's own paths in OpenAPI: connections, item matches, operations, dry run, health."""

from __future__ import annotations

from typing import Final

from gateway.api import shapes
from gateway.api.calls import (
    CALLING_OUT,
    CONNECTION,
    PAGE,
    Shape,
    call,
    code_of,
    in_path,
    in_query,
    reference,
)
from gateway.errors import Conflict, InvalidInput, NotFound, UnknownResource

SCHEMAS: Final[Shape] = {
    "Problem": shapes.PROBLEM,
    "Connection": shapes.CONNECTION,
    "ConnectionInput": shapes.CONNECTION_INPUT,
    "ConnectionChange": shapes.CONNECTION_CHANGE,
    "Environment": shapes.ENVIRONMENT,
    "Company": shapes.COMPANY,
    "Match": shapes.MATCH,
    "MatchInput": shapes.MATCH_INPUT,
    "Operation": shapes.OPERATION,
    "DryRun": shapes.DRY_RUN,
    "DryRunInput": shapes.DRY_RUN_INPUT,
    "Resource": shapes.RESOURCE,
}

_NOT_FOUND = code_of(NotFound)
_ONE = "/v1/connections/{connection}"
_SKU = in_path("sku", "Your product, as you name it in orders, percent-encoded.")


def paths() -> Shape:
    """Every path that does not depend on the snapshot."""
    return {**_about(), **_connections(), **_matches(), **_operations()}


def _about() -> Shape:
    open_answer: Shape = {"type": "object"}
    return {
        "/health/live": {
            "get": call(
                "live",
                "The process answers",
                tag="Health",
                secured=False,
                answers={200: open_answer},
            )
        },
        "/health/ready": {
            "get": call(
                "ready",
                "The database answers too",
                tag="Health",
                secured=False,
                answers={200: open_answer},
            )
        },
        "/openapi.json": {
            "get": call(
                "openapi", "This document", tag="Health", secured=False, answers={200: open_answer}
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
                "A new connection, and the address where its administrator signs in",
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
                "Another company, other params, another label",
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
                "A new address for the administrator; the connection keeps its id",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: one},
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
                "What people decided",
                tag=tag,
                parameters=[CONNECTION],
                answers={200: shapes.listing(one)},
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
                "Forget a decision",
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
                parameters=[in_path("operation", "The id of an operation.")],
                answers={200: reference("Operation")},
                problems=[_NOT_FOUND],
            )
        },
    }
