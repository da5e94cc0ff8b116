"""A mapping file and the schemas of both sides → the plans of its verbs.

The snapshot compiles through `compile_document`. Every finding on the way is reported, and there
are plans only when none of them is an error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.documents import Document, Finding
from gateway.mapping.coverage import Coverage
from gateway.mapping.creates import compile_create
from gateway.mapping.ledger import Ledger
from gateway.mapping.listing import check_omitted, compile_filters
from gateway.mapping.loader import load_mapping
from gateway.mapping.model import Leaf, ListSource, MappingFile
from gateway.mapping.plan import FieldUse, Plan
from gateway.mapping.record import ListPlan, Record
from gateway.mapping.recording import write_record
from gateway.mapping.rules import Findings, Path
from gateway.mapping.surroundings import Surroundings, surroundings
from gateway.mapping.unused import check_declared, check_releases
from gateway.mapping.updates import compile_delete, compile_update, compile_upsert
from gateway.mapping.walks import compile_walk
from gateway.validation import Schemas
from gateway.wire import Entity

_MANY: Final = 4
_READ: Final = re.compile(r"""\bbc(?:\.|\[['"])([A-Za-z_][A-Za-z0-9_]*)""")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a file came to: its plans by verb, none where a finding is an error."""

    plans: Mapping[str, Plan]
    findings: tuple[Finding, ...]


def compile_document(
    document: Document,
    shape: Mapping[str, Any],
    schemas: Schemas,
    coverage: Coverage | None = None,
) -> Compiled:
    """The plans of a mapping file, and everything that is wrong with it.

    `shape` is the JSON Schema of mapping files. With `coverage` the plans mark there which leaves
    and branches they run.
    """
    findings = Findings(document, coverage)
    file = load_mapping(document, shape, findings)
    plans = {} if file is None else _plans(file, schemas, findings)
    return Compiled(plans, tuple(_gathered(findings.found)))


def _gathered(found: list[Finding]) -> list[Finding]:
    """The findings; a name that is unknown in many places, for it was introduced under another
    one, is told at the first of them.
    """
    places = Counter(one.message for one in found if one.rule == "M112")
    gathered: list[Finding] = []
    told: set[str] = set()
    for one in found:
        if one.rule != "M112" or places[one.message] < _MANY:
            gathered.append(one)
        elif one.message not in told:
            told.add(one.message)
            more = places[one.message] - 1
            message = f"{one.message.removesuffix('.')}, nor in {more} more places."
            gathered.append(replace(one, message=message))
    return gathered


def _plans(file: MappingFile, schemas: Schemas, findings: Findings) -> dict[str, Plan]:
    if not _known(file, schemas, findings):
        return {}
    around = surroundings(file, schemas)
    ledger = Ledger(findings)
    recorded = write_record(file.record, around, ledger)
    base = Plan(
        resource=file.resource,
        verb="read",
        title=file.title,
        schema=file.schema,
        api=file.api,
        schema_version=file.schema_version,
        entity=file.entity,
        file=findings.document.file,
        record=Record((), {}, dict),
        params=file.params,
        rejections=around.rejections,
        problems=file.problems,
    )
    made: dict[str, Callable[[Plan], Plan]] = {}
    if file.list is not None:
        made["list"] = _list(file.list, around, findings)
    if file.read:
        made["read"] = lambda base: base
    if file.create is not None:
        made["create"] = compile_create(file.create, around, findings)
    if file.update is not None:
        made["update"] = compile_update(file.update, around, findings)
    if file.upsert is not None:
        made["upsert"] = compile_upsert(file.upsert, around, findings)
    if file.delete:
        made["delete"] = compile_delete(around)
    for walk in file.walks:
        made[walk.verb] = compile_walk(walk, around, findings)
    _check_verbs(file, around.entity, findings)
    _check_id(file, around.entity, findings)
    if findings.failed:
        return {}
    base = replace(base, record=recorded.finished(), fields=tuple(ledger.fields))
    plans = {verb: finish(base) for verb, finish in made.items()}
    check_declared(file, findings)
    uses = _distinct([use for plan in plans.values() for use in plan.fields])
    check_releases(uses, around.entities, findings)
    return plans


def _list(source: ListSource, around: Surroundings, findings: Findings) -> Callable[[Plan], Plan]:
    """The verb `list`. Its record was checked as a whole already, so findings are not doubled."""
    file, entity = around.file, around.entity
    check_omitted(source, [entry.name for entry in file.record.entries], findings)
    filters, uses = compile_filters(source, file, entity, findings)
    silent = Ledger(findings.apart())
    recorded = write_record(file.record, around, silent, source.omit)

    def finished(base: Plan) -> Plan:
        record = recorded.finished(frozenset(one.field for one in filters.values()))
        listed = ListPlan(source.omit, filters, record, entity)
        fields = _distinct([*silent.fields, *uses])
        return replace(base, verb="list", fields=fields, list=listed)

    return finished


def _known(file: MappingFile, schemas: Schemas, findings: Findings) -> bool:
    """Whether there are schemas for the file; reported when there are not."""

    def missing(path: Path, rule: str, what: str, word: str, known: list[str]) -> None:
        findings.unknown(path, rule, f'There is no {what} "{word}".', word, known)

    sets = schemas.entity_sets(file.api)
    if not sets:
        missing(("api",), "unknown-entity", "folder of schemas for", file.api, schemas.apis())
    elif file.entity not in sets:
        missing(("entity",), "unknown-entity", "schema file of an entity", file.entity, sets)
    names = schemas.canonical_names()
    if file.schema not in names:
        missing(("schema",), "unknown-schema", "canonical schema", file.schema, names)
    return file.entity in sets and file.schema in names


def _check_verbs(file: MappingFile, entity: Entity, findings: Findings) -> None:
    wanted = {
        "list": ({"get"}, file.list),
        "read": ({"get"}, file.read),
        "create": ({"post"}, file.create),
        "update": ({"get", "patch"}, file.update),
        "upsert": ({"get", "post", "patch"}, file.upsert),
        "delete": ({"get", "delete"}, file.delete),
    }
    for verb, (methods, there) in wanted.items():
        for method in sorted(methods - entity.verbs) if there else ():
            message = f"Business Central takes no {method.upper()} on {entity.entity_set}."
            findings.at((verb,), "cannot-be-called", message, key=True)
    if not file.walks and not any(there for _, there in wanted.values()):
        message = "The mapping has no verb."
        findings.at((), "no-verb", message, hint="Add `list`, `read` or `create`.")


def _check_id(file: MappingFile, entity: Entity, findings: Findings) -> None:
    """What `record` gives as `id` must be what addresses name the record by: its key, or all
    fields of it in their order.
    """
    path = ("record", "id")
    entry = next((one for one in file.record.entries if one.name == "id"), None)
    named = file.read or file.update or file.delete or any(walk.action for walk in file.walks)
    if entry is None or not named or not isinstance(entry.template, Leaf):
        return
    read = tuple(_READ.findall(str(entry.template.value)))
    if read == entity.key or findings.wrong_at(path):
        return
    keys = ",".join(f"{{{{ bc.{name} }}}}" for name in entity.key)
    message = f"No record of {entity.entity_set} is found by this id."
    findings.at(path, "not-the-key", message, target="id", hint=f'Write `id: "{keys}"`.')


def _distinct(uses: list[FieldUse]) -> tuple[FieldUse, ...]:
    return tuple(dict.fromkeys(uses))
