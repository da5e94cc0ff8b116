"""Subscriptions of one environment, and the changes that wait for each (bc/api.md §9)."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from gateway.simulator.catalogue.entities import Catalogue
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.errors import BusinessCentralError, bad_request, blank_refused
from gateway.simulator.records.store import Change, Record, Values

LIFE = timedelta(days=3)
WINDOW = timedelta(seconds=30)
MOST = 200  # subscriptions of an environment
MOST_CHANGES = 1000  # of a subscription in a window; more are told as one
_LONGEST_STATE = 2048
_MARGIN = timedelta(milliseconds=50)
_RESOURCE = re.compile(
    r"(?:https?://[^/]+(?:/v2\.0(?:/[^/]+){1,2})?)?/?(?:api/v2\.0/)?companies\(([0-9a-fA-F-]{36})\)/(\w+)"
)
_GIVEN = ("notificationUrl", "resource", "clientState")


@dataclass(slots=True)
class Subscription:
    """One subscription: ``record`` is what the API shows of it.

    ``pending`` are the kinds of change by record, since ``first``.
    """

    record: Record
    company: str
    name: str
    pending: dict[str, str] = field(default_factory=dict)
    first: datetime | None = None

    @property
    def url(self) -> str:
        """Where it is told."""
        return str(self.record.values["notificationUrl"])

    def due(self) -> datetime | None:
        """When what waits is told; None while nothing waits."""
        return None if self.first is None else self.first + WINDOW

    def note(self, change: Change, now: datetime) -> None:
        """Remember a change; several of one record are told as one."""
        before = self.pending.get(change.record.id)
        kind: str = change.kind
        if before == "created" and kind == "updated":
            kind = "created"
        if before == "created" and kind == "deleted":  # a choice: it was never there
            del self.pending[change.record.id]
        else:
            self.pending[change.record.id] = kind
        if self.pending and self.first is None:
            self.first = now
        if not self.pending:
            self.first = None

    def taken(self) -> list[Values]:
        """What is told now: a notification for each record, or one for the collection."""
        first, self.first = self.first, None
        pending, self.pending = self.pending, {}
        resource = f"api/v2.0/companies({self.company})/{self.name}"
        if first is None:
            return []
        if len(pending) > MOST_CHANGES:
            if "deleted" not in pending.values():
                since = timestamp(first - _MARGIN)
                resource += f"?$filter=lastModifiedDateTime%20gt%20{since}"
            return [self._told(resource, "collection", first)]
        return [
            self._told(f"{resource}({record_id})", kind, first)
            for record_id, kind in pending.items()
        ]

    def _told(self, resource: str, kind: str, moment: datetime) -> Values:
        values = self.record.values
        return {
            "subscriptionId": values["subscriptionId"],
            "clientState": values["clientState"],
            "expirationDateTime": values["expirationDateTime"],
            "resource": resource,
            "changeType": kind,
            "lastModifiedDateTime": timestamp(moment),
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

    def create(self, body: Mapping[str, object], catalogue: Catalogue, clock: Clock) -> Record:
        """A new subscription, whose address has proven itself. Raises BusinessCentralError."""
        company, name = wanted(body, catalogue)
        if len(self.by_id) >= MOST:
            raise bad_request(f"There can be at most {MOST} subscriptions in an environment.")
        values: Values = dict(catalogue.sets["subscriptions"].blanks)
        values |= {key: str(body[key]) for key in _GIVEN if key in body}
        values |= {"subscriptionId": secrets.token_hex(16)}
        self._live(values, clock)
        record = Record(str(values["subscriptionId"]), values, self._next())
        self.by_id[record.id] = Subscription(record, company, name)
        return record

    def renew(self, record: Record, body: Mapping[str, object], clock: Clock) -> None:
        """Another three days, and what else the body says. Raises BusinessCentralError."""
        changed = [
            key for key in ("resource",) if body.get(key, record.values[key]) != record.values[key]
        ]
        if changed:
            raise bad_request(f"The {changed[0]} of a subscription cannot be changed.")
        record.values.update({key: str(body[key]) for key in _GIVEN if key in body})
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
        for one in self.by_id.values():
            if one.company == company and _moment(one) > now:
                for change in changes:
                    if change.name == one.name:
                        one.note(change, now)

    def _live(self, values: Values, clock: Clock) -> None:
        now = clock.now()
        values["expirationDateTime"] = timestamp(now + LIFE)
        values["lastModifiedDateTime"] = values["systemModifiedAt"] = timestamp(now)
        values["systemCreatedAt"] = values["systemCreatedAt"] or timestamp(now)

    def _next(self) -> int:
        self._version += 1
        return self._version


def wanted(body: Mapping[str, object], catalogue: Catalogue) -> tuple[str, str]:
    """Company and entity set of a subscription. Raises BusinessCentralError."""
    for name in ("notificationUrl", "resource"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise blank_refused(name)
    if len(str(body.get("clientState", ""))) > _LONGEST_STATE:
        raise BusinessCentralError(
            400,
            "Application_StringExceededLength",
            f"The length of the string is {len(str(body['clientState']))}, but it must be less "
            f"than or equal to {_LONGEST_STATE} characters.",
        )
    check_address(str(body["notificationUrl"]))
    found = _RESOURCE.fullmatch(str(body["resource"]))
    entity_set = catalogue.sets.get(found[2]) if found else None
    if found is None or entity_set is None or not entity_set.webhook:
        raise bad_request(f"The resource '{body['resource']}' does not support notifications.")
    return found[1].lower(), found[2]


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
