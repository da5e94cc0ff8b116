"""What came out of the cases of a file, held against what they expect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.cases.answers import BEFORE, answering_step, lacking, misfits, steps_of
from gateway.cases.comparing import differences, is_there
from gateway.cases.reading import Case, CaseFile
from gateway.cases.running import Outcome, record_there, rendered, run_case
from gateway.documents import NOTHING, Finding, meant, shown
from gateway.errors import GatewayError, MethodNotAllowed, Place, Rejected, UnknownResource
from gateway.mapping import Plan
from gateway.snapshot import Snapshot
from gateway.wire import Entity

Path = tuple[str | int, ...]

_ADDRESSED: Final = {"key": "a key", "id": "a record"}
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case; without findings it passed. `owner` is the organization or connection
    on whose override it was run.
    """

    name: str
    place: Place
    findings: tuple[Finding, ...]
    owner: str | None = None


def check_cases(file: CaseFile, snapshot: Snapshot, *owners: str) -> list[Finding]:
    """What is wrong with the tests of a file before any of them is run; `owners` as below."""
    found: list[Finding] = []
    plans: list[Plan] = []
    for case in file.cases:
        plan = _plan(file, case, snapshot, *owners)
        if isinstance(plan, Finding):
            found.append(plan)
            continue
        plans.append(plan)
        found += _unknown_answers(file, case, plan)
        found += _wrong_answers(file, ("tests", case.at, "answers"), case.own, plan, snapshot)
    return list(dict.fromkeys((*found, *_wrong_shared(file, plans, snapshot))))


async def run_cases(file: CaseFile, snapshot: Snapshot, *owners: str) -> list[CaseResult]:
    """Every case of a file, run and judged, for whom as `Snapshot.resource` has it.

    Answers that all tests share and none asks for are a result of their own.
    """
    results = []
    asked: set[tuple[str, ...]] = set()
    planned = [_plan(file, case, snapshot, *owners) for case in file.cases]
    plans = [plan for plan in planned if not isinstance(plan, Finding)]
    wrong = list(_wrong_shared(file, plans, snapshot))
    all_run = True  # with an answer that Business Central never gives, a case is not run
    for case, plan in zip(file.cases, planned, strict=True):
        if isinstance(plan, Finding):
            findings = [plan]
        else:
            own = ("tests", case.at, "answers")
            findings = list(_wrong_answers(file, own, case.own, plan, snapshot))
            if findings or (wrong and any(misfits(case.answers, plan, snapshot.schemas))):
                all_run = False
            else:
                outcome = await run_case(case, plan, snapshot)
                again = await run_case(case, plan, snapshot)
                asked |= outcome.asked
                findings = list(_Verdict(file, case, plan, snapshot, outcome).findings())
                if rendered(outcome) != rendered(again):
                    message = "Two runs gave different bytes."
                    findings.append(file.finding(("tests", case.at), "T205", message))
        place = file.document.place(("tests", case.at, "name"))
        results.append(CaseResult(case.name, place, tuple(findings)))
    failed = any(result.findings for result in results)  # and may have come to no question
    unused = _unused(file, ("answers",), file.answers, asked) if all_run and not failed else ()
    shared = (*wrong, *unused)
    if shared:
        results.append(CaseResult("the answers all tests share", shared[0].place, shared))
    return results


async def passes(file: CaseFile, snapshot: Snapshot, verb: str, *owners: str) -> bool:
    """Whether all cases of `verb` come out as expected, for whom as `Snapshot.resource` has it;
    ends at the first that does not.
    """
    for case in file.cases:
        if case.verb != verb:
            continue
        plan = _plan(file, case, snapshot, *owners)
        if isinstance(plan, Finding):
            return False
        outcome = await run_case(case, plan, snapshot)
        if next(_Verdict(file, case, plan, snapshot, outcome).findings(), None) is not None:
            return False
    return True


