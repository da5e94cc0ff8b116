"""The pages of the rules: each with an example that breaks it, what `check` says of it, and the
example put right. `generate.py` writes them; a test runs every example.

`rules/examples/*.yaml` hold the examples. One of a mapping is a piece that is laid over
`rules/examples/mappings/deals.yaml`: a key replaces the key of its name, maps go into each other, and a key
with the comment `# whole` replaces all that stands below. `^` marks where the finding stands.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from gateway.cases import check_cases, read_cases, run_cases
from gateway.config import load_config, shipped
from gateway.documents import Finding, format_findings, load_document
from gateway.errors import InvalidFiles
from gateway.mapping import compile_document
from gateway.mapping.rules import RULES
from gateway.matching.decisions import read_decisions
from gateway.snapshot import Snapshot, load_checked, load_snapshot
from gateway.validation import load_schemas

PAGES: Final = Path(__file__).with_name("rules")
EXAMPLES: Final = PAGES / "examples"
INDEX: Final = PAGES / "README.md"

_SECTIONS: Final = {
    "M": ("Mappings", "deals.yaml"),
    "T": ("Tests beside the mappings", "deals.test.yaml"),
    "D": ("Files", "deals.yaml"),
    "S": ("Schemas", "canonical/deal.schema.json"),
    "C": ("Configuration", "config.yaml"),
    "I": ("Decisions about items", "matches.yaml"),
}
_KEY: Final = re.compile(r"(?P<indent> *)(?P<key>[^\s#:-][^:]*?)(?P<late>\??):(?:\s|$)")
_SHAPE: Final = "unknown-key, missing-key, wrong-type, wrong-shape"


@dataclass(frozen=True, slots=True)
class Example:
    """A text that breaks a rule, or does not. `place` is the line and column of the mark."""

    rule: str
    file: str
    text: str
    place: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Page:
    """A rule and its examples; without them `about` says how the rule is broken."""

    rule: str
    name: str
    severity: str
    reason: str
    about: str
    also: tuple[str, ...]
    wrong: Example | None
    right: Example | None


def pages() -> list[Page]:
    """All pages, in the order of the index."""
    said: dict[str, Any] = {}
    for path in sorted(EXAMPLES.glob("rules-*.yaml")):
        said |= cast("dict[str, Any]", load_document(path).value)
    order = {letter: at for at, letter in enumerate(_SECTIONS)}
    return [_page(rule, said[rule]) for rule in sorted(said, key=lambda id_: (order[id_[0]], id_))]


def _page(rule: str, said: Mapping[str, Any]) -> Page:
    known = next((one for one in RULES.values() if one.id == rule), None)
    file = said.get("file", _SECTIONS[rule[0]][1])
    return Page(
        rule,
        known.name if known else said.get("name", _SHAPE),
        known.severity if known else "error",
        known.reason if known else said["reason"],
        said.get("about", ""),
        tuple(said.get("also", ())),
        _example(rule, file, said["wrong"]) if "wrong" in said else None,
        _example(rule, file, said["right"]) if "right" in said else None,
    )


def _example(rule: str, file: str, text: str) -> Example:
    before, mark, _ = text.partition("^")
    place = (before.count("\n") + 1, len(before) - before.rfind("\n")) if mark else None
    return Example(rule, file, text.replace("^", "", 1), place)


@cache
def findings(example: Example) -> tuple[Finding, ...]:
    """What is found in an example, by line and column of its own text."""
    whole, lines = _whole(example)
    with TemporaryDirectory() as folder, chdir(folder):
        path = _saved(example.file, whole)
        try:
            found = _FINDERS[example.rule[0]](path)
        except InvalidFiles as error:
            found = [cast("Finding", one) for one in error.findings]
    return tuple(
        replace(one, place=replace(one.place, file=example.file, line=lines[one.place.line - 1]))
        for one in found
    )


def _saved(file: str, text: str) -> Path:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _whole(example: Example) -> tuple[str, list[int]]:
    """The file that an example stands for, and for each line that of the example, else 0."""
    bases = {"M": "mappings/deals.yaml", "C": "config.yaml"}
    base = None if "/" in example.file else bases.get(example.rule[0])
    if base is None or re.search(r"^resource:", example.text, re.MULTILINE):
        return example.text, list(range(1, example.text.count("\n") + 3))
    text = (EXAMPLES / base).read_text(encoding="utf-8")
    lines = laid_over(_numbered(text, 0), _numbered(example.text, 1))
    return "".join(f"{line}\n" for line, _ in lines), [*(number for _, number in lines), 0, 0]


Line = tuple[str, int]


def _numbered(text: str, step: int) -> list[Line]:
    return [(line, step * at) for at, line in enumerate(text.splitlines(), 1)]


def laid_over(base: list[Line], piece: list[Line]) -> list[Line]:
    """The lines of two block maps of one depth as one map; what both have is that of `piece`."""
    below, above = _entries(base), _entries(piece)
    lines: list[Line] = []
    for key, block in below.items():
        lines += block if key not in above else _merged(block, above.pop(key))
    return [*lines, *(line for block in above.values() for line in block)]


def _entries(lines: list[Line]) -> dict[str, list[Line]]:
    """The entries of a block map by their keys, `?` left out."""
    depth = min((len(text) - len(text.lstrip()) for text, _ in lines if text.strip()), default=0)
    entries: dict[str, list[Line]] = {}
    key = ""
    for text, number in lines:
        found = _KEY.match(text)
        if found and len(found["indent"]) == depth:
            key = found["key"]
            while number and key in entries:  # the piece says it twice on purpose
                key += " "
        entries.setdefault(key, []).append((text, number))
    return entries


def _merged(below: list[Line], above: list[Line]) -> list[Line]:
    (head, *inner), (old, *rest) = above, below
    both = _is_map(old[0], rest) and _is_map(head[0], inner)
    return [head, *laid_over(rest, inner)] if both and "# whole" not in head[0] else above


def _is_map(head: str, inner: list[Line]) -> bool:
    first = next((text.strip() for text, _ in inner if text.strip()), "-")
    return head.partition("#")[0].rstrip().endswith(":") and not first.startswith("-")


def _mapping(path: Path) -> list[Finding]:
    if path.parts[0] == "overrides":
        schemas = [shipped("schemas"), EXAMPLES / "schemas"]
        over = Path("overrides")
        return load_checked(mappings=[EXAMPLES / "mappings"], schemas=schemas, overrides=over)[0]
    shape: Any = load_document(shipped("schemas") / "gateway" / "mapping.schema.json").value
    return list(compile_document(load_document(path), shape, _snapshot().schemas).findings)


def _tests(path: Path) -> list[Finding]:
    file, snapshot = read_cases(path), _snapshot()
    if found := check_cases(file, snapshot):
        return found
    results = asyncio.run(run_cases(file, snapshot))
    return [one for result in results for one in result.findings]


def _file(path: Path) -> list[Finding]:
    load_document(path)
    return []


def _schema(_: Path) -> list[Finding]:
    load_schemas([Path()])
    return []


def _config(path: Path) -> list[Finding]:
    Path("key").write_bytes(b64encode(bytes(32)))
    Path("secret").write_text("invented", encoding="utf-8")
    load_config(path)
    return []


def _decisions(path: Path) -> list[Finding]:
    read_decisions(load_document(path))
    return []


_FINDERS: Final = {
    "M": _mapping,
    "T": _tests,
    "D": _file,
    "S": _schema,
    "C": _config,
    "I": _decisions,
}


@cache
def _snapshot() -> Snapshot:
    schemas = [shipped("schemas"), EXAMPLES / "schemas"]
    return load_snapshot(mappings=[shipped("mappings"), EXAMPLES / "mappings"], schemas=schemas)


def page(known: Page) -> str:
    """The page of a rule."""
    text = f"# {known.rule} {known.name}\n\n*{known.severity}* · {known.reason}\n"
    text += f"\n{known.about.strip()}\n" if known.about else ""
    if known.wrong is not None:
        text += (
            f"\n## Wrong\n\n{_block(known.wrong, ' wrong')}\n```text\n{_said(known.wrong)}\n```\n"
        )
    if known.right is not None:
        text += f"\n## Right\n\n{_block(known.right)}"
    return text


def _block(example: Example, word: str = "") -> str:
    kind = "json" if example.file.endswith(".json") else "yaml"
    return f"```{kind}{word}\n{example.text.rstrip()}\n```\n"


def _said(example: Example) -> str:
    """What `check` prints of an example."""
    found = findings(example)
    with TemporaryDirectory() as folder, chdir(folder):
        _saved(example.file, example.text)
        return format_findings(found)


def index() -> str:
    """The list of all rules, and the mapping that the examples are pieces of."""
    base = (EXAMPLES / "mappings/deals.yaml").read_text(encoding="utf-8")
    return (
        "# Rules\n\nWhat `bc-gateway check` and `bc-gateway test` find, by id. Errors end with exit"
        " code 1; warnings alone do not.\n\n`check` also reads the"
        " YAML blocks of Markdown files that are given to it; one that is fenced as `yaml wrong` shows"
        " a mistake on purpose. `--format json` prints what"
        " [findings.schema.json](../../schemas/gateway/findings.schema.json) describes, `--format"
        " github` prints annotations of the lines. A finding tells sizes and types, never values of a"
        " payload.\n" + "".join(_sections()) + "\n## The mapping of the"
        " examples\n\nThe examples about mappings are pieces of this one: a key stands in the place"
        " of the key of its name here, maps go into each other, and `# whole` says that nothing of"
        " the old value stays. `deal` is"
        " [a small canonical schema](examples/schemas/canonical/deal.schema.json).\n\n"
        f"```yaml\n{base}```\n"
    )


def _sections() -> Iterator[str]:
    known = pages()
    for letter, (title, _) in _SECTIONS.items():
        yield f"\n## {title}\n\n| id | name | | why |\n| --- | --- | --- | --- |\n"
        for one in known:
            if one.rule[0] == letter:
                yield f"| [{one.rule}]({one.rule}.md) | {one.name} | {one.severity} | {one.reason} |\n"


def written() -> dict[Path, str]:
    """Every file that is made here, with its text."""
    return {INDEX: index()} | {PAGES / f"{one.rule}.md": page(one) for one in pages()}
