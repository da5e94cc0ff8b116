"""Documents: files people write, with the place of everything, and JSON as it travels.

Everybody above floor 1 reads files and JSON through this room. Files are read strictly: every
mistake is a `Finding` with file, line and column, and all of them come at once.
"""

from __future__ import annotations

from gateway.documents.findings import (
    Finding,
    did_you_mean,
    format_findings,
    meant,
    suggest,
)
from gateway.documents.layers import layered
from gateway.documents.markdown import MARKDOWN, load_blocks
from gateway.documents.reading import (
    Document,
    load_document,
    path_shown,
    read_document,
    to_be_read,
    unreadable,
)
from gateway.documents.shape import check_shape
from gateway.documents.showing import NOTHING, pretty, shown
from gateway.documents.traffic import decode_json, encode_json
from gateway.documents.writing import write_yaml

__all__ = [
    "MARKDOWN",
    "NOTHING",
    "Document",
    "Finding",
    "check_shape",
    "decode_json",
    "did_you_mean",
    "encode_json",
    "format_findings",
    "layered",
    "load_blocks",
    "load_document",
    "meant",
    "path_shown",
    "pretty",
    "read_document",
    "shown",
    "suggest",
    "to_be_read",
    "unreadable",
    "write_yaml",
]
