"""The gateway's own JSON, as JSON Schemas: what its paths take and what they answer.

The handlers validate input with them and `openapi.py` publishes them; the canonical schemas of
the resources come from the snapshot instead.
"""

from __future__ import annotations

from typing import Final, get_args

from gateway.connections import Outcome
from gateway.storage import ConnectionStatus, Grant, State

Shape = dict[str, object]

CONNECTION_STATUS: Final = get_args(ConnectionStatus)
GRANTS: Final = get_args(Grant)
OPERATION_STATE: Final = get_args(State)


def text(description: str, *, longest: int | None = None, empty: bool = False) -> Shape:
    """A text property."""
    shape: Shape = {"type": "string", "description": description}
    if not empty:
        shape["minLength"] = 1
    if longest is not None:
        shape["maxLength"] = longest
    return shape


def nullable(shape: Shape) -> Shape:
    """The same property, or null."""
    return {**shape, "type": [shape["type"], "null"]}


def closed(properties: Shape, *, required: tuple[str, ...] = (), **more: object) -> Shape:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
        **more,
    }


def listing(of: Shape) -> Shape:
    """How lists are answered."""
    return closed(
        {
            "data": {"type": "array", "items": of},
            "next_cursor": nullable(text("Give it as `cursor` to get the next page.")),
        },
        required=("data", "next_cursor"),
    )


_TIME: Shape = {"type": "string", "format": "date-time"}
PARAMS: Shape = {
    "type": "object",
    "description": "Settings that the mappings read as `params`.",
    "maxProperties": 50,
    "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": 250},
}
_COMPANY: Shape = closed(
    {"id": text("The id of the company in Business Central."), "name": text("Its name.")},
    required=("id", "name"),
)
_RETURN_URL = text("Where the administrator's browser goes when all is done.", longest=2000)
_LABEL = text("A name for people.", longest=100)

_CHOSEN_COMPANY: Shape = closed(
    {
        "id": text("Its id in Business Central.", longest=36),
        "name": text("Its name, exactly.", longest=100),
    },
    minProperties=1,
    maxProperties=1,
)
_CREDENTIALS: Shape = {
    "description": "With `basic`: a user of the server. They are kept sealed and never shown.",
    "writeOnly": True,
    **closed(
        {
            "user": text("Its user name.", longest=64),
            "key": text("Its web service access key.", longest=200),
        },
        required=("user", "key"),
    ),
}