def _plan(file: CaseFile, case: Case, snapshot: Snapshot, *owners: str) -> Plan | Finding:
    try:
        plan = snapshot.plan(file.resource, case.verb, *owners)
    except UnknownResource as error:
        return file.finding(("resource",), "T102", error.detail)
    except MethodNotAllowed as error:
        hint = meant(case.verb, snapshot.resources[file.resource].verbs)
        return file.finding(("tests", case.at, "verb"), "T103", error.detail, hint=hint)
    needed = "key" if case.verb == "upsert" else "id" if plan.action else None
    if needed is not None and needed not in case.target:
        message = f"{'An upsert' if needed == 'key' else 'An action'} goes to {_ADDRESSED[needed]}."
        hint = f"Add `target: {{{needed}: …}}`."
        return file.finding(("tests", case.at), "T109", message, hint=hint)
    entity = snapshot.schemas.entity(plan.api, plan.entity)
    if plan.verb in {"update", "delete"} and not case.target and _nameless(case, entity):
        message = "Nothing says which record this is about."
        lacking = " and ".join(f"`{name}`" for name in entity.key)
        hint = f"Give the record under `read` its {lacking}, or add `target: {{id: …}}`."
        return file.finding(("tests", case.at), "T109", message, hint=hint)
    return plan


def _nameless(case: Case, entity: Entity) -> bool:
    """Whether nothing tells the key of the record that is there."""
    read = case.answers.get("steps", {}).get(BEFORE)
    return isinstance(read, Mapping) and not record_there(case, entity)


def _unknown_answers(file: CaseFile, case: Case, plan: Plan) -> Iterator[Finding]:
    known = _known(plan)
    for kind, answers in case.own.items():
        for name in answers:
            if name not in known[kind]:
                yield file.finding(
                    ("tests", case.at, "answers", kind, name),
                    "T107",
                    f'The verb {plan.verb} has nothing of the name "{name}".',
                    hint=meant(name, known[kind]),
                )


def _wrong_answers(
    file: CaseFile, path: Path, answers: Mapping[str, Any], plan: Plan, snapshot: Snapshot
) -> Iterator[Finding]:
    """Answers at `path` that Business Central would never give."""
    for one in misfits(answers, plan, snapshot.schemas):
        where = (*path, *one.path)
        yield file.finding(where, "T110", one.message, hint=one.hint, key=one.key)


def _wrong_shared(file: CaseFile, plans: Sequence[Plan], snapshot: Snapshot) -> Iterator[Finding]:
    """The same of the answers that all tests share; one that is right for any verb is right."""
    for kind, named in file.answers.items():
        for name, value in named.items():
            alone = {kind: {name: value}}
            found = [
                list(_wrong_answers(file, ("answers",), alone, plan, snapshot))
                for plan in plans
                if name in _known(plan)[kind]
            ]
            yield from min(found, key=len, default=[])


def _known(plan: Plan) -> Mapping[str, Sequence[str]]:
    """The names of the answers that a verb may ask for, by their kinds."""
    return {"lookups": [lookup.name for lookup in plan.lookups], "steps": steps_of(plan)}


def _unused(
    file: CaseFile, path: Path, answers: Mapping[str, Any], asked: set[tuple[str, ...]]
) -> Iterator[Finding]:
    """Answers that nothing asked for; of a map by key, the keys that nothing asked for."""
    message = "Nothing asks for this answer."
    for kind, named in answers.items():
        for name, value in named.items():
            used = [one[2:] for one in asked if one[:2] == (kind, name)]
            if not used:
                yield file.finding((*path, kind, name), "T107", message)
            elif () not in used:
                for key in value:
                    if (key,) not in used:
                        yield file.finding((*path, kind, name, key), "T107", message)


