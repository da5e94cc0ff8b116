"""What an expression can see where it stands: names with their types, and proven conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.mapping.presence import Fact, Facts
from gateway.mapping.rules import Findings, Path
from gateway.mapping.types import Type


@dataclass(frozen=True, slots=True)
class Every:
    """In the place of an index: any element of a list. `local` is the variable of the generated
    function that holds the index, None where there is none.
    """

    local: str | None


Way = tuple[str | Every, ...]
"""A path from a name on, the same for everybody who reaches that place: through loops too."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in the generated function: its type, the code that yields it, and where it comes
    from. `trusted`: it is a number for sure, made by the gateway itself. `table`: it was chosen
    from that table of the file.
    """

    type: Type
    code: str
    way: Way | None = None
    trusted: bool = False
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Names and facts. `tables` are the constants of `tables`."""

    names: Mapping[str, Value]
    tables: Mapping[str, Mapping[str, object]]
    input: str | None = None
    facts: Facts = field(default_factory=Facts)

    def having(self, names: Mapping[str, Value]) -> Scope:
        """The scope with further names."""
        return replace(self, names={**self.names, **names})

    def knowing(self, *facts: Fact) -> Scope:
        """The scope where these conditions hold too."""
        return replace(self, facts=self.facts.having(*facts))

    def doubts(self, path: Iterable[object]) -> bool:
        """Whether a condition with a mistake in it may prove that `path` is there."""
        return self.facts.doubts(path)

    def from_caller(self, way: Way | None) -> bool:
        """Whether a value comes from outside, so that nobody but a schema limits it."""
        return bool(way) and way[0] in {self.input, "params"} if way else False


@dataclass(frozen=True, slots=True)
class Use:
    """A field of Business Central that an expression reads."""

    entity: str
    field: str


@dataclass(slots=True)
class Site:
    """A leaf in a file: where findings about it go, and what was found out about it.

    `target` is what the leaf writes, in words; `droppable`: its key may end in `?`. `ways` are
    the paths it reads. `faulty`: it reads what a mistake elsewhere leaves unknown.
    """

    findings: Findings
    path: Path
    target: str | None = None
    key: bool = False
    droppable: bool = False
    faulty: bool = False
    ways: list[Way] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    @property
    def absent(self) -> str:
        """What to do where something may be missing or null."""
        if self.droppable:
            return "End the key in `?`, or say `| default(…)`."
        return "Say `| default(…)`, or ask first whether it `is present`."

    def report(
        self,
        rule: str,
        message: str,
        offset: int | None = None,
        *,
        length: int = 1,
        input_: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
    ) -> None:
        """A finding at character `offset` of the leaf's text, or about the leaf as a whole."""
        document = self.findings.document
        if offset is None:
            place = document.place(self.path, key=self.key)
            length = document.length(self.path, key=self.key)
        else:
            place = document.place_in(self.path, offset)
        self.findings.report(
            rule,
            message,
            place,
            length=length,
            input_=input_,
            target=self.target,
            expected=expected,
            actual=actual,
            hint=hint,
        )


def way_words(way: Way) -> str:
    """A path as a person writes it: `order.lines[].text`."""
    words = ""
    for part in way:
        words += "[]" if isinstance(part, Every) else f".{part}" if words else part
    return words
