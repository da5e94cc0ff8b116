"""An attempt: a mapping, a document and answers, all as texts, and what comes of them.

The operators' page makes one for every pause in typing. It has what `bc-gateway render` has: the
same checks, the same function that prepares a write, and answers that are given. It knows no
connection, so nothing can be sent or read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.cases import wrong_records
from gateway.clock import Clock
from gateway.console.shown import Call, calls, others
from gateway.documents import Document, Finding, read_document
from gateway.errors import GatewayError, InvalidFiles, Place
from gateway.operations import failures
from gateway.operations.explaining import Leaf
from gateway.operations.offline import Answers, Offline, about, answers_of
from gateway.operations.prepare import LookupReport, Prepared
from gateway.operations.trial import Trial, trial_of
from gateway.snapshot import DRAFT, ResourcePlans, Snapshot, drafted

INPUT: Final = "input.json"
ANSWERS: Final = "answers.yaml"
MAPPING: Final = DRAFT


@dataclass(frozen=True, slots=True)
class Texts:
    """What stands in the fields of the page. `target` is the id of a record, or a key."""

    mapping: str
    verb: str
    input: str
    answers: str
    target: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of it. `findings` are in any of the three texts, each in the file of its name.

    `verbs` are those of the mapping that write. Where nothing was prepared there is no `trial`;
    `lacking` is what the answers would have to be.
    """

    findings: tuple[Finding, ...] = ()
    verbs: tuple[str, ...] = ()
    problem: Mapping[str, object] | None = None
    calls: tuple[Call, ...] = ()
    others: tuple[Leaf, ...] = ()
    then: tuple[str, ...] = ()
    lookups: tuple[LookupReport, ...] = ()
    unused: tuple[str, ...] = ()
    lacking: str | None = None
    prepared: bool = False

    @property
    def failed(self) -> bool:
        """Whether a finding is an error."""
        return any(one.severity == "error" for one in self.findings)

    @property
    def summary(self) -> str:
        """In one sentence, for whoever only listens."""
        errors = sum(one.severity == "error" for one in self.findings)
        if errors:
            return f"{_counted(errors, 'mistake')} to put right."
        if self.lacking is not None:
            return "Some answers are missing."
        if self.problem is not None:
            return f"Would be refused as {self.problem['code']}."
        if self.prepared and not self.calls:
            return "Nothing would have to be sent: the record is that way already."
        sent = f"Would send {_counted(len(self.calls), 'request')}."
        return f"{sent} {len(self.unused)} of the input unread." if self.unused else sent


@dataclass(slots=True)
class _Read:
    """Texts that are being read; what is wrong with them is collected."""

    findings: list[Finding] = field(default_factory=list)

    def document(self, file: str, text: str) -> Document | None:
        try:
            return read_document(file, text)
        except InvalidFiles as error:
            self.findings += [one for one in error.findings if isinstance(one, Finding)]
            return None

    def report(self, rule: str, name: str, file: str, message: str, hint: str) -> None:
        self.findings.append(Finding(rule, name, message, Place(file, 1, 1), hint=hint))


def attempt(texts: Texts, snapshot: Snapshot) -> Attempt:
    """What comes of the texts, with the schemas and mappings of a snapshot. Raises nothing."""
    read = _Read()
    found, plans = drafted(texts.mapping, snapshot)
    read.findings += found
    document = read.document(INPUT, texts.input or "{}")
    answers = read.document(ANSWERS, texts.answers or "{}")
    given = None if answers is None else answers_of(answers.value, ANSWERS)
    if answers is not None and given is None:
        hint = "Write them as in the tests beside a mapping."
        message = "The answers are a map with lookups, steps and params."
        read.report("T101", "wrong-shape", ANSWERS, message, hint)
    verbs = () if plans is None else writing(plans)
    trial = None if plans is None else _trial(plans, texts.verb, snapshot, read)
    aimed = trial is None or _aimed(trial, texts.target, read)
    if trial is not None and answers is not None and given is not None:
        read.findings += wrong_records(answers, trial.plan, trial.schemas)
    findings = tuple(read.findings)
    if trial is None or document is None or given is None or not aimed:
        return Attempt(findings, verbs)
    value = None if trial.plan.input is None else document.value
    try:
        prepared, source = asyncio.run(_prepared(trial, value, given, texts.target))
    except GatewayError as error:
        return Attempt(findings, verbs, problem=failures.written(error))
    made = _told(trial, prepared, findings, verbs)
    made = replace(made, unused=tuple(trial.unused(value)))
    return replace(made, lacking=source.skeleton(), problem=None) if source.lacks else made


def writing(plans: ResourcePlans) -> tuple[str, ...]:
    """The verbs and actions that write."""
    return tuple(name for name, plan in plans.verbs.items() if plan.steps)


def _trial(plans: ResourcePlans, verb: str, snapshot: Snapshot, read: _Read) -> Trial | None:
    known = writing(plans)
    if verb in known:
        return trial_of(plans.mapping, verb, snapshot.schemas)
    message = f"{plans.title} have no such verb that writes."
    read.report("T103", "unknown-verb", MAPPING, message, _one_of(known))
    return None


def _aimed(trial: Trial, target: str, read: _Read) -> bool:
    """Whether a record is named where the verb needs one."""
    plan = trial.plan
    if target or (plan.verb == "create" and not plan.action):
        return True
    hint = "Give the key." if _target(trial) == "key" else "Give the id."
    read.report("T109", "no-target", INPUT, "This verb is about a record.", hint)
    return False


def _target(trial: Trial) -> str:
    """What the address of the verb would name."""
    return "key" if trial.plan.verb == "upsert" and not trial.plan.action else "id"


async def _prepared(
    trial: Trial, document: object, given: Answers, target: str
) -> tuple[Prepared, Offline]:
    plan, schemas = trial.plan, trial.schemas
    shared = replace(given, shared=True)  # the record given is one of several, as in tests
    known = about(shared, plan, schemas.entity(plan.api, plan.entity), target)
    source = Offline(known, schemas)
    prepared = await trial.offline(
        document,
        source,
        now=Clock().now(),
        target={_target(trial): target} if target else {},
        params=known.params,
    )
    return prepared, source


def _told(
    trial: Trial, prepared: Prepared, findings: Sequence[Finding], verbs: tuple[str, ...]
) -> Attempt:
    leaves = trial.leaves(prepared)
    made = calls(prepared.requests, leaves)
    return Attempt(
        tuple(findings),
        verbs,
        problem=None if prepared.problem is None else failures.written(prepared.problem),
        calls=made,
        others=others(leaves, made),
        then=prepared.then,
        lookups=prepared.lookups,
        prepared=True,
    )


def _one_of(names: Sequence[str]) -> str:
    return f"There are: {', '.join(names)}." if names else "There are none."


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
