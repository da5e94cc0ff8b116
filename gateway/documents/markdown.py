"""Markdown files → the YAML in them, each block a document whose places are those of the file.

A block is fenced by three or more backticks or tildes and named `yaml` or `yml`. One that is
fenced as `yaml wrong` shows a mistake on purpose and is not read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from gateway.documents.findings import Finding
from gateway.documents.reading import Document, read_document, read_text
from gateway.errors import InvalidFiles

MARKDOWN: Final = (".md", ".markdown")

_FENCE: Final = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")


def load_blocks(path: Path) -> tuple[list[Document], list[Finding]]:
    """The YAML blocks of the Markdown file at `path`, and what is wrong with those that are none.

    Raises `InvalidFiles` when the file cannot be read.
    """
    shown, text = read_text(path)
    documents: list[Document] = []
    findings: list[Finding] = []
    for block in yaml_blocks(text):
        try:
            documents.append(read_document(shown, block))
        except InvalidFiles as error:
            findings += [one for one in error.findings if isinstance(one, Finding)]
    return documents, findings


def yaml_blocks(text: str) -> list[str]:
    """Each YAML block of a Markdown text, behind as many empty lines as stand before it."""
    blocks: list[str] = []
    fence: str | None = None
    begun, wanted = 0, False
    lines = text.split("\n")
    for number, line in enumerate([*lines, None]):
        if fence is None:
            found = _FENCE.match(line or "")
            if found:
                fence, begun, wanted = found["fence"], number + 1, _is_yaml(found["info"])
        elif line is None or _closes(line, fence):
            if wanted:
                blocks.append("\n" * begun + "\n".join(lines[begun:number]) + "\n")
            fence = None
    return blocks


def _is_yaml(info: str) -> bool:
    words = info.lower().split()
    return words[:1] in (["yaml"], ["yml"]) and "wrong" not in words


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and set(bare) == {fence[0]}
