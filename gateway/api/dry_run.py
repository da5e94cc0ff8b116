"""`POST /v1/dry-run`: what a request would send, without sending it.

The very function that prepares a write prepares this one. With a connection its lookups are
really read, and the record that a change is about, and the journal is asked whether its reference
is free; without one lookups and record come from `answers`. A `mapping` in the request is tried in
place of the one there is, or over it where it extends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from aiohttp import web

from gateway.api.access import require_organization, require_role, visible_connection
from gateway.api.answers import answer
from gateway.api.bodies import read_input
from gateway.api.dry_run_shapes import DRY_RUN_INPUT
from gateway.api.keys import CLOCK, CONNECTIONS, ENGINE, snapshot_of
from gateway.api.problems import docs_url, problem
from gateway.cases import misfits
from gateway.connections import params_violations
from gateway.errors import InvalidInput, MethodNotAllowed, Violation
from gateway.mapping import Plan
from gateway.operations import failures
from gateway.operations.prepare import Prepared
from gateway.operations.sources import GivenAnswers
from gateway.operations.trial import Trial, told, trial_of
from gateway.snapshot import ResourcePlans, Snapshot, drafted
from gateway.validation import Validator

_INPUT: Final = Validator(DRY_RUN_INPUT)


async def dry_run(request: web.Request) -> web.Response:
    """The verdict, the requests, where each field comes from, what became of the lookups, what
    nothing reads, and the problem if there is one.
    """
    require_role(request, "integrator")
    given = cast("dict[str, Any]", await read_input(request, _INPUT))
    snapshot = snapshot_of(request)
    if "connection" in given:
        known = await visible_connection(request, given["connection"])
        trial = await _trial(snapshot, given, known.id, known.organization)
        connection = await request.app[CONNECTIONS].require(known.id)
        prepared = await request.app[ENGINE].prepare(
            connection,
            trial.plan,
            _document(trial.plan, given),
            snapshot=snapshot,
            target=_target(trial.plan, given),
        )
    else:
        trial = await _trial(snapshot, given, *_organization(request, given))
        prepared = await _offline(request, trial, given)
    return answer(_body(trial, prepared, given, docs_url(request)))


def _organization(request: web.Request, given: Mapping[str, Any]) -> Iterator[str]:
    """Whose overrides count without a connection. Raises `Forbidden` for somebody else's."""
    if "organization" in given:
        require_organization(request, given["organization"])
        yield given["organization"]


async def _trial(snapshot: Snapshot, given: Mapping[str, Any], *owners: str) -> Trial:
    """The verb that is asked about, of a draft if one is given.

    Raises `UnknownResource`, `InvalidInput`.
    """
    plans = None
    if "mapping" in given:
        plans = await _draft(snapshot, given)
    try:
        if plans is None:
            plan = snapshot.plan(given["resource"], given["verb"], *owners)
            plans = snapshot.resource(given["resource"], *owners)
        else:
            plan = plans.plan(given["verb"])
    except MethodNotAllowed as error:
        violation = Violation("enum", error.detail, "/verb")
        raise InvalidInput(error.detail, violations=[violation]) from None
    if not plan.steps or plans is None:
        detail = f"{plan.verb} writes nothing, so there is nothing to try."
        raise InvalidInput(detail, violations=[Violation("enum", detail, "/verb")])
    return await asyncio.to_thread(trial_of, plans.mapping, plan.verb, snapshot.schemas)


async def _draft(snapshot: Snapshot, given: Mapping[str, Any]) -> ResourcePlans:
    """The mapping in the request. Raises `InvalidInput` with what is wrong with it."""
    findings, plans = await asyncio.to_thread(drafted, given["mapping"], snapshot)
    if plans is None:
        raise InvalidInput(
            "The mapping has findings.",
            violations=[
                Violation(one.rule, one.message, "/mapping", place=one.place, hint=one.hint)
                for one in findings
                if one.severity == "error"
            ],
        )
    if plans.resource != given["resource"]:
        detail = f"The mapping is one of {plans.resource}."
        raise InvalidInput(detail, violations=[Violation("const", detail, "/resource")])
    return plans


async def _offline(request: web.Request, trial: Trial, given: Mapping[str, Any]) -> Prepared:
    """With what is given. Raises `InvalidInput` where that is not enough, or cannot be."""
    answers = given.get("answers", {})
    params = answers.get("params", {})
    violations = params_violations(params, [trial.plan.params])
    violations = [replace(one, pointer=f"/answers{one.pointer}") for one in violations]
    violations += [
        Violation("T110", one.message, f"/answers{one.pointer}", hint=one.hint)
        for one in misfits(answers, trial.plan, trial.schemas)
    ]
    if violations:
        raise InvalidInput(violations=violations)
    return await trial.offline(
        _document(trial.plan, given),
        GivenAnswers(answers.get("lookups", {}), answers.get("steps", {}), trial.schemas),
        now=request.app[CLOCK].now(),
        target=_target(trial.plan, given),
        params=params,
    )


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


def _body(
    trial: Trial, prepared: Prepared, given: Mapping[str, Any], docs: str
) -> dict[str, object]:
    refusal = None
    if prepared.problem is not None:
        refusal = problem(failures.written(prepared.problem, given), docs=docs)
    return {
        "verdict": "would_send" if refusal is None else "would_refuse",
        **told(prepared),
        "fields": [leaf.as_json() for leaf in trial.leaves(prepared)],
        "unused_input": trial.unused(given.get("input")),
        "findings": [] if refusal is None else refusal["errors"],
        "problem": refusal,
    }
