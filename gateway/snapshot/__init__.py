"""Mappings and schemas, loaded, checked and compiled as a whole: one immutable Snapshot.

`app.py` loads one at start, the commands of the mappings load one per call. A file with an error
makes no snapshot at all: every finding comes at once.
"""

from __future__ import annotations

from gateway.snapshot.compiling import compile_mapping
from gateway.snapshot.drafts import DRAFT, drafted
from gateway.snapshot.loading import (
    check,
    load_checked,
    load_configured,
    load_snapshot,
    mapping_documents,
    merged_mapping,
)
from gateway.snapshot.values import Current, ResourcePlans, Snapshot

__all__ = [
    "DRAFT",
    "Current",
    "ResourcePlans",
    "Snapshot",
    "check",
    "compile_mapping",
    "drafted",
    "load_checked",
    "load_configured",
    "load_snapshot",
    "mapping_documents",
    "merged_mapping",
]
