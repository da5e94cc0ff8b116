"""`POST /v1/dry-run`: what a request would send, without sending it.

The very function that prepares a write prepares this one. With a connection its lookups are
really read, and the record that a change is about; without one both come from `answers`. A
`mapping` in the request is tried in place of the one there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from aiohttp import web

from gateway.api import shapes
from gateway.api.access import require_organization, require_role, visible_connection
from gateway.api.answers import answer
from gateway.api.bodies import read_input
from gateway.api.keys import CLOCK, CONNECTIONS, ENGINE, snapshot_of
from gateway.api.problems import docs_url, problem
from gateway.documents import Finding
from gateway.errors import InvalidFiles, InvalidInput, MethodNotAllowed, Violation
from gateway.mapping import Plan
from gateway.operations import failures
from gateway.operations.prepare import Prepared, names_for
from gateway.operations.sources import GivenAnswers
from gateway.operations.walk import rehearsed
from gateway.snapshot import ResourcePlans, Snapshot, drafted
from gateway.validation import Validator

_INPUT: Final = Validator(shapes.DRY_RUN_INPUT)


async def dry_run(request: web.Request) -> web.Response:
    """The verdict, the requests, what became of the lookups, and the problem if there is one."""
    require_role(request, "integrator")
    given = cast("dict[str, Any]", await read_input(request, _INPUT))
    if "connection" in given:
        known = await visible_connection(request, given["connection"])
        plan = await _plan(request, given, known.id, known.organization)
        connection = await request.app[CONNECTIONS].require(known.id)
        prepared = await request.app[ENGINE].prepare(
            connection,
            plan,
            _document(plan, given),
            snapshot=snapshot_of(request),
            target=_target(plan, given),
        )
    else:
        plan = await _plan(request, given, *_organization(request, given))
        prepared = await _offline(request, plan, given)
    return answer(_body(prepared, docs_url(request)))


def _organization(request: web.Request, given: Mapping[str, Any]) -> Iterator[str]:
    """Whose overrides count without a connection. Raises `Forbidden` for somebody else's."""
    if "organization" in given:
        require_organization(request, given["organization"])
        yield given["organization"]


async def _plan(request: web.Request, given: Mapping[str, Any], *owners: str) -> Plan:
    """The plan that is asked about, of a draft if one is given.

    Raises `UnknownResource`, `InvalidInput`.
    """
    snapshot = snapshot_of(request)
    try:
        if "mapping" in given:
            plan = (await _draft(snapshot, given)).plan(given["verb"])
        else:
            plan = snapshot.plan(given["resource"], given["verb"], *owners)
    except MethodNotAllowed as error:
        violation = Violation("enum", error.detail, "/verb")
        raise InvalidInput(error.detail, violations=[violation]) from None
    if not plan.steps:
        detail = f"{plan.verb} writes nothing, so there is nothing to try."
        raise InvalidInput(detail, violations=[Violation("enum", detail, "/verb")])
    return plan


async def _draft(snapshot: Snapshot, given: Mapping[str, Any]) -> ResourcePlans:
    """The mapping in the request. Raises `InvalidInput` with what is wrong with it."""
    try:
        plans = await asyncio.to_thread(drafted, given["mapping"], snapshot.schemas)
    except InvalidFiles as error:
        raise InvalidInput(
            "The mapping has findings.",
            violations=[
                Violation(one.rule, one.message, "/mapping", place=one.place, hint=one.hint)
                for one in error.findings
                if isinstance(one, Finding)
            ],
        ) from None
    if plans.resource != given["resource"]:
        detail = f"The mapping is one of {plans.resource}."
        raise InvalidInput(detail, violations=[Violation("const", detail, "/resource")])
    return plans


async def _offline(request: web.Request, plan: Plan, given: Mapping[str, Any]) -> Prepared:
    now, answers = request.app[CLOCK].now(), given.get("answers", {})
    names = names_for(plan, _document(plan, given), None, now=now, target=_target(plan, given))
    schemas = snapshot_of(request).schemas
    source = GivenAnswers(answers.get("lookups", {}), answers.get("steps", {}), schemas)
    return await rehearsed(schemas, plan, names, source)


def _document(plan: Plan, given: Mapping[str, Any]) -> object:
    return None if plan.input is None else _needed(given, "input")


def _target(plan: Plan, given: Mapping[str, Any]) -> dict[str, object]:
    """What the address of the real request would name."""
    if plan.verb == "create" and not plan.action:
        return {}
    name = "key" if plan.verb == "upsert" and not plan.action else "id"
    return {name: _needed(given, name)}


def _needed(given: Mapping[str, Any], name: str) -> object:
    if name not in given:
        detail = f"This verb needs {name}."
        raise InvalidInput(detail, violations=[Violation("required", detail, f"/{name}")])
    return given[name]


def _body(prepared: Prepared, docs: str) -> dict[str, object]:
    refusal = None
    if prepared.problem is not None:
        refusal = problem(failures.written(prepared.problem), docs=docs)
    return {
        "verdict": "would_send" if refusal is None else "would_refuse",
        "requests": [
            {
                "step": sent.step,
                "method": sent.method,
                "path": sent.path,
                "body": sent.body,
            }
            for sent in prepared.requests
        ],
        "then": list(prepared.then),
        "lookups": [
            {
                "name": lookup.name,
                "asked": lookup.asked,
                "found": lookup.found,
                "missing": list(lookup.missing),
            }
            for lookup in prepared.lookups
        ],
        "findings": [] if refusal is None else refusal["errors"],
        "problem": refusal,
    }
