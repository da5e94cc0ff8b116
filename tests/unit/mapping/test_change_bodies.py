"""Changes of the shipped mappings: an unchanged record that comes back sends nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import shipped
from gateway.mapping.patch import named
from gateway.operations.prepare import Prepared, names_for, prepare
from gateway.operations.sources import GivenAnswers
from gateway.snapshot import Snapshot, load_snapshot
from gateway.wire import Field, decode, encode_name

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
GUID = "5f8c0000-0000-4000-8000-000000000001"
LETTERS = st.text(alphabet="abÄß '&{}%|1e5", min_size=0, max_size=10)


@cache
def snapshot() -> Snapshot:
    return load_snapshot(mappings=[shipped("mappings")], schemas=[shipped("schemas")])


def values_of(field: Field) -> st.SearchStrategy[object]:
    """What Business Central may answer in `field`, blanks among it."""
    if field.enum is not None:
        known = [encode_name(name) for name in field.enum]
        return st.sampled_from(known + ([field.blank] if field.blank else []))
    match field.type:
        case "boolean":
            return st.booleans()
        case "decimal" | "integer":
            return st.decimals(0, 10**6, places=2).map(lambda one: Decimal(str(one)))
        case "guid":
            return st.just(GUID) if field.read_only else st.sampled_from([GUID, field.blank])
        case "datetime":
            return st.sampled_from(["2026-11-23T09:30:00Z", field.blank])
        case _:
            text = LETTERS if not field.code else LETTERS.map(lambda one: one.upper()[:10])
            return text.map(lambda one: one.strip() or ("X" if field.blank_refused else ""))


def records(resource: str) -> st.SearchStrategy[dict[str, Any]]:
    plan = snapshot().plan(resource, "update")
    entity = snapshot().schemas.entity(plan.api, plan.entity)
    change = plan.steps[0].change
    assert change is not None
    known = {name: values_of(entity.fields[name]) for name in change.select}
    return st.fixed_dictionaries({**known, "id": st.just(GUID), "number": st.just("C-1")})


def canonical(resource: str, raw: dict[str, Any]) -> dict[str, Any]:
    """What a caller was told, as far as it may be sent back."""
    plan = snapshot().plan(resource, "update")
    entity = snapshot().schemas.entity(plan.api, plan.entity)
    record = decode(entity, raw, lambda name: snapshot().schemas.entity(plan.api, name))
    answer = plan.record.answer(record, names_for(plan, {}, None, now=NOW))
    schema: Any = snapshot().schemas.canonical(plan.schema).value
    return {
        name: {} if name == "payment_terms" else value
        for name, value in answer.items()
        if not schema["properties"][name].get("readOnly")
    }


def prepared(resource: str, verb: str, document: object, raw: dict[str, Any]) -> Prepared:
    plan = snapshot().plan(resource, verb)
    target = {"key": "c-1"} if verb == "upsert" else {"id": GUID}
    names = names_for(plan, document, None, now=NOW, target=target)
    source = GivenAnswers({}, {"read": raw})
    return asyncio.run(prepare(snapshot().schemas, plan, names, source))


@pytest.mark.parametrize("verb", ["update", "upsert"])
@pytest.mark.parametrize("resource", ["customers", "items"])
def test_what_was_answered_and_comes_back_sends_nothing(resource: str, verb: str) -> None:
    @given(records(resource))
    @settings(max_examples=20)
    def comes_back(raw: dict[str, Any]) -> None:
        document = canonical(resource, raw)
        if not document["name"]:
            document.pop("name")  # an item may have none, a document may not
        made = prepared(resource, verb, document, raw)
        if verb == "upsert" and "name" not in document:
            assert made.problem is not None
        else:
            assert (made.problem, made.requests) == (None, ())

    comes_back()


@pytest.mark.parametrize("resource", ["customers", "items"])
def test_only_what_a_patch_names_is_sent_and_only_where_it_differs(resource: str) -> None:
    @given(records(resource), records(resource), st.data())
    @settings(max_examples=20)
    def is_merged(raw: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
        wanted = canonical(resource, other)
        kept = data.draw(st.sets(st.sampled_from(sorted(wanted))))
        patch = {name: value for name, value in wanted.items() if name in kept and value != ""}
        made = prepared(resource, "update", patch, raw)
        assert made.problem is None
        change = snapshot().plan(resource, "update").steps[0].change
        assert change is not None
        touched = set(change.touches(patch))
        for request in made.requests:
            assert request.body
            assert request.body.keys() <= touched
            assert all(raw[name] != value for name, value in request.body.items())
        after = raw | {
            name: value for one in made.requests for name, value in (one.body or {}).items()
        }
        before = canonical(resource, after)
        assert all(_at(before, path) == _at(patch, path) for path in named(patch))

    is_merged()


def _at(document: Any, path: tuple[str, ...]) -> object:  # noqa: ANN401 - any JSON value
    for step in path:
        document = document.get(step)
    return document
