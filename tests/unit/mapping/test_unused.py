from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.documents import read_document
from gateway.errors import Place
from gateway.mapping.plan import FieldUse
from gateway.mapping.rules import Findings
from gateway.mapping.unused import check_releases
from tests.unit.mapping.small import schemas


def told(since: str | None, *fields: str) -> list[tuple[str, int]]:
    """What is said of reads of an entity that came with a release, by line."""
    entity = replace(schemas().entity("v2.0", "orders"), since=since)
    findings = Findings(read_document("orders.yaml", "a: 1\n"))
    uses = [
        FieldUse("orders", name, "read", Place("orders.yaml", line, 1))
        for line, name in enumerate(fields, 1)
    ]
    check_releases(uses, lambda _: entity, findings)
    return [(one.message, one.place.line) for one in findings.found]


def test_each_newer_field_is_told() -> None:
    assert told("17.0", "remark", "dueDate", "ownerId") == [
        ("orders.dueDate is there since release 27.1 only.", 2),
        ("orders.ownerId is there since release 29.0 only.", 3),
    ]


def test_a_newer_entity_is_told_once() -> None:
    only = [("orders is there since release 29.0 only.", 1)]
    assert told("29.0", "remark", "dueDate") == only


@pytest.mark.parametrize("since", [None, "26.0", "9", "26", "soon", "", "1.2.3"])
def test_what_every_tenant_has_is_not(since: str | None) -> None:
    assert told(since, "remark") == []