CONNECTION_INPUT: Final = closed(
    {
        "organization": text("Your customer, in your own words or ids.", longest=100),
        "environment": text(
            "The Business Central environment, if you know it. Needed without an administrator; "
            "with `basic` the name of a server in the gateway's configuration.",
            longest=100,
        ),
        "grant": {
            "type": "string",
            "enum": list(GRANTS),
            "default": "authorization_code",
            "description": "How the gateway is let in: an administrator signs in at Microsoft, "
            "the application by itself, or a user and key of a server outside Microsoft's cloud.",
        },
        "tenant": text(
            "The Microsoft tenant, a GUID: the one that must sign in, or the application's. With "
            "`basic` the tenant of a server that serves several.",
            longest=63,
        ),
        "company": {
            **_CHOSEN_COMPANY,
            "description": "The company, by exactly one of its id and its name. With "
            "`authorization_code` the administrator chooses it instead.",
        },
        "credentials": _CREDENTIALS,
        "params": PARAMS,
        "label": _LABEL,
        "return_url": _RETURN_URL,
    },
    required=("organization",),
    examples=[
        {"organization": "harwick", "environment": "Production"},
        {
            "organization": "harwick",
            "grant": "client_credentials",
            "tenant": "7b1f1c8e-2d0a-4d55-9a3e-5b7d0c2f4e61",
            "environment": "Production",
            "company": {"name": "Harwick Distributors Ltd"},
        },
    ],
)
CONNECTION_CHANGE: Final = closed(
    {
        "company": {
            "description": "The company, by exactly one of its id and its name.",
            **_CHOSEN_COMPANY,
        },
        "environment": text("Another environment, where no administrator chooses.", longest=100),
        "credentials": _CREDENTIALS,
        "params": PARAMS,
        "label": _LABEL,
    },
    minProperties=1,
    examples=[{"company": {"name": "Harwick Distributors Ltd"}}],
)
CONNECTION: Final = closed(
    {
        "id": text("Begins with `con_`."),
        "organization": text("Whose it is."),
        "status": {"type": "string", "enum": list(CONNECTION_STATUS)},
        "status_detail": nullable(text("What is wrong and who can mend it.")),
        "grant": {"type": "string", "enum": list(GRANTS), "description": "How we are let in."},
        "tenant": nullable(text("The Microsoft tenant, from the claims of the token.")),
        "environment": nullable(text("The Business Central environment.")),
        "environment_type": nullable(
            text("`Production`, `Sandbox`, `OnPremises`, or `Unknown` if it may not be seen.")
        ),
        "company": {"anyOf": [_COMPANY, {"type": "null"}]},
        "principal": nullable(
            text("Who calls: the object id of a Microsoft user, the application, or a user.")
        ),
        "params": PARAMS,
        "label": nullable(text("A name for people.")),
        "connect_url": text("Where the administrator signs in. Only on create and reconnect."),
        "created_at": _TIME,
        "updated_at": _TIME,
    },
    required=("id", "organization", "status", "created_at", "updated_at"),
)
ENVIRONMENT: Final = closed(
    {
        "name": text("Its name."),
        "type": text("`Production`, `Sandbox` or `OnPremises`."),
        "country": nullable(text("The code of its localisation.")),
        "ring": nullable(text("The ring in which it gets updates.")),
        "web_client_url": nullable(text("Where people sign in.")),
    },
    required=("name", "type"),
)
COMPANY: Final = closed(
    {
        "id": text("Its id in Business Central."),
        "name": text("Its name; companies are chosen by it."),
        "display_name": text("The name people see."),
        "system_version": nullable(text("The release of Business Central.")),
        "created_at": nullable(text("When it was made.")),
        "updated_at": nullable(text("When it was last changed.")),
    },
    required=("id", "name", "display_name"),
)
_RUNG: Shape = closed(
    {
        "name": text("`sign_in`, `tenant`, `environment`, `company`, or `read` and an entity set."),
        "outcome": {"type": "string", "enum": list(get_args(Outcome))},
        "detail": nullable(text("What was found.")),
        "who": nullable(text("Who must act.")),
        "where": nullable(text("Where they do it.")),
    },
    required=("name", "outcome", "detail", "who", "where"),
)
DIAGNOSIS: Final = closed(
    {
        "passed": {"type": "boolean", "description": "Every rung is true."},
        "first_failed": {
            "anyOf": [_RUNG, {"type": "null"}],
            "description": "What to mend first.",
        },
        "rungs": {"type": "array", "items": _RUNG, "description": "In order."},
    },
    required=("passed", "first_failed", "rungs"),
)
PLACE: Shape = closed(
    {
        "file": text("The mapping."),
        "line": {"type": "integer"},
        "column": {"type": "integer"},
    }
)
VIOLATION: Shape = closed(
    {
        "rule": text("The rule that is broken."),
        "pointer": {"type": ["string", "null"], "description": "JSON pointer into your body."},
        "target": nullable(text("The field in Business Central.")),
        "mapping": {"anyOf": [PLACE, {"type": "null"}]},
        "detail": text("What is wrong, without the value."),
        "hint": nullable(text("What may help.")),
    }
)
OPERATION: Final = closed(
    {
        "id": text("Begins with `op_`."),
        "connection": text("Where it writes."),
        "resource": text("What it writes."),
        "verb": text("What it does."),
        "state": {"type": "string", "enum": list(OPERATION_STATE)},
        "key": nullable(text("The idempotency key.")),
        "attempts": {"type": "integer"},
        "cause": nullable(text("Why it waits or failed.")),
        "remedy": nullable(text("What can be done.")),
        "record": {
            "anyOf": [
                closed({"id": nullable(text("Its id.")), "number": nullable(text("Its number."))}),
                {"type": "null"},
            ]
        },
        "warnings": {
            "type": "array",
            "items": closed({"code": text("The kind."), "detail": text("What happened.")}),
        },
        "problem": {"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]},
        "created_at": _TIME,
        "updated_at": _TIME,
    },
    required=("id", "connection", "resource", "verb", "state", "created_at", "updated_at"),
)
RESOURCE: Final = closed(
    {
        "name": text("As it stands in paths."),
        "title": text("For people."),
        "verbs": {"type": "array", "items": {"type": "string"}},
        "actions": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What can be done with one of them beyond the verbs.",
        },
        "filters": {"type": "array", "items": {"type": "string"}},
        "omit": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What lists leave out; one record has it.",
        },
    },
    required=("name", "title", "verbs", "actions", "filters", "omit"),
)
PROBLEM: Final = closed(
    {
        "type": {"type": "string", "format": "uri"},
        "title": text("The problem in a few words."),
        "status": {"type": "integer"},
        "detail": text("What happened, to which thing, and what to do."),
        "code": text("For programs."),
        "request_id": text("Quote it to the operator: it is in the log."),
        "operation": text("The operation it belongs to."),
        "retryable": {"type": "boolean", "description": "The same request may succeed later."},
        "errors": {"type": "array", "items": VIOLATION},
        "business_central": closed(
            {
                "status": {"type": "integer"},
                "code": text("Business Central's code."),
                "message": text("Business Central's words.", empty=True),
                "correlation_id": nullable(text("For Microsoft's support.")),
            }
        ),
    },
    required=("type", "title", "status", "detail", "code", "retryable", "errors"),
)
