"""One request and its answer, free of the web framework, so that the rooms stay plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, unquote_plus

from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.records.values import encode_json


@dataclass(frozen=True, slots=True)
class Call:
    """What a client sent. ``origin`` is scheme, host and port as the client addressed them.

    ``path`` and ``query`` are still percent-encoded; ``headers`` has lower-case names. ``flaw``
    is why it can not be read, whose text is for Entra and the control API too.
    """

    method: str
    path: str
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    origin: str
    flaw: BusinessCentralError | None = None

    @property
    def segments(self) -> list[str]:
        """The decoded parts of the path. A slash at its end is none of them; a second slash in it
        makes a blank one, which names nothing.

        A choice: nobody has written down what Business Central does with one, and who is let
        through here may not be there.
        """
        parts = self.path.split("/")[1:]
        if parts and not parts[-1]:
            parts.pop()
        return [unquote(part) for part in parts]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The decoded pairs of the query; ``+`` is a space."""
        return decode_pairs(self.query)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form; the last of equal names wins."""
        return dict(decode_pairs(self.body.decode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets. ``headers`` do not include lengths and ids of the transport."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def with_headers(self, **extra: str) -> Answer:
        """The same answer with more headers; ``_`` in names stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in extra.items()}
        return replace(self, headers={**self.headers, **named})


def decode_pairs(text: str) -> list[tuple[str, str]]:
    """Decoded name and value pairs of a query string or form."""
    pairs = []
    for item in text.split("&"):
        name, _, value = item.partition("=")
        if name:
            pairs.append((unquote_plus(name), unquote_plus(value)))
    return pairs


def json_answer(status: int, value: object) -> Answer:
    """A plain JSON answer."""
    return Answer(status, encode_json(value), {"Content-Type": "application/json; charset=utf-8"})