class _Verdict:
    """One outcome held against the expectations of its case."""

    def __init__(
        self, file: CaseFile, case: Case, plan: Plan, snapshot: Snapshot, outcome: Outcome
    ) -> None:
        self._file = file
        self._case = case
        self._plan = plan
        self._schemas = snapshot.schemas
        self._outcome = outcome

    def findings(self) -> Iterator[Finding]:
        """Everything that did not come out as expected; of what comes of a mistake in the test the
        mistake alone.
        """
        at = self._case.at
        told = list(self._input())
        told = told or list(_unknown_answers(self._file, self._case, self._plan))
        told = told or list(self._unanswered())
        if told:
            yield from told
            return
        for given, field in self._outcome.others:
            message = f"The record that is answered for {' / '.join(given)} has another {field}."
            hint = "It must be one that would be found."
            yield self._file.finding(self._answer_place(given), "T206", message, hint=hint)
        if self._outcome.problem is None or "problem" in self._case.expect:
            yield from _unused(
                self._file, ("tests", at, "answers"), self._own_answers(), self._outcome.asked
            )
        yield from self._problem()
        if self._outcome.problem is None:
            yield from self._counts()
            yield from self._requests()
            yield from self._anchor()
            yield from self._answer()

    def _unanswered(self) -> Iterator[Finding]:
        for missed in self._outcome.unanswered:
            message = f"The answers have nothing for {' / '.join(missed)}."
            yield self._file.finding(("tests", self._case.at), "T108", message)

    def _own_answers(self) -> dict[str, Any]:
        """The case's own answers, without those no verb could ask for: they are told apart."""
        known = _known(self._plan)
        return {
            kind: {name: value for name, value in answers.items() if name in known[kind]}
            for kind, answers in self._case.own.items()
        }

    def _input(self) -> Iterator[Finding]:
        if self._plan.input is None:
            return
        at = self._case.at
        plan, schemas = self._plan, self._schemas
        name, patch = plan.takes or plan.schema, plan.verb == "update" and not plan.action
        validator = schemas.change_validator(name) if patch else schemas.input_validator(name)
        found = validator.violations(self._case.given)
        if self._case.invalid_input:
            if not found:
                message = "The document is right, though this says it is wrong."
                yield self._file.finding(("tests", at, "invalid_input"), "T201", message)
            return
        for one in found:
            message = f"The document is wrong at {one.pointer or 'its root'}: {one.detail}"
            yield self._file.finding(("tests", at, "given"), "T201", message, hint=one.hint)

    def _problem(self) -> Iterator[Finding]:
        problem, wanted = self._outcome.problem, self._case.expect.get("problem")
        if problem is None:
            if wanted is not None:
                message = "Nothing was refused."
                yield self._other(("problem",), message, wanted["code"], "no problem", rule="T203")
            return
        code = problem.own_code if isinstance(problem, Rejected) else problem.code
        if wanted is None:
            lacking_ = list(self._lacking()) if _untranslated(problem) else []
            if lacking_:
                yield from lacking_
                return
            place = ("tests", self._case.at, "expect")
            yield self._file.finding(place, "T203", _cause(code, problem))
            return
        if code != wanted["code"]:
            cause = _cause(code, problem)
            yield self._other(("problem", "code"), cause, wanted["code"], code, rule="T203")
        pointers = sorted({one.pointer or "" for one in problem.violations})
        if "at" in wanted and pointers != sorted(wanted["at"]):
            message = "The problem names other places."
            expected, actual = shown(wanted["at"]), shown(pointers)
            yield self._other(("problem", "at"), message, expected, actual, rule="T203")

    def _lacking(self) -> Iterator[Finding]:
        """The answers that have not all fields which the mapping reads of them."""
        for path in sorted(self._outcome.asked):
            record: object = self._case.answers
            for step in path:
                record = record.get(step) if isinstance(record, Mapping) else None
            if names := lacking(path, record, self._plan):
                message = f"The mapping reads what this record has not: {', '.join(names)}."
                hint = "Add what Business Central would answer there."
                yield self._file.finding(self._answer_place(path), "T108", message, hint=hint)

    def _counts(self) -> Iterator[Finding]:
        expect, outcome = self._case.expect, self._outcome
        writes = sum(one.method not in _READS for one in outcome.requests)
        if expect.get("writes", writes) != writes:
            message = "Another number of calls changes something."
            yield self._other(("writes",), message, str(expect["writes"]), str(writes))
        if expect.get("filter", outcome.filter) != outcome.filter:
            expected, actual = shown(expect["filter"]), shown(outcome.filter)
            yield self._other(("filter",), "The filter is another.", expected, actual)

    def _requests(self) -> Iterator[Finding]:
        wanted = self._case.expect.get("requests")
        if wanted is None:
            return
        sent = self._outcome.requests
        expected, actual = [one["call"] for one in wanted], [f"{r.method} {r.path}" for r in sent]
        if expected != actual:
            message = "Other calls would be sent."
            yield self._other(("requests",), message, shown(expected), shown(actual))
            return
        for at, (one, request) in enumerate(zip(wanted, sent, strict=True)):
            path: Path = ("requests", at)
            yield from self._differing(one, (*path, "body"), request.body)
            yield from self._differing(one, (*path, "body_contains"), request.body)
            for index, pointer in enumerate(one.get("absent", ())):
                if is_there(request.body, pointer):
                    message = "The body has a value there."
                    place = (*path, "absent", index)
                    yield self._other(place, message, f"nothing at {pointer}", "a value")

    def _answer_place(self, path: tuple[str, ...]) -> Path:
        """Where an answer is given: by the case itself, else for all tests."""
        own: object = self._case.own
        for step in path:
            own = own.get(step) if isinstance(own, Mapping) else None
        return ("answers", *path) if own is None else ("tests", self._case.at, "answers", *path)

    def _anchor(self) -> Iterator[Finding]:
        anchor = self._outcome.anchor
        if "anchor" in self._case.expect and anchor is None:
            message = "Such a request leaves nothing that is found again by an anchor."
            yield self._other(("anchor",), message, "an anchor", "none")
        else:
            for one in differences(self._case.expect.get("anchor", {}), anchor or {}, whole=False):
                message = "It would be found again by another anchor."
                expected, found = shown(one.expected), shown(one.actual)
                yield self._other(("anchor", *one.path), message, expected, found)

    def _answer(self) -> Iterator[Finding]:
        expect, outcome = self._case.expect, self._outcome
        if not outcome.answered:
            for key in ("answer", "answer_contains"):
                if key in expect:
                    message = f"The answers have no step {answering_step(self._plan)}."
                    place = ("tests", self._case.at, "expect", key)
                    yield self._file.finding(place, "T108", message)
            return
        yield from self._differing(expect, ("answer",), outcome.answer)
        yield from self._differing(expect, ("answer_contains",), outcome.answer)
        omit = () if self._plan.list is None else self._plan.list.omit
        validator = self._schemas.answer_validator(self._plan.schema, omit)
        answers = outcome.answer if isinstance(outcome.answer, list) else [outcome.answer]
        for one in [one for answer in answers for one in validator.violations(answer)]:
            message = f"The answer is wrong at {one.pointer or 'its root'}: {one.detail}"
            at = self._case.at
            yield self._file.finding(("tests", at, "expect"), "T204", message, hint=one.hint)

    def _differing(
        self, expect: Mapping[str, Any], path: Path, actual: object
    ) -> Iterator[Finding]:
        key = str(path[-1])
        if key not in expect:
            return
        for one in differences(expect[key], actual, whole=not key.endswith("_contains")):
            where = "".join(
                f"[{step}]" if isinstance(step, int) else f".{step}" for step in one.path
            )
            lacks = one.expected is NOTHING
            what = "not expected" if lacks else "missing" if one.actual is NOTHING else "another"
            message = f"{where.removeprefix('.') or 'The whole'} is {what}."
            expected, found = shown(one.expected), shown(one.actual)
            here = one.path[:-1] if lacks else one.path  # the key of what lacks it
            at = ("tests", self._case.at, "expect", *path, *here)
            yield self._file.finding(
                at, "T202", message, expected=expected, actual=found, key=lacks
            )

    def _other(
        self, path: Path, message: str, expected: str, actual: str, *, rule: str = "T202"
    ) -> Finding:
        place = ("tests", self._case.at, "expect", *path)
        return self._file.finding(place, rule, message, expected=expected, actual=actual)


def _untranslated(problem: GatewayError) -> bool:
    """Whether an expression had no value."""
    return any(one.rule == "mapping" for one in problem.violations)


def _cause(code: str, problem: GatewayError) -> str:
    lines = [f"It was refused as {code}: {problem.detail}"]
    for one in problem.violations:
        where = " ".join(str(part) for part in (one.pointer, one.target, one.place) if part)
        lines.append(f"{where}: {one.detail}{f' {one.hint}' if one.hint else ''}")
    return "\n        ".join(lines)
