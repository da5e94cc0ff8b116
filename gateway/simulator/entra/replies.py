"""How the pages answer: with a page, back to the application, or with an error (bc/api.md §2)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from gateway.simulator.clock import Clock
from gateway.simulator.entra.pages import error_page, posted_page
from gateway.simulator.errors import EntraError
from gateway.simulator.exchange import Answer, Call, json_answer

SESSION_COOKIE = "ESTSAUTH"
RESPONSE_MODES = frozenset({"query", "fragment", "form_post"})


@dataclass(frozen=True, slots=True)
class Told:
    """One refusal as it is told: the moment and the two ids belong to it."""

    error: EntraError
    moment: str
    trace: str = field(default_factory=lambda: str(uuid.uuid4()))
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))

    def description(self, joint: str = " ") -> str:
        """``AADSTS…: <text> Trace ID: … Correlation ID: … Timestamp: …``."""
        return joint.join(
            (
                f"AADSTS{self.error.number}: {self.error.text}",
                f"Trace ID: {self.trace}",
                f"Correlation ID: {self.correlation}",
                f"Timestamp: {self.moment}",
            )
        )


def tell(error: EntraError, clock: Clock, call: Call | None = None) -> Told:
    """The refusal, now. A caller's ``client-request-id`` is its correlation id."""
    moment = clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
    sent = call.headers.get("client-request-id", "") if call else ""
    try:
        return Told(error, moment, correlation=str(uuid.UUID(sent)))
    except ValueError:
        return Told(error, moment)


def error_answer(told: Told, origin: str) -> Answer:
    """Microsoft's error body."""
    error = told.error
    body: dict[str, object] = {
        "error": error.error,
        "error_description": told.description(),
        "error_codes": [error.number],
        "timestamp": told.moment,
        "trace_id": told.trace,
        "correlation_id": told.correlation,
        "error_uri": f"{origin}/error?code={error.number}",
    }
    if error.suberror:
        body["suberror"] = error.suberror
    if error.claims:
        body["claims"] = error.claims
    return json_answer(error.status, body).with_headers(Cache_Control="no-store, no-cache")


def page_answer(body: bytes, status: int = 200) -> Answer:
    """A page."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store, no-cache"}
    return Answer(status, body, headers)


def error_page_answer(told: Told) -> Answer:
    """A refusal on a page, where nothing can be sent back."""
    return page_answer(error_page(told.description("\n")), 400)


def send_back(uri: str, values: Mapping[str, str], mode: str = "query") -> Answer:
    """Back to the application: in the query, the fragment, or a form that posts itself."""
    shown = {name: value for name, value in values.items() if value}
    if mode == "form_post":
        return page_answer(posted_page(uri, shown))
    if not shown:
        return Answer(302, b"", {"Location": uri})
    joint = "#" if mode == "fragment" else "&" if urlsplit(uri).query else "?"
    return Answer(302, b"", {"Location": f"{uri}{joint}{urlencode(shown)}"})


def session_of(call: Call) -> str:
    """The session in the caller's cookies."""
    for pair in call.headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == SESSION_COOKIE:
            return value
    return ""


def with_session(answer: Answer, session: str, origin: str) -> Answer:
    """The answer with the session's cookie; an empty ``session`` ends it."""
    secure = "; Secure" if origin.startswith("https:") else ""
    age = "" if session else "; Max-Age=0"
    cookie = f"{SESSION_COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax{secure}{age}"
    return answer.with_headers(Set_Cookie=cookie)
