"""Every call and its answer, without credentials; and how many calls ran at once.

Read through the control API; written by ``listener``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from gateway.simulator.exchange import Answer, Call, decode_pairs

KEPT = 5000
KEPT_BYTES = 8 * 1024 * 1024  # so that paging long lists does not fill the memory
HIDDEN = "***"
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
_SECRET_FIELDS = frozenset(
    {"client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "password"}
)
_SECRET_MEMBERS = re.compile(rb'("(?:access_token|refresh_token|id_token)"\s*:\s*)"[^"]*"')
_CODE = re.compile(r"([?&#]code=)[^&]*")
_POSTED_CODE = re.compile(rb'(name="code" value=)"[^"]*"')  # response_mode=form_post


@dataclass(slots=True)
class Entry:
    """One exchange. ``status`` is None until the answer left, and for a dropped connection."""

    id: int
    at: str
    call: Call
    entity: str | None
    principal: str | None = None
    faults: tuple[str, ...] = ()
    answer: Answer | None = None
    dropped: bool = False
    ended: bool = False

    @property
    def size(self) -> int:
        """Bytes of addresses, headers and bodies, as near as their characters tell."""
        call, answer = self.call, self.answer
        told = len(call.path) + len(call.query) + len(call.body) + _length(call.headers)
        return told + (len(answer.body) + _length(answer.headers) if answer else 0)

    @property
    def described(self) -> dict[str, object]:
        """The exchange as the control API shows it; secrets are replaced by ``***``."""
        shown: dict[str, object] = {
            "id": self.id,
            "at": self.at,
            "method": self.call.method,
            "path": self.call.path,
            "query": self.call.query,
            "entity": self.entity,
            "principal": self.principal,
            "headers": _headers(self.call.headers),
            "body": _request_body(self.call),
            "faults": list(self.faults),
            "dropped": self.dropped,
            "ended": self.ended,
            "status": None,
        }
        if self.answer is not None and not self.dropped:
            shown["status"] = self.answer.status
            shown["answer_headers"] = {
                name: _CODE.sub(rf"\g<1>{HIDDEN}", value)
                for name, value in _headers(self.answer.headers).items()
            }
            body = _SECRET_MEMBERS.sub(rb'\1"***"', self.answer.body)
            body = _POSTED_CODE.sub(rb'\1"***"', body)
            shown["answer"] = body.decode("utf-8", "replace")
        return shown


@dataclass(slots=True)
class Load:
    """Calls of one principal that run now, and the most that ran at once."""

    now: int = 0
    max: int = 0


@dataclass(slots=True)
class Journal:
    """The last exchanges and the load by principal: at most 5,000, with 8 MB of them."""

    entries: deque[Entry] = field(default_factory=deque)
    loads: dict[str, Load] = field(default_factory=dict)
    _last: int = 0
    _bytes: int = 0

    def begin(self, at: str, call: Call, entity: str | None) -> Entry:
        """Write down a call before anything is done with it."""
        self._last += 1
        entry = Entry(self._last, at, call, entity)
        self.entries.append(entry)
        self._bytes += entry.size
        self._forget()
        return entry

    def end(self, entry: Entry, answer: Answer | None) -> None:
        """Write down the answer; None for a connection that is dropped."""
        before = entry.size
        entry.answer, entry.dropped, entry.ended = answer, answer is None, True
        if entry.id >= self._oldest:
            self._bytes += entry.size - before
            self._forget()

    @property
    def _oldest(self) -> int:
        return self.entries[0].id if self.entries else self._last + 1

    def _forget(self) -> None:
        while len(self.entries) > KEPT or (self._bytes > KEPT_BYTES and len(self.entries) > 1):
            self._bytes -= self.entries.popleft().size

    def clear(self) -> None:
        """Forget the exchanges and the most that ran at once; ids go on counting."""
        self.entries.clear()
        self._bytes = 0
        for load in self.loads.values():
            load.max = load.now

    @contextmanager
    def running(self, principal: str | None) -> Iterator[None]:
        """Count a call of ``principal`` as running."""
        if principal is None:
            yield
            return
        load = self.loads.setdefault(principal, Load())
        load.now += 1
        load.max = max(load.max, load.now)
        try:
            yield
        finally:
            load.now -= 1


def _length(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in headers.items())


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}


def _request_body(call: Call) -> str:
    text = call.body.decode("utf-8", "replace")
    if "x-www-form-urlencoded" not in call.headers.get("content-type", ""):
        return text
    pairs = decode_pairs(text)
    return urlencode([(name, HIDDEN if name in _SECRET_FIELDS else v) for name, v in pairs])
