"""The settings of a connection, held against what the mappings declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from gateway.errors import Violation
from gateway.validation import Validator


def params_violations(
    params: Mapping[str, object], declared: Iterable[Mapping[str, object]]
) -> list[Violation]:
    """What no mapping declares, and what is not as one of them declares it.

    `declared` are the JSON Schemas of the mappings. What one of them needs may be absent: its
    own verbs say so when they are used.
    """
    known: dict[str, list[object]] = {}
    for schema in declared:
        for name, facts in cast("dict[str, object]", schema.get("properties", {})).items():
            if facts not in known.setdefault(name, []):
                known[name].append(facts)
    whole: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"allOf": facts} for name, facts in known.items()},
    }
    return [
        replace(violation, pointer=f"/params{violation.pointer or ''}")
        for violation in Validator(whole).violations(dict(params))
    ]
