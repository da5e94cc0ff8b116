"""What `client.py` sends, and who hears of a write that leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from gateway.errors import GatewayError


class Sendable(Protocol):
    """A write as a step of a plan renders it: `path` within the company, `body` as JSON."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def body(self) -> Mapping[str, object] | None: ...


class Journal(Protocol):
    """Whoever keeps a journal of a write while it waits for its turn and is sent."""

    async def leaves(self) -> None:
        """It leaves next. What is raised here keeps it from leaving."""
        ...

    async def came_to_nothing(self, error: GatewayError) -> None:
        """It has certainly changed nothing, and will be sent again after a while."""
        ...


class Call(NamedTuple):
    """One call, however often it is sent. `about` is what the log may say of its address.

    `proving`: a 401 says that the principal is refused as such, not only for this. `journal` is
    told whenever a write leaves. `xml`: no JSON is wanted.
    """

    method: str
    url: str
    about: str
    headers: Mapping[str, str]
    data: bytes | None = None
    proving: bool = True
    journal: Journal | None = None
    xml: bool = False

    def __repr__(self) -> str:
        return f"Call({self.method} {self.about.split('(')[0]})"

    @property
    def reading(self) -> bool:
        return self.method == "GET"
