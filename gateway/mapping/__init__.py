"""The mapping language: files of integrators → plans. Pure: no I/O, no clock.

A snapshot compiles through this room; the engine, the reads and the listeners use its plans.
"""

from __future__ import annotations

from gateway.mapping.change import Change, FieldChange, Overwrite, PartChange
from gateway.mapping.compiler import Compiled, compile_document
from gateway.mapping.coverage import Coverage, Point
from gateway.mapping.explaining import Explained, Explanation
from gateway.mapping.extending import EXTENDS, extended
from gateway.mapping.patch import merge_patch
from gateway.mapping.plan import (
    Anchor,
    By,
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
from gateway.mapping.rules import Findings
from gateway.mapping.templates import REMOVE

__all__ = [
    "EXTENDS",
    "REMOVE",
    "Anchor",
    "By",
    "Change",
    "Compiled",
    "Coverage",
    "Explained",
    "Explanation",
    "FieldChange",
    "FieldUse",
    "Filter",
    "Findings",
    "Guard",
    "ListPlan",
    "Lookup",
    "Names",
    "Overwrite",
    "PartChange",
    "Plan",
    "Point",
    "Question",
    "Record",
    "Rejection",
    "Request",
    "Step",
    "compile_document",
    "extended",
    "merge_patch",
]
