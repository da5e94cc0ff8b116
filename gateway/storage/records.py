"""What the store takes and gives: frozen values, with no trace of tables or sealing.

Everybody above `storage/` speaks of connections, keys, matches and operations in these values.
Times are aware datetimes. What is secret or personal is left out of every `repr`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, TypeVar

import msgspec
from msgspec.structs import asdict, replace

from gateway.errors import StorageUnavailable

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

DECIDED: Final = "decided"  # the rule of an item match that a person made
ENDED: Final[frozenset[State]] = frozenset({"succeeded", "failed", "cancelled"})


def new_id(prefix: str) -> str:
    """A fresh id such as `con_3f0c…`: the prefix and 128 random bits in hex."""
    return f"{prefix}_{secrets.token_hex(16)}"


class Record(msgspec.Struct, frozen=True):
    """What every record is. `UNSHOWN` are the fields that no `repr` tells."""

    UNSHOWN: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [pair for pair in columns(self).items() if pair[0] not in self.UNSHOWN]


R = TypeVar("R", bound=Record)


def columns(record: Record) -> dict[str, Any]:
    """The fields of a record by name. Nothing is copied: a document may be large."""
    return asdict(record)


def changed(record: R, **values: object) -> R:
    """`record` with other values in these fields. Raises `TypeError` for one it does not have."""
    return replace(record, **values)


class ApiKey(Record, frozen=True):
    """A caller's key. Only its hash is known; `organization` limits it where it is set."""

    UNSHOWN = frozenset({"hash"})

    id: str
    hash: str
    role: Role
    organization: str | None
    created_at: datetime
    revoked_at: datetime | None = None


class Connection(Record, frozen=True):
    """Our authorised link to one company in one Business Central environment.

    `principal` is the object id of the user or application whose token is used.
    `expected_tenant` is the tenant the product named; another one is refused at sign-in. The
    company has id and name once it was seen in the tenant; before that one of the two may be what
    the product asked for.
    """

    UNSHOWN = frozenset({"return_url"})

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
    params: Mapping[str, object] = msgspec.field(default_factory=dict)
    label: str | None = None
    return_url: str | None = None
    expected_tenant: str | None = None


class SignIn(Record, frozen=True):
    """A sign-in under way: one per connect ticket. Ticket, state and session are hashes.

    `verifier` (PKCE) and `nonce` are sealed in the store.
    """

    UNSHOWN = frozenset({"ticket", "state", "verifier", "nonce", "session"})

    ticket: str
    connection_id: str
    created_at: datetime
    expires_at: datetime
    state: str | None = None
    verifier: str | None = None
    nonce: str | None = None
    session: str | None = None
    used_at: datetime | None = None


class RefreshToken(Record, frozen=True):
    """The newest refresh token of a connection, or the user and key of the grant `basic`.

    `version` counts the changes, from 1.
    """

    UNSHOWN = frozenset({"token"})

    connection_id: str
    token: str
    version: int
    updated_at: datetime


class Lease(Record, frozen=True):
    """That this process alone may do what `name` stands for; `number` grows with each holder."""

    name: str
    number: int


class Match(Record, frozen=True):
    """A product's SKU and what is known of the item of Business Central it means.

    `rule` says what decided: `DECIDED` is a person. `candidates` are values that fit JSON.
    """

    UNSHOWN = frozenset({"candidates"})

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
    candidates: tuple[Mapping[str, object], ...] = ()


class MatchFilter(Record, frozen=True):
    """Which item matches a list shows; None: all of them."""

    status: str | None = None
    decided: bool | None = None


class MatchProgress(Record, frozen=True):
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


class OperationWarning(Record, frozen=True):
    """Something the caller should know about a write that succeeded."""

    code: str
    detail: str


class Operation(Record, frozen=True):
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

    UNSHOWN = frozenset({"document", "target", "anchor", "answer", "problem"})

    id: str
    connection_id: str
    organization: str
    resource: str
    verb: str
    hash: str
    snapshot: str
    created_at: datetime
    updated_at: datetime
    document: object
    target: Mapping[str, object] = msgspec.field(default_factory=dict)
    key: str | None = None
    state: State = "running"
    attempt: int = 1
    accepted: bool = False
    restartable: bool = False
    entity: str | None = None
    anchor: str | None = None
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
    answer: object = None
    warnings: tuple[OperationWarning, ...] = ()
    problem: Mapping[str, object] | None = None


class OperationFilter(Record, frozen=True):
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


class Call(Record, frozen=True):
    """One call of a step that can change something: what was sent, and what came back.

    `answer` is None until Business Central's answer is durable.
    """

    UNSHOWN = frozenset({"request", "answer"})

    operation_id: str
    step: str
    attempt: int
    request: Mapping[str, object]
    sent_at: datetime
    answer: Mapping[str, object] | None = None
    answered_at: datetime | None = None


class Began(Record, frozen=True):
    """What `Store.begin` found: the operation, and whether this request is the one to run it."""

    operation: Operation
    fresh: bool


class LeaseLost(Exception):
    """Somebody else has this operation now. Whoever sees this stops, and changes nothing."""


class CommitLost(StorageUnavailable):
    """The gateway's database was lost while it kept this: it may be there all the same."""
