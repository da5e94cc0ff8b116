"""What Business Central answers, as data: files of cases, and how one of them is run.

A case is a request and its answer, or several in `steps`. Requests are relative to a company; a
`/` in front makes them relative to the root of the API. `{customer}`, `{item}`, `{order}` and the
like stand for records that are made when they are first named (`MADE`), `{x}` for what an earlier
step kept as `x`. The same cases run against the simulator and against a sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import yaml
from aiohttp import ClientSession
from yarl import URL

from tests.unit.simulator.client import Reply

FILES: Final = Path(__file__).with_name("cases")
SAFE: Final = "/?&=$()',:;*+%@!~"  # everything else in a request is encoded

Send = Callable[[str, str, object, Mapping[str, str]], Awaitable[Reply]]
"""Sends method, path, body and headers; the path is relative to the root of the API."""

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def sender(session: ClientSession, root: str, token: str) -> Send:
    """What sends requests to the API at `root`, byte for byte as they are given."""

    async def send(method: str, path: str, body: object, headers: Mapping[str, str]) -> Reply:
        sent, data = {"Authorization": f"Bearer {token}"}, None
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = body.encode() if isinstance(body, str) else _ENCODER.encode(body)
        url = URL(f"{root}/{path}", encoded=True)
        async with session.request(
            method, url, data=data, headers={**sent, **headers}, allow_redirects=False
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.text())

    return send


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """One request and what must come back; what is not said does not matter.

    `finds`: values by their path (`value[0].number`); `lacks`: paths that lead nowhere; `holds`:
    a part of the text; `says`: a pattern for the message of the error; `keep`: names for values
    of the answer.
    """

    request: str
    status: int
    headers: dict[str, str] = {}
    body: object = msgspec.UNSET
    code: str = ""
    says: str = ""
    holds: str = ""
    finds: dict[str, object] = {}
    lacks: list[str] = []
    answers: dict[str, str] = {}
    keep: dict[str, str] = {}


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """What is claimed, where that is known from, and the steps that show it.

    `seeded` cases need what only the simulator starts with, or its control.
    """

    case: str
    source: str
    steps: list[Step]
    seeded: bool = False


# Records that cases name: entity set, body, and what of the answer the name stands for.
MADE: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "customer": ("customers", {"displayName": "Ashby Interiors"}),
    "vendor": ("vendors", {"displayName": "Fenwick Timber"}),
    "item": (
        "items",
        {"displayName": "Folding stool", "unitPrice": 19.9, "baseUnitOfMeasureCode": "PCS"},
    ),
    "order": ("salesOrders", {"customerNumber": "10000"}),
    "invoice": ("salesInvoices", {"customerNumber": "10000"}),
    "memo": ("salesCreditMemos", {"customerNumber": "10000"}),
    "quote": ("salesQuotes", {"customerNumber": "10000"}),
    "purchase": ("purchaseOrders", {"vendorNumber": "{vendor.number}"}),
    "bill": ("purchaseInvoices", {"vendorNumber": "{vendor.number}"}),
    "line": (
        "salesOrders({order})/salesOrderLines",
        {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 2},
    ),
    "journal": ("journals", {"code": "STOOLS", "displayName": "Stools"}),
}
_NAME = re.compile(r"\{([a-z_]+)(?:\.([A-Za-z]+))?\}")
_PART = re.compile(r"[^.\[\]]+|\[(\d+)\]")


def read_cases() -> dict[str, Case]:
    """Every case of every file, by file and title. Raises `ValueError` for one told twice."""
    found: dict[str, Case] = {}
    for file in sorted(FILES.glob("*.yaml")):
        for raw in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader):
            if "steps" not in raw:
                rest = {
                    key: raw.pop(key) for key in [*raw] if key not in {"case", "source", "seeded"}
                }
                raw["steps"] = [rest]
            case = msgspec.convert(raw, Case)
            name = f"{file.stem}: {case.case}"
            if name in found:
                raise ValueError(f"{name} is there twice")
            found[name] = case
    return found


@dataclass(slots=True)
class Runner:
    """Runs cases in one company of one environment. `company` is its id."""

    send: Send
    company: str
    records: dict[str, Any] = field(default_factory=dict)

    async def run(self, case: Case) -> None:
        """Send the steps one after the other, and hold what comes back against the case."""
        for at, step in enumerate(case.steps, 1):
            method, _, path = step.request.partition(" ")
            body = None if step.body is msgspec.UNSET else await self._filled(step.body)
            headers = {name: str(await self._filled(text)) for name, text in step.headers.items()}
            reply = await self.send(method, await self._path(path), body, headers)
            try:
                await self._check(step, reply)
            except AssertionError as error:
                raise AssertionError(
                    f"{case.case}, step {at} ({step.request}), known from {case.source}: {error}\n"
                    f"{reply.status} {reply.text[:2000]}"
                ) from None

    async def _path(self, path: str) -> str:
        filled = quote(str(await self._filled(path)), safe=SAFE)
        return filled[1:] if path.startswith("/") else f"companies({self.company})/{filled}"

    async def _filled(self, value: object) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """`value` with every name in its texts replaced."""
        if isinstance(value, dict):
            return {key: await self._filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [await self._filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        for name, member in _NAME.findall(value):
            record = await self._record(name)
            if record is not None:
                text = str(record.get(member or "id") if isinstance(record, dict) else record)
                value = value.replace(f"{{{name}.{member}}}" if member else f"{{{name}}}", text)
        return value

    async def _record(self, name: str) -> Any:  # noqa: ANN401 - an entity, or a kept value
        if name == "company":
            return self.company
        if name not in self.records and name in MADE:
            path, body = MADE[name]
            reply = await self.send("POST", await self._path(path), await self._filled(body), {})
            assert reply.status == 201, f"{name} cannot be made: {reply.status} {reply.text[:500]}"
            self.records[name] = reply.json
        return self.records.get(name)

    async def _check(self, step: Step, reply: Reply) -> None:
        assert reply.status == step.status, f"status {reply.status} instead of {step.status}"
        if step.code or step.says:
            check_error(reply, step.code, step.says)
        holds = str(await self._filled(step.holds))
        assert holds in reply.text, f"{holds!r} is not there"
        for path, value in step.finds.items():
            found, wanted = value_at(reply.json, path), await self._filled(value)
            assert same(found, wanted), f"{path} is {found!r} instead of {wanted!r}"
        for path in step.lacks:
            assert value_at(reply.json, path) is MISSING, f"{path} is there"
        for name, text in step.answers.items():
            assert re.search(str(await self._filled(text)), reply.headers.get(name, "")), name
        for name, path in step.keep.items():
            self.records[name] = value_at(reply.json, path)


class _Missing:
    """What stands for a value that is not there."""

    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()


def value_at(value: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    """What stands at `value[0].number`; names with dots stand in quotes: `'@odata.etag'`.

    `#` at the end is the length of what stands there.
    """
    counted = path.endswith("#")
    for quoted, name, index in re.findall(r"'([^']+)'|([^.\[\]'#]+)|\[(\d+)\]", path):
        if index:
            value = (
                value[int(index)]
                if isinstance(value, list) and int(index) < len(value)
                else MISSING
            )
        else:
            value = value.get(quoted or name, MISSING) if isinstance(value, dict) else MISSING
    return len(value) if counted and value is not MISSING else value


def same(found: object, wanted: object) -> bool:
    """Whether they are equal, numbers exactly; a text in slashes is a pattern for texts."""
    if isinstance(wanted, str) and len(wanted) > 1 and wanted[0] == wanted[-1] == "/":
        return isinstance(found, str) and re.search(wanted[1:-1], found) is not None
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    return found == (Decimal(str(wanted)) if isinstance(wanted, float) else wanted)


def check_error(reply: Reply, code: str, says: str) -> None:
    """Body of an error: code, message, two spaces around the correlation id (bc/api.md §4)."""
    assert isinstance(reply.json, dict)
    assert set(reply.json) == {"error"}, "the body is no error"
    assert set(reply.json["error"]) == {"code", "message"}
    assert not code or reply.code == code, f"code {reply.code} instead of {code}"
    text, _, correlation = reply.message.partition("  CorrelationId:  ")
    assert text
    assert len(correlation) == len("00000000-0000-0000-0000-000000000000.")
    assert re.search(says, text), f"the message is {text!r}"
