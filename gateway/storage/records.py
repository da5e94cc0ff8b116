"""What the store takes and gives: frozen values, with no trace of tables or sealing.

Everybody above `storage/` speaks of connections, keys, matches and operations in these values.
Times are aware datetimes. What is secret or personal is left out of every `repr`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Role = Literal["product", "integrator", "admin"]
Grant = Literal["authorization_code", "client_credentials", "basic"]
ConnectionStatus = Literal[
    "pending",
    "choose_environment",
    "choose_company",
    "active",
    "needs_consent",
    "unauthorized",
    "target_changed",
    "disabled",
]
State = Literal[
    "queued",
    "running",
    "sending",
    "uncertain",
    "parked",
    "succeeded",
    "failed",
    "cancelled",
]

MatchState = Literal["running", "finished", "failed"]

R = TypeVar("R", bound="DataclassInstance")

DECIDED: Final = "decided"  # the rule of an item match that a person made
ENDED: Final[frozenset[State]] = frozenset({"succeeded", "failed", "cancelled"})


def new_id(prefix: str) -> str:
    """A fresh id such as `con_3f0c…`: the prefix and 128 random bits in hex."""
    return f"{prefix}_{secrets.token_hex(16)}"


def columns(record: DataclassInstance) -> dict[str, Any]:
    """The fields of a record by name. Nothing is copied: a document may be large."""
    names, take = _fields(type(record))
    return dict(zip(names, take(record), strict=True))


def changed(record: R, **values: object) -> R:
    """`record` with other values in these fields, as `dataclasses.replace` gives it, in a quarter
    of the time: on the way of an order the largest record is changed ten times.
    """
    kind = type(record)
    names, take = _fields(kind)
    made = object.__new__(kind)
    for name, value in zip(names, take(record), strict=True):
        object.__setattr__(made, name, values.pop(name) if name in values else value)
    if values:
        raise TypeError(f"{kind.__name__} has no {', '.join(values)}")
    return made


@cache
def _fields(kind: type[DataclassInstance]) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    """The names of the fields, and what takes all their values at once."""
    names = tuple(one.name for one in fields(kind))
    return names, attrgetter(*names)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A caller's key. Only its hash is known; `organization` limits it where it is set."""

    id: str
    hash: str = field(repr=False)
    role: Role
    organization: str | None
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """Our authorised link to one company in one Business Central environment.

    `principal` is the object id of the user or application whose token is used.
    `expected_tenant` is the tenant the product named; another one is refused at sign-in. The
    company has id and name once it was seen in the tenant; before that one of the two may be what
    the product asked for.
    """

    id: str
    organization: str
    created_at: datetime
    updated_at: datetime
    status: ConnectionStatus = "pending"
    status_detail: str | None = None
    grant: Grant = "authorization_code"
    tenant: str | None = None
    environment: str | None = None
    environment_type: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    principal: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    label: str | None = None
    return_url: str | None = field(default=None, repr=False)
    expected_tenant: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in under way: one per connect ticket. Ticket, state and session are hashes.

    `verifier` (PKCE) and `nonce` are sealed in the store.
    """

    ticket: str = field(repr=False)
    connection_id: str
    created_at: datetime
    expires_at: datetime
    state: str | None = field(default=None, repr=False)
    verifier: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """The newest refresh token of a connection, or the user and key of the grant `basic`.

    `version` counts the changes, from 1.
    """

    connection_id: str
    token: str = field(repr=False)
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """That this process alone may do what `name` stands for; `number` grows with each holder."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Match:
    """A product's SKU and what is known of the item of Business Central it means.

    `rule` says what decided: `DECIDED` is a person. `candidates` are values that fit JSON.
    """

    connection_id: str
    sku: str
    status: str
    rule: str | None
    updated_at: datetime
    item_id: str | None = None
    item_number: str | None = None
    variant_id: str | None = None
    unit_of_measure: str | None = None
    reason: str | None = None
    candidates: tuple[Mapping[str, object], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class MatchFilter:
    """Which item matches a list shows; None: all of them."""

    status: str | None = None
    decided: bool | None = None


@dataclass(frozen=True, slots=True)
class MatchProgress:
    """How far the latest matching of a connection is, or how it ended.

    `items_total` is None as long as nobody knows it. `counts` are the SKUs by status, at the end.
    """

    connection_id: str
    id: str
    state: MatchState
    skus: int
    started_at: datetime
    updated_at: datetime
    items_read: int = 0
    items_total: int | None = None
    counts: Mapping[str, int] | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class OperationWarning:
    """Something the caller should know about a write that succeeded."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One write the product asked for and all that followed.

    `key` is what makes it idempotent: the header's key, else the anchor's value, else None.
    `target` are the parameters of its path, and the ETags its caller gave. `hash` stands for path,
    verb and document. `attempt` counts how often it was taken up; with
    `owner` it keeps a late worker from changing anything. `accepted`: the caller was told to
    come back (202). `restartable`: the same body with the same key may start over.
    `place` is the tenant, environment and company where the record with the anchor may be.
    `sent_at` is the last time something that can change Business Central was sent.
    `problem` is an error as `operations.journal` writes it down.
    """

    id: str
    connection_id: str
    organization: str
    resource: str
    verb: str
    hash: str
    snapshot: str
    created_at: datetime
    updated_at: datetime
    document: object = field(repr=False)
    target: Mapping[str, object] = field(default_factory=dict, repr=False)
    key: str | None = None
    state: State = "running"
    attempt: int = 1
    accepted: bool = False
    restartable: bool = False
    entity: str | None = None
    anchor: str | None = field(default=None, repr=False)
    place: str | None = None
    sent_at: datetime | None = None
    not_before: datetime | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    cause: str | None = None
    remedy: str | None = None
    record_id: str | None = None
    record_number: str | None = None
    status: int | None = None
    answer: object = field(default=None, repr=False)
    warnings: tuple[OperationWarning, ...] = ()
    problem: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OperationFilter:
    """What a list of operations is limited to; None does not limit. Times: from, to before."""

    organization: str | None = None
    connection_id: str | None = None
    resource: str | None = None
    state: State | None = None
    cause: str | None = None
    key: str | None = None
    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a step that can change something: what was sent, and what came back.

    `answer` is None until Business Central's answer is durable.
    """

    operation_id: str
    step: str
    attempt: int
    request: Mapping[str, object] = field(repr=False)
    sent_at: datetime
    answer: Mapping[str, object] | None = field(default=None, repr=False)
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Began:
    """What `Store.begin` found: the operation, and whether this request is the one to run it."""

    operation: Operation
    fresh: bool


class LeaseLost(Exception):
    """Somebody else has this operation now. Whoever sees this stops, and changes nothing."""
