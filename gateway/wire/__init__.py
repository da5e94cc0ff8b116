"""The wire of Business Central: entities, values, paths, faults. Pure: no I/O, no clock.

The compiler of mappings, the client and the resolver import from here.
"""

from __future__ import annotations

from gateway.wire.actions import ACTION_PREFIX, SPLIT, TRACES, Made, Trace, trace_of
from gateway.wire.csdl import facts_of, kept
from gateway.wire.entities import Entity, Field, FieldType, Part, entity_from_schema
from gateway.wire.faults import Failure, classify, read_fault
from gateway.wire.keys import key_conditions, key_of, record_path
from gateway.wire.lines import following, unchangeable
from gateway.wire.names import decode_name, encode_name
from gateway.wire.paths import (
    Condition,
    Operator,
    all_match,
    batches,
    company_path,
    filter_text,
    fits,
    is_guid,
    literal,
    matches,
    query,
)
from gateway.wire.schema_files import JSON_TYPES, TYPES, Facts, action_body, render, schema_of
from gateway.wire.values import code, decode, decode_value, encode_value, same_code

__all__ = [
    "ACTION_PREFIX",
    "JSON_TYPES",
    "SPLIT",
    "TRACES",
    "TYPES",
    "Condition",
    "Entity",
    "Facts",
    "Failure",
    "Field",
    "FieldType",
    "Made",
    "Operator",
    "Part",
    "Trace",
    "action_body",
    "all_match",
    "batches",
    "classify",
    "code",
    "company_path",
    "decode",
    "decode_name",
    "decode_value",
    "encode_name",
    "encode_value",
    "entity_from_schema",
    "facts_of",
    "filter_text",
    "fits",
    "following",
    "is_guid",
    "kept",
    "key_conditions",
    "key_of",
    "literal",
    "matches",
    "query",
    "read_fault",
    "record_path",
    "render",
    "same_code",
    "schema_of",
    "trace_of",
    "unchangeable",
]
