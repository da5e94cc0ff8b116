"""Where the texts of a document go: each shipped mapping, each verb that writes, each record read.

A text that no other field has is put into every field of a document. Where it comes out is where
any other text must come out, and nothing else may change by it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, cast

from gateway.cases import read_cases
from gateway.cases.answers import answering_step
from gateway.cases.reading import Case, case_files
from gateway.cases.running import CaseAnswers, Outcome
from gateway.config import shipped
from gateway.documents import decode_json, encode_json
from gateway.errors import GatewayError, MappingError
from gateway.mapping import Lookup, Names, Plan, Question
from gateway.operations.compare import same_value
from gateway.operations.prepare import Prepared, names_for
from gateway.operations.sources import Found
from gateway.operations.walk import rehearsed
from gateway.snapshot import Snapshot
from gateway.wire import Entity, decode

Path = tuple[str | int, ...]
Leaves = dict[Path, object]

NOW: Final = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
GUID: Final = "5f8c0000-0000-4000-8000-0000000000{:02}"


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value that is no container, and the empty containers."""
    children: Any = ()
    if isinstance(value, Mapping):
        children = value.items()
    elif isinstance(value, list | tuple):
        children = enumerate(value)
    if not children:
        yield path, value
    for key, child in children:
        yield from leaves(child, (*path, key))


def put(document: Any, path: Path, text: str) -> Any:  # noqa: ANN401 - any JSON value
    """A copy of `document` with `text` at `path`, whose parents are made where they lack."""
    made = copy.deepcopy(document)
    parent = made
    for step in path[:-1]:
        if isinstance(parent, dict) and parent.get(step) is None:
            parent[step] = {}
        parent = parent[step]
    parent[path[-1]] = text
    return made


def pointer(path: Path) -> str:
    return "".join(f"/{step}" for step in path)


class Answers:
    """Finds a record for every question, and notes down what was asked."""

    def __init__(self, given: Mapping[str, Mapping[str, object]], snapshot: Snapshot) -> None:
        self.asked: list[object] = []
        self._given = given
        self._snapshot = snapshot

    async def find(self, lookup: Lookup, questions: Sequence[Question]) -> list[Found | None]:
        self.asked += [[lookup.name, one.key or "", dict(one.where)] for one in questions]
        return [self._record(lookup, one.key) for one in questions]

    async def current(self, plan: Plan, _: Names) -> Found | None:
        name = plan.steps[0].name if plan.part else "read"
        return cast("Found | None", self._given.get("steps", {}).get(name))

    def after(self, plan: Plan, _: Names) -> Found | None:
        return cast("Found | None", self._given.get("steps", {}).get(plan.steps[0].name))

    def _record(self, lookup: Lookup, key: str | None) -> Found:
        """That of the key, and of one that nobody has given the first."""
        known = self._given.get("lookups", {}).get(lookup.name)
        if lookup.each and isinstance(known, Mapping) and known:
            known = known.get(key) or next(iter(known.values()))
        if isinstance(known, Mapping):
            return known
        names = lookup.select or ("id", "number")
        return {
            name: GUID.format(9) if name.lower().endswith("id") else None if "lock" in name else "X"
            for name in names
        }


@dataclass(slots=True)
class Way:
    """One text of a document: where it stands, and all the places at which it comes out.

    `longest` is how much of it comes out, None for all.
    """

    path: Path
    places: frozenset[Path] = frozenset()
    longest: int | None = None


@dataclass(slots=True)
class Passage:
    """A document and what takes it to the other side; `ways` are its texts.

    `passed` gives what comes out, or the problem why nothing does.
    """

    name: str
    document: Any
    ways: list[Way] = field(default_factory=list)
    base: Leaves = field(default_factory=dict)

    async def passed(self, document: object) -> Leaves | GatewayError:
        raise NotImplementedError

    def unchanged(self, way: Way, text: str) -> bool:
        """Whether `text` need not come out, because the other side has it already."""
        raise NotImplementedError

    async def learn(self, fields: Sequence[Path]) -> None:
        """Find out where the texts at `fields` come out."""
        for at, path in enumerate(fields):
            tried = put(self.document, path, f"q{at:02}z")
            if isinstance(await self.passed(tried), dict):
                self.document = tried
                self.ways.append(Way(path))
        base = await self.passed(self.document)
        assert isinstance(base, dict), (self.name, base)
        self.base = base
        for way in self.ways:
            marker = dict(leaves(self.document))[way.path]
            way.places = frozenset(place for place, value in base.items() if value == marker)
            hidden = [place for place, value in base.items() if str(marker) in str(value)]
            assert len(hidden) == len(way.places), (self.name, way.path, hidden)
            await self._learn_length(way)
        self.ways = [way for way in self.ways if way.places]

    async def _learn_length(self, way: Way) -> None:
        for length in (255, 250, 100):
            found = await self.passed(put(self.document, way.path, "w" * length))
            if isinstance(found, dict) and way.places:
                shown = min(len(str(found[place])) for place in way.places)
                way.longest = shown if shown < length else None
                return


