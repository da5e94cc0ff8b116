"""What a kind of fault is: where it may strike, which details it takes, what it does there.

``menu`` is the table of all kinds; the control API, the checks of ``faults`` and the page of the
manual come from it, so a new kind is one entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from gateway.simulator.catalogue.entities import EntitySet, load_catalogue
from gateway.simulator.entra.tokens import Claims
from gateway.simulator.exchange import Answer, Call

_MOST_SECONDS = 600
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OF_THE_TRANSPORT = frozenset({"content-length", "transfer-encoding"})
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_STORES = frozenset({"POST", "PATCH", "PUT"})


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that faults may strike: a call, the entity set it is about, who calls, when.

    ``entity`` is its name in the address. ``claims`` are those of a good token, None without one. ``notifying``: it is a letter that the
    simulator itself is about to send. ``part``: it is a request inside of a batch, which has been
    struck as a whole before.
    """

    call: Call
    entity: str | None
    claims: Claims | None
    now: datetime
    notifying: bool = False
    part: bool = False
    entity_set: EntitySet | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a kind may strike. Other occasions neither feel the fault nor use it up.

    ``parts`` tells whether of a batch the requests are struck one by one, else it is as a whole.
    """

    does: str
    test: Callable[[Occasion], bool]
    parts: bool = False

    def covers(self, occasion: Occasion) -> bool:
        """Whether the occasion may be struck."""
        is_batch = occasion.call.path.endswith("/$batch")
        return not (is_batch if self.parts else occasion.part) and self.test(occasion)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the value of a detail must be; ``says`` completes the sentence "it is …"."""

    says: str
    test: Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail of a fault. Without a ``default`` it may be needed or have no value."""

    name: str
    shape: Shape
    does: str
    needed: bool = False
    default: object = None


@dataclass(frozen=True, slots=True)
class Details:
    """The details of an armed fault: checked, with the defaults filled in."""

    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text; blank when it was not given."""
        return cast("str", self.values.get(name) or "")

    def number(self, name: str) -> float:
        """A number; 0 when it was not given."""
        return cast("float", self.values.get(name) or 0)

    def flag(self, name: str) -> bool:
        """Whether it was given as true."""
        return self.values.get(name) is True

    def texts(self, name: str) -> frozenset[str]:
        """A list of texts."""
        return frozenset(cast("list[str]", self.values.get(name) or []))

    def headers(self, name: str) -> dict[str, str]:
        """Texts by name."""
        return cast("dict[str, str]", self.values.get(name) or {})

    def moment(self, name: str) -> datetime | None:
        """A moment in UTC, None when it was not given."""
        text = self.text(name)
        return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Example:
    """A fault of the kind as somebody would arm it, without ``kind`` itself."""

    says: str
    wish: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    ``lasts`` tells that it strikes until it is cleared unless a count is given; others strike
    once. ``check`` gives a sentence about details that make no sense together. ``when`` restricts it further by its details. ``refuse`` gives the error that stands in
    the way of the work, or None; ``alter`` changes the finished answer. What else a kind does,
    the room that does it asks for by name (``CallFaults.has``).
    """

    name: str
    group: str
    scope: Scope
    does: str
    details: tuple[Detail, ...] = ()
    examples: tuple[Example, ...] = (Example(""),)
    lasts: bool = False
    check: Callable[[Details], str | None] | None = None
    when: Callable[[Details, Occasion], bool] | None = None
    refuse: Callable[[Details, Occasion], Exception | None] | None = None
    alter: Callable[[Details, Answer], Answer] | None = None

    @property
    def described(self) -> dict[str, object]:
        """The kind as the control API shows it."""
        details = {
            detail.name: {
                "is": detail.shape.says,
                "does": detail.does,
                "needed": detail.needed,
                **({} if detail.default is None else {"default": detail.default}),
            }
            for detail in self.details
        }
        return {
            "kind": self.name,
            "group": self.group,
            "strikes": self.scope.does,
            "does": self.does,
            "details": details,
            "count": None if self.lasts else 1,
        }


def _at_business_central(occasion: Occasion) -> bool:
    paths = ("/v2.0/", "/environments/", "/admin/", "/BC/")
    return occasion.call.path.startswith(paths)


def _with(methods: frozenset[str]) -> Callable[[Occasion], bool]:
    def test(occasion: Occasion) -> bool:
        return occasion.call.method in methods and _at_business_central(occasion)

    return test


def _has_etag(occasion: Occasion) -> bool:
    return "if-match" in occasion.call.headers and _at_business_central(occasion)


def _of_application(occasion: Occasion) -> bool:
    claims = occasion.claims
    return claims is not None and "roles" in claims and _at_business_central(occasion)


def _inside_company(occasion: Occasion) -> bool:
    _, _, below = occasion.call.path.partition("/companies(")
    named = "/" in below or "company" in occasion.call.headers or "company=" in occasion.call.query
    return named and _at_business_central(occasion)


def _on_action(occasion: Occasion) -> bool:
    named = ".nav." in occasion.call.path.lower() or "/nav." in occasion.call.path.lower()
    return occasion.call.method == "POST" and named and _at_business_central(occasion)


def _is_notification(occasion: Occasion) -> bool:
    return occasion.notifying


def _at_token_endpoint(occasion: Occasion) -> bool:
    return occasion.call.method == "POST" and occasion.call.path.endswith("/oauth2/v2.0/token")


def _at_pages(occasion: Occasion) -> bool:
    return occasion.call.path.endswith(("/oauth2/v2.0/authorize", "/adminconsent"))


EVERYWHERE = Scope("any call", lambda occasion: not occasion.notifying)
BUSINESS_CENTRAL = Scope("calls of Business Central", _at_business_central)
READS = Scope("reads of Business Central", _with(frozenset({"GET"})), parts=True)
WRITES = Scope("writes to Business Central", _with(_WRITES), parts=True)
COMMITS = Scope("writes to Business Central, batches too", _with(_WRITES))
STORES = Scope("writes to Business Central that carry a body", _with(_STORES), parts=True)
CREATES = Scope("writes to Business Central that create", _with(frozenset({"POST"})), parts=True)
CONDITIONAL = Scope("calls of Business Central with If-Match", _has_etag, parts=True)
APPLICATIONS = Scope("calls of Business Central with an application's token", _of_application)
INSIDE_COMPANY = Scope("calls of Business Central inside a company", _inside_company, parts=True)
ACTIONS = Scope("bound actions of Business Central", _on_action, parts=True)
NOTIFICATIONS = Scope("letters to subscribers", _is_notification)
PAGES = Scope("the pages for sign-in and consent", _at_pages)
TOKENS = Scope("the token endpoint", _at_token_endpoint)


def in_window(details: Details, occasion: Occasion) -> bool:
    """Whether the occasion is between ``from`` and ``until``, as far as they are given."""
    start, end = details.moment("from"), details.moment("until")
    return (start is None or start <= occasion.now) and (end is None or occasion.now < end)


def from_replica(details: Details, occasion: Occasion) -> bool:
    """Whether a read goes to the replica (bc/api.md §5, Data-Access-Intent)."""
    intent = occasion.call.headers.get("data-access-intent", "")
    asked = details.text("reads") == "all" or intent.strip().lower() == "readonly"
    return asked and not occasion.part


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _between(least: float, most: float) -> Callable[[object], bool]:
    return lambda value: _is_number(value) and least <= cast("float", value) <= most


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _are_headers(value: object) -> bool:
    return isinstance(value, dict) and all(
        _HEADER_NAME.fullmatch(name) and name.lower() not in _OF_THE_TRANSPORT and _is_line(one)
        for name, one in value.items()
    )


def is_moment(value: object) -> bool:
    """Whether it is a moment with its offset from UTC, as ``2026-03-02T12:00:00Z``."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_release(value: object) -> bool:
    try:
        load_catalogue(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def choice(*texts: str) -> Shape:
    """One of these texts."""
    return Shape(" or ".join(texts), lambda value: value in texts)


TEXT = Shape("a text", lambda value: isinstance(value, str))
FLAG = Shape("true or false", lambda value: isinstance(value, bool))
WHOLE = Shape("a whole number", _is_whole)
SECONDS = Shape(f"a number between 0 and {_MOST_SECONDS}", _between(0, _MOST_SECONDS))
_DAYS = 10 * 86_400
SKEW = Shape(
    f"a whole number between {-_DAYS} and {_DAYS}",
    lambda v: _is_whole(v) and _between(-_DAYS, _DAYS)(v),
)
STATUS = Shape(
    "a whole number between 200 and 599", lambda v: _is_whole(v) and _between(200, 599)(v)
)
TEXTS = Shape("a list of texts", _are_texts)
LINE = Shape("a text of one line", _is_line)
HEADERS = Shape(
    "an object of headers, each one line, without Content-Length and Transfer-Encoding",
    _are_headers,
)
MOMENT = Shape("a moment such as 2026-03-02T12:00:00Z", is_moment)
RELEASE = Shape("a release from 17.0 to 29.0", _is_release)
JSON = Shape("any JSON, or a text that is sent as HTML", lambda _: True)
