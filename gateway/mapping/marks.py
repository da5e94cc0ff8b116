"""The marks in generated code by which a Coverage learns what is run."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.mapping.coverage import Path, What
from gateway.mapping.emission import Emission
from gateway.mapping.rules import Findings
from gateway.mapping.scope import Every, Way

Reads = tuple[Way, ...]


class Marks:
    """Writes the marks of one function; where nobody wants to know, the code stays as it is."""

    def __init__(self, findings: Findings, emission: Emission) -> None:
        self._coverage = findings.coverage
        self._emission = emission

    def leaf(self, code: str, path: Path, target: Way, reads: Reads) -> str:
        """The code of a leaf's value that marks the leaf when it is evaluated."""
        return self._leaf(code, path, "leaf", target, reads)

    def left_out(self, path: Path, target: Way, reads: Reads) -> str:
        """The statement where a leaf is left out."""
        return (
            "pass"
            if self._coverage is None
            else self._leaf("None", path, "left-out", target, reads)
        )

    def reached(self, code: str, path: Path, what: What, offset: int) -> str:
        """The code of a value inside of a leaf that marks a branch when it is evaluated."""
        if self._coverage is None:
            return code
        hit = self._emission.constant(self._coverage.hit)
        return f"{hit}({self._coverage.point(path, what, offset)}, {code})"

    def decided(self, code: str, path: Path) -> str:
        """The code of a condition that marks how it comes out."""
        if self._coverage is None:
            return code
        yes, no = self._coverage.point(path, "true"), self._coverage.point(path, "false")
        return f"{self._emission.constant(self._coverage.decided)}({yes}, {no}, {code})"

    def chosen(self, code: str, name: str, table: Mapping[str, object], other: int | None) -> str:
        """The code of what the table `name` is asked for; `other` is the point of a default."""
        if self._coverage is None:
            return code
        entries = {key: self._coverage.point(("tables", name, key), "entry") for key in table}
        chosen = self._emission.constant(self._coverage.chosen)
        return f"{chosen}({self._emission.constant(entries)}, {other}, {code})"

    def default_of(self, path: Path, offset: int) -> int | None:
        """The point of a default that stands behind a table."""
        return None if self._coverage is None else self._coverage.point(path, "other", offset)

    def _leaf(self, code: str, path: Path, what: What, target: Way, reads: Reads) -> str:
        if self._coverage is None:
            return code
        hit = self._emission.constant(self._coverage.hit)
        made = [f"len({part.local})" for part in target if isinstance(part, Every) and part.local]
        read = [
            str(part.local)
            for way in reads
            for part in way
            if isinstance(part, Every) and part.local
        ]
        at = self._coverage.leaf(path, what, target, reads)
        return f"{hit}({', '.join([str(at), code, *made, *read])})"
