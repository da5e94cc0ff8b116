"""Subscriptions of one environment, and the changes that wait for each (bc/api.md §9)."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.simulator.catalogue.entities import BLANK_TIME, Catalogue, EntitySet
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.documents.rules import AGAINST, LINES
from gateway.simulator.errors import BusinessCentralError, bad_request, blank_refused
from gateway.simulator.records.keys import written_key
from gateway.simulator.records.store import Change, Record, Values
from gateway.simulator.records.values import MODIFIED, read_value

LIFE = timedelta(days=3)
WINDOW = timedelta(seconds=30)
MOST = 200  # subscriptions of an environment
MOST_CHANGES = 1000  # of a subscription in a window; more are told as one
_MARGIN = timedelta(milliseconds=50)
_RESOURCE = re.compile(
    r"(?:https?://[^/]+(?:/v2\.0(?:/[^/]+){1,2})?)?/?(?:api/(\w+(?:[/.]\w+)*)/)?"
    r"companies\(([0-9a-fA-F-]{36})\)/(\w+)"
)
_GIVEN = ("notificationUrl", "resource", "clientState")
_MODIFIED = "lastModifiedDateTime"

# What pages show of a record's entries. A choice: stock is not among it, since posting an item
# writes into its card as well.
_OPEN = ("remainingAmount", "remainingAmountLocal", "currencyFactor")
_SUMS = {
    "accounts": ("netChange",),
    "customers": ("balanceDue", "unappliedAmount"),
    "vendors": ("balance", "unappliedAmount"),
    **dict.fromkeys(AGAINST, _OPEN),
}

Prove = Callable[[str], None]
"""Sees that an address takes notifications. Raises BusinessCentralError, or Unproven."""


class Unproven(Exception):
    """An address has to prove itself before the request can be served."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class Noted(NamedTuple):
    """What happened to a record, and when it happened last."""

    kind: str
    at: datetime


@dataclass(slots=True)
class Subscription:
    """One subscription: ``record`` is what the API shows of it.

    ``pending`` is what happened to each record, by its key, since ``first``; ``dated`` tells
    whether the records say when they were modified, ``hurried`` since when what waits is to be
    told at once.
    """

    record: Record
    company: str
    entity_set: EntitySet
    pending: dict[str, Noted] = field(default_factory=dict)
    first: datetime | None = None
    dated: bool = True
    hurried: datetime | None = None

    @property
    def url(self) -> str:
        """Where it is told."""
        return str(self.record.values["notificationUrl"])

    def due(self) -> datetime | None:
        """When what waits is told; None while nothing waits."""
        if self.first is None:
            return None
        return self.hurried or self.first + WINDOW

    def turn_back(self, now: datetime) -> None:
        """Have the window of what waits begin now at the latest: the clock was set back."""
        if self.first is not None:
            self.first = min(self.first, now)
        if self.hurried is not None:
            self.hurried = min(self.hurried, now)

    def note(self, key: str, kind: str, now: datetime) -> None:
        """Remember a change; several of one record are told as one."""
        before = self.pending.get(key)
        if before is not None and before.kind == "created" and kind == "updated":
            kind = "created"
        if before is not None and before.kind == "created" and kind == "deleted":
            del self.pending[key]  # a choice: it was never there
        else:
            self.pending[key] = Noted(kind, now)
        if self.pending and self.first is None:
            self.first = now
        if not self.pending:
            self.first = self.hurried = None

    def taken(self) -> list[Values]:
        """What is told now: a notification for each record, or one for the collection."""
        first, self.first, self.hurried = self.first, None, None
        pending, self.pending = self.pending, {}
        told = self.entity_set
        resource = f"api/{told.route}/companies({self.company})/{told.segment}"
        if first is None:
            return []
        if len(pending) > MOST_CHANGES:
            if self.dated and all(one.kind != "deleted" for one in pending.values()):
                since = timestamp(first - _MARGIN)
                resource += f"?$filter={_MODIFIED}%20gt%20{since}"
            last = max(one.at for one in pending.values())
            return [self._told(resource, "collection", last)]
        return [self._told(f"{resource}({key})", one.kind, one.at) for key, one in pending.items()]

    def renewed(self, told: Values) -> Values:
        """What was told, as a later letter says it: with what the subscription is by then."""
        values = self.record.values
        return {**told, **{name: values[name] for name in ("clientState", "expirationDateTime")}}

    def _told(self, resource: str, kind: str, moment: datetime) -> Values:
        values = self.record.values
        return {
            "subscriptionId": values["subscriptionId"],
            "clientState": values["clientState"],
            "expirationDateTime": values["expirationDateTime"],
            "resource": resource,
            "changeType": kind,
            _MODIFIED: timestamp(moment),
        }