@dataclass(slots=True)
class Writing(Passage):
    """What a product sends, on its way to Business Central."""

    plan: Plan = field(kw_only=True)
    case: Case = field(kw_only=True)
    snapshot: Snapshot = field(kw_only=True)

    async def passed(self, document: object) -> Leaves | GatewayError:
        received = decode_json(encode_json(document))
        names = names_for(self.plan, received, None, now=NOW, target=self._target())
        names["params"] = dict(self.case.params)
        answers = Answers(self.case.answers, self.snapshot)
        prepared = await rehearsed(self.snapshot.schemas, self.plan, names, answers)
        if prepared.problem is not None:
            return prepared.problem
        return dict(leaves(decode_json(encode_json(_sent(prepared, answers)))))

    def unchanged(self, way: Way, text: str) -> bool:
        there = self.case.answers.get("steps", {}).get("read")
        entity = self.snapshot.schemas.entity(self.plan.api, self.plan.entity)
        names = [str(place[-1]) for place in way.places]
        return isinstance(there, Mapping) and any(
            name in entity.fields and same_value(entity.fields[name], there.get(name), text)
            for name in names
        )

    def _target(self) -> Mapping[str, object]:
        there = self.case.answers.get("steps", {}).get("read")
        known = there.get("id") if isinstance(there, Mapping) else None
        return self.case.target or {"id": known or GUID.format(1)}


def _sent(prepared: Prepared, answers: Answers) -> object:
    return {
        "requests": [[one.path, one.body] for one in prepared.requests],
        "anchor": prepared.anchor,
        "asked": answers.asked,
    }


@dataclass(slots=True)
class Reading(Passage):
    """What Business Central answers, on its way to the product."""

    plan: Plan = field(kw_only=True)
    names: Names = field(kw_only=True)
    snapshot: Snapshot = field(kw_only=True)

    async def passed(self, document: object) -> Leaves | GatewayError:
        entity_of = partial(self.snapshot.schemas.entity, self.plan.api)
        raw = cast("dict[str, object]", decode_json(encode_json(document), strict=False))
        record = self.plan.record if self.plan.list is None else self.plan.list.record
        bc = decode(entity_of(self.plan.entity), raw, entity_of)
        try:
            answer = record.answer(bc, self.names)
        except GatewayError as error:
            return error
        omit = () if self.plan.list is None else self.plan.list.omit
        validator = self.snapshot.schemas.answer_validator(self.plan.schema, omit)
        if violations := validator.violations(answer):
            return MappingError(violations=violations)
        return dict(leaves(decode_json(encode_json(answer))))

    def unchanged(self, way: Way, text: str) -> bool:
        return way.path != () and text == ""  # a blank of Business Central: null


async def passages(snapshot: Snapshot) -> list[Passage]:
    """Every case of the shipped mappings that writes or reads something."""
    found: list[Passage] = []
    for path in case_files([shipped("mappings")]):
        file = read_cases(path)
        for case in file.cases:
            plan = snapshot.plan(file.resource, case.verb)
            name = f"{file.resource}: {case.name}"
            if case.invalid_input or "problem" in case.expect:
                continue
            if plan.steps and plan.input is not None and isinstance(case.given, dict):
                writing = Writing(name, case.given, plan=plan, case=case, snapshot=snapshot)
                await writing.learn(_input_texts(snapshot, plan, case.given))
                found.append(writing)
            raw = case.answers.get("steps", {}).get(answering_step(plan))
            names = await _names(snapshot, plan, case)
            for one in raw if isinstance(raw, list) else [raw]:
                if isinstance(one, dict):
                    reading = Reading(name, one, plan=plan, names=names, snapshot=snapshot)
                    await reading.learn(_record_texts(snapshot, plan, one))
                    found.append(reading)
    return [one for one in found if one.ways]


async def _names(snapshot: Snapshot, plan: Plan, case: Case) -> Names:
    """What the record of a case may name: the steps before it, if there are any."""
    names = names_for(plan, case.given, None, now=NOW, target=case.target)
    if not plan.walks:
        return names
    source = CaseAnswers(case.answers, Outcome(), partial(snapshot.schemas.entity, plan.api))
    return (await rehearsed(snapshot.schemas, plan, names, source, whole=True)).names


def _input_texts(snapshot: Snapshot, plan: Plan, given: Mapping[str, Any]) -> list[Path]:
    schema = cast("dict[str, Any]", snapshot.schemas.canonical(plan.takes or plan.schema).value)
    return list(_schema_texts(schema, given, ()))


def _schema_texts(schema: Mapping[str, Any], given: object, path: Path) -> Iterator[Path]:
    if schema.get("readOnly") or "enum" in schema or schema.get("format") in {"date", "uuid"}:
        return
    if "string" in schema.get("type", ()):
        yield path
    for name, part in schema.get("properties", {}).items():
        inner = given.get(name) if isinstance(given, Mapping) else None
        yield from _schema_texts(part, inner, (*path, name))
    if isinstance(given, list):
        for at, one in enumerate(given):
            yield from _schema_texts(schema["items"], one, (*path, at))


def _record_texts(snapshot: Snapshot, plan: Plan, raw: Mapping[str, Any]) -> list[Path]:
    entity_of = partial(snapshot.schemas.entity, plan.api)
    used = {(use.entity, use.field) for use in plan.fields}

    def texts(entity: Entity, record: object, path: Path) -> Iterator[Path]:
        if isinstance(record, list):
            for at, one in enumerate(record):
                yield from texts(entity, one, (*path, at))
        if not isinstance(record, Mapping):
            return
        for name, bound in entity.fields.items():
            plain = bound.type == "string" and bound.enum is None
            if plain and (entity.entity_set, name) in used:
                yield (*path, name)
        for name, part in entity.parts.items():
            yield from texts(entity_of(part.entity_set), record.get(name), (*path, name))

    return list(texts(entity_of(plan.entity), raw, ()))
