"""Requests made from `/openapi.json`, good and bad, and what was wrong with their answers."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import schemathesis
from aiohttp import ClientSession
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

FORM: Final = {
    "invalid_input",
    "invalid_json",
    "invalid_query",
    "malformed_request",
    "method_not_allowed",
    "too_large",
    "unauthenticated",
    "unknown_connection",
    "unknown_resource",
    "unsupported_media_type",
}
"""Codes of what is refused by itself: nothing may have been written for it."""

NOT_IN_SCHEMAS: Final = {
    "invalid_json": r"exponent|digits",  # numbers of JSON that no amount can be
    "invalid_query": r"cursor",  # only a list of ours gives one that is good
}
"""What may be refused though it fits the document: codes, and what their details say."""


@dataclass(slots=True)
class Writes:
    """What reaches Business Central and may change something, asked for from other threads."""

    control: ClientSession
    loop: asyncio.AbstractEventLoop
    last: int = 0

    def new(self) -> list[str]:
        """The methods of the writes since it was last asked."""
        entries = asyncio.run_coroutine_threadsafe(self._entries(), self.loop).result(10)
        self.last = max((entry["id"] for entry in entries), default=self.last)
        return [entry["method"] for entry in entries if entry["method"] != "GET"]

    async def _entries(self) -> list[dict[str, Any]]:
        wanted = {"since": str(self.last), "path": "/api/v2.0/"}
        async with self.control.get("/_simulator/journal", params=wanted) as response:
            entries: list[dict[str, Any]] = (await response.json())["value"]
            return entries


@dataclass(slots=True)
class Fuzzer:
    """Makes requests from the document, and keeps what was wrong with their answers."""

    url: str
    key: str
    connection: str
    writes: Writes
    creates: frozenset[str]
    wrong: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def run(self, seed: int, settings: dict[str, Any]) -> None:
        """Ask every operation but the one that ends the connection."""
        settings = {
            **settings,
            "seed": seed,
            "continue-on-failure": True,
            "headers": {"Authorization": self.key},
            "parameters": {"path.connection": self.connection},
            "generation": {"no-shrink": True, "database": "none"},
            "checks": {"positive_data_acceptance": {"enabled": False}},  # `look` knows more
        }
        schema = schemathesis.openapi.from_url(
            f"{self.url}/openapi.json", config=schemathesis.Config.from_dict(settings)
        ).exclude(operation_id="delete_connection")

        @schema.hook
        def after_call(
            _context: schemathesis.HookContext,
            case: schemathesis.Case[Any],
            response: schemathesis.Response,
        ) -> None:
            self.look(case, response)

        self.writes.new()
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                self.wrong += failures(event.recorder)
            elif isinstance(event, events.NonFatalError):
                self.wrong.append(f"{event.label}: {event.info}")

    def look(self, case: schemathesis.Case[Any], response: schemathesis.Response) -> None:
        """Look at what no document says: that good requests are served, and what is written."""
        self.statuses[response.status_code] += 1
        problem = response.json() if response.status_code >= 400 and response.content else {}
        code, detail = problem.get("code", ""), problem.get("detail", "")
        here = f"{case.method} {case.formatted_path}: {response.status_code} {code}"
        good = case.meta is not None and case.meta.generation.mode.is_positive and has_form(case)
        if good and code in NOT_IN_SCHEMAS and not re.search(NOT_IN_SCHEMAS[code], detail):
            told = f"{detail} {problem.get('errors', '')} {case.query} {case.headers}"
            self.wrong.append(f"{here}, though it fits the document: {told}")
        if case.method in {"GET", "HEAD", "OPTIONS", "TRACE"}:
            return
        written = self.writes.new()
        made = case.operation.definition.raw["operationId"] in self.creates
        once = response.status_code == 201 and "idempotency-replayed" not in response.headers
        if len(written) > (code not in FORM) or (made and once and written != ["POST"]):
            self.wrong.append(f"{here}, and Business Central saw {written}")


def has_form(case: schemathesis.Case[Any]) -> bool:
    """Whether the parameters are as their patterns say, which the framework sometimes forgets.
    Those of the address it encodes in some phases before it has looked.
    """
    path = {name: unquote(str(value)) for name, value in (case.path_parameters or {}).items()}
    given = {"path": path, "query": case.query, "header": case.headers}
    return all(
        re.search(one["schema"].get("pattern", ""), str(given[one["in"]][one["name"]]))
        for one in case.operation.definition.raw["parameters"]
        if one["name"] in (given[one["in"]] or {})
    )


def failures(recorder: ScenarioRecorder) -> Iterator[str]:
    """What the checks of the framework found."""
    for case, checks in recorder.checks.items():
        for check in checks:
            if check.status is Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                answered = recorder.interactions[case].response
                told = "" if answered is None else answered.text[:500]
                yield f"{recorder.label}: {failure.title}: {failure.message} {told}"
