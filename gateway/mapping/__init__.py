"""The mapping language: files of integrators → plans. Pure: no I/O, no clock.

A snapshot compiles through this room; the engine, the reads and the listeners use its plans.
"""

from __future__ import annotations

from gateway.mapping.compiler import Compiled, compile_document
from gateway.mapping.plan import (
    Anchor,
    FieldUse,
    Guard,
    Lookup,
    Plan,
    Question,
    Rejection,
    Request,
    Step,
)
from gateway.mapping.record import Filter, ListPlan, Names, Record

__all__ = [
    "Anchor",
    "Compiled",
    "FieldUse",
    "Filter",
    "Guard",
    "ListPlan",
    "Lookup",
    "Names",
    "Plan",
    "Question",
    "Record",
    "Rejection",
    "Request",
    "Step",
    "compile_document",
]
