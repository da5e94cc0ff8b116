"""JSON Schemas: the files people write, compiled, and payloads held against them.

The snapshot loads them, the compiler of mappings reads types from them, the engine and the API
validate with them. A payload's mistakes are all found at once and never quote a value.
"""

from __future__ import annotations

from gateway.validation.files import load_schemas
from gateway.validation.schemas import Schemas
from gateway.validation.sides import answer_side, change_side, input_side
from gateway.validation.validator import Validator, json_pointer

__all__ = [
    "Schemas",
    "Validator",
    "answer_side",
    "change_side",
    "input_side",
    "json_pointer",
    "load_schemas",
]