class Subscriptions:
    """The subscriptions of one environment by their id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Subscription] = {}
        self._version = 0

    def records(self, now: datetime) -> list[Record]:
        """What the API lists; those whose life is over are gone."""
        over = [key for key, one in self.by_id.items() if _moment(one) <= now]
        for key in over:
            del self.by_id[key]
        return [one.record for one in self.by_id.values()]

    def create(
        self,
        body: Mapping[str, object],
        catalogue: Catalogue,
        companies: Collection[str],
        clock: Clock,
        prove: Prove,
    ) -> Record:
        """A new subscription, once its address has proven itself; ``companies`` are the ids of
        those there are. Raises BusinessCentralError, and what ``prove`` raises.
        """
        values: Values = dict(catalogue.sets["subscriptions"].blanks) | _given(body, catalogue)
        company, entity_set = _wanted(values, catalogue)
        if company not in companies:
            text = f"The company '{company}' cannot be found."
            raise BusinessCentralError(404, "Internal_CompanyNotFound", text)
        if len(self.by_id) >= MOST:
            raise bad_request(f"There can be at most {MOST} subscriptions in an environment.")
        prove(values["notificationUrl"])
        values["subscriptionId"] = secrets.token_hex(16)
        self._live(values, clock)
        record = Record(str(values["subscriptionId"]), values, self._next())
        dated = _MODIFIED in entity_set.by_name
        self.by_id[record.id] = Subscription(record, company, entity_set, dated=dated)
        return record

    def renew(
        self,
        record: Record,
        body: Mapping[str, object],
        catalogue: Catalogue,
        clock: Clock,
        prove: Prove,
    ) -> None:
        """Another three days, and what else the body says, once the address has proven itself
        again. Raises BusinessCentralError, and what ``prove`` raises.
        """
        values = record.values | _given(body, catalogue)
        if values["resource"] != record.values["resource"]:
            raise bad_request("The resource of a subscription cannot be changed.")
        check_address(values["notificationUrl"])
        prove(values["notificationUrl"])
        record.values.update(values)
        record.version = self._next()
        self._live(record.values, clock)

    def put(self, one: Subscription) -> None:
        """Have a subscription that was made elsewhere."""
        self.by_id[one.record.id] = one
        self._version = max(self._version, one.record.version)

    def drop(self, url: str) -> None:
        """Delete every subscription that is told at ``url``."""
        self.by_id = {key: one for key, one in self.by_id.items() if one.url != url}

    def changed(self, company: str, changes: Sequence[Change], now: datetime) -> None:
        """Remember for each subscription what a transaction changed."""
        live = [one for one in self.by_id.values() if one.company == company and _moment(one) > now]
        if not live:
            return
        told = list(_told_of(changes))
        for one in live:
            for name, change, kind in told:
                if name == one.entity_set.name:
                    for key, what in _keys(one.entity_set, change, kind):
                        one.note(key, what, now)

    def _live(self, values: Values, clock: Clock) -> None:
        now = clock.now()
        values["expirationDateTime"] = timestamp(now + LIFE)
        values["lastModifiedDateTime"] = values["systemModifiedAt"] = timestamp(now)
        if values["systemCreatedAt"] == BLANK_TIME:
            values["systemCreatedAt"] = timestamp(now)

    def _next(self) -> int:
        self._version += 1
        return self._version


def _told_of(changes: Sequence[Change]) -> Iterator[tuple[str, str | Change, str]]:
    """What a transaction did as subscribers see it: entity set, change or id of a header, kind.

    A line is a change of its header, whether the header's own values changed or not; an update
    that changed nothing is none (bc/api.md §9).
    """
    whole = {(one.name, one.record.id) for one in changes if one.kind != "updated"}
    for change in changes:
        if change.kind == "updated" and not _is_real(change):
            continue
        if change.name not in LINES:
            yield change.name, change, change.kind
            continue
        header = LINES[change.name], str(change.record.values["documentId"])
        if header not in whole:
            yield *header, "updated"


def _keys(entity_set: EntitySet, change: str | Change, kind: str) -> Iterator[tuple[str, str]]:
    """Under which key a change is told, and as what: a text that is renamed is one that went and
    one that came (bc/api.md §9).
    """
    if isinstance(change, str) or not entity_set.keyed:
        yield change if isinstance(change, str) else change.record.id, kind
        return
    now = written_key(entity_set, change.record.values)
    was = now if change.before is None else written_key(entity_set, change.before.values)
    if was == now:
        yield now, kind
    else:
        yield was, "deleted"
        yield now, "created"


def _is_real(change: Change) -> bool:
    """Whether an update changed a value of the row, and not just the moment of the last one.

    What its entries come to is no value of the row (bc/api.md §3): a posting changes no customer.
    """
    if change.beyond:
        return True
    before = change.before.values if change.before is not None else {}
    aside: Values = dict.fromkeys((*MODIFIED, *_SUMS.get(change.name, ())))
    return before | aside != change.record.values | aside


def _given(body: Mapping[str, object], catalogue: Catalogue) -> Values:
    """What a body says of a subscription. Raises BusinessCentralError."""
    fields = catalogue.sets["subscriptions"].by_name
    given = {name: read_value(fields[name], body[name]) for name in _GIVEN if name in body}
    for name, value in given.items():
        if fields[name].blank_refused and not value:
            raise blank_refused(name)
    return given


def _wanted(values: Values, catalogue: Catalogue) -> tuple[str, EntitySet]:
    """Company and entity set of a new subscription. Raises BusinessCentralError."""
    for name in ("notificationUrl", "resource"):
        if not values[name]:
            raise blank_refused(name)
    check_address(values["notificationUrl"])
    found = _RESOURCE.fullmatch(values["resource"])
    is_here = found is not None and found[1] in {None, catalogue.route}  # (bc/api.md §9)
    entity_set = catalogue.addressed.get(found[3]) if found and is_here else None
    if found is None or entity_set is None or not entity_set.webhook:
        raise bad_request(f"The resource '{values['resource']}' does not support notifications.")
    return found[2].lower(), entity_set


def check_address(url: str) -> None:
    """A choice of the simulator: it only calls this machine. Raises BusinessCentralError."""
    scheme, near = "", False
    try:
        parts = urlsplit(url)
        scheme = parts.scheme
        near = (
            parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
        )
    except ValueError:
        pass  # no address at all, or a name that is none of this machine
    if scheme not in {"http", "https"} or not near:
        raise bad_request(f"The simulator only notifies addresses on this machine, not '{url}'.")


def _moment(one: Subscription) -> datetime:
    return datetime.fromisoformat(str(one.record.values["expirationDateTime"]))
