"""Every rule of the language in one table, and the collector of findings that break them.

A finding carries the id and the name of its rule. Loader, expressions, checker and compiler
report here, so that one run tells everything that is wrong with a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gateway.documents import Document, Finding, did_you_mean
from gateway.errors import Place
from gateway.mapping.coverage import Coverage
from gateway.mapping.remedies import REMEDIES

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its id, its name, how grave it is to break it, and why it is there."""

    id: str
    name: str
    severity: Literal["error", "warning"]
    reason: str


def _rules(*rows: tuple[str, str, str]) -> dict[str, Rule]:
    return {name: Rule(rule, name, "error", reason) for rule, name, reason in rows}


SHAPE: Final = "M101"  # the names of its findings come from the shape: unknown-key, missing-key, …

RULES: Final[dict[str, Rule]] = {
    **_rules(
        ("M102", "not-yet", "This part of the language comes with a later release."),
        ("M103", "misplaced-key", "A $key has its places and its companions."),
        ("M104", "bad-name", "A name must be new where it is introduced, and no word of ours."),
        ("M105", "double-resource", "One resource has one mapping."),
        ("M106", "unknown-rejection", "What a rule rejects with stands under `rejections`."),
        ("M107", "unknown-table", "A table stands under `tables`."),
        ("M108", "bad-element", "A place that takes objects takes nothing else."),
        ("M110", "syntax", "An expression is one of the language."),
        ("M111", "not-in-the-language", "Expressions hold values, never statements or calls."),
        ("M112", "unknown-name", "Expressions know a closed list of names."),
        ("M113", "unknown-filter", "Filters are a closed list."),
        ("M114", "unknown-test", "Tests are a closed list."),
        ("M115", "wrong-argument", "Arguments are constants or tables, so that types are known."),
        ("M116", "braces-in-a-condition", "A condition is a bare expression."),
        ("M117", "if-without-else", "A value must be there in either case."),
        ("M118", "number-out-of-bounds", "Numbers have at most 38 digits and no exponent."),
        ("M119", "inexact-division", "A quotient says how many places it has."),
        ("M120", "default-behind-nothing", "Only a path can be missing."),
        ("M121", "looks-like-an-expression", "Only what stands between {{ and }} is one."),
        ("M201", "unknown-input", "Only paths of a schema can be read."),
        ("M202", "unknown-field", "Only fields of the target can be written."),
        ("M203", "wrong-type", "Nothing is converted silently but integer to decimal."),
        ("M204", "too-long", "Nothing is cut silently."),
        ("M205", "not-in-the-enum", "A field with members takes no other value."),
        ("M206", "read-only", "Business Central or the caller would never take it."),
        ("M207", "must-not-be-written", "Writing this field does more than change a value."),
        ("M208", "required-missing", "The target is refused without it."),
        ("M209", "can-never-drop", "A `?` that does nothing hides what the file means."),
        ("M210", "may-be-missing", "A missing path is an error at run time."),
        ("M211", "condition-not-boolean", "Nothing is true or false but a boolean."),
        ("M212", "table-misses-a-value", "A value without an entry is an error at run time."),
        ("M213", "unknown-entity", "An entity needs its schema file."),
        ("M214", "unknown-schema", "A resource needs its canonical schema."),
        ("M215", "not-filterable", "Business Central cannot find by this field."),
        ("M216", "required-may-drop", "The target is refused without it."),
        ("M217", "null-has-no-blank", "Numbers and booleans are never blank."),
        ("M218", "cannot-be-called", "Business Central takes no such call."),
        ("M219", "no-verb", "A mapping without a verb does nothing."),
        ("M220", "never-sent", "An update sends a field only if it reads what a patch names."),
        ("M221", "not-in-the-record", "What a patch does not name comes from the record."),
        ("M222", "no-element-key", "Only a known element of a list can be changed."),
        ("M223", "element-without-key", "Only a known element of a list can be changed."),
        ("M224", "others-not-shown", "What no answer shows is nobody's to leave out."),
        ("M231", "unknown-action", "Business Central has a closed list of actions."),
        ("M232", "split-action", "What does two things at once leaves one of them behind."),
        ("M233", "no-answer", "An answer is made of a record that a step has read."),
        ("M234", "not-the-key", "Callers name a record by the id that an answer gave them."),
        ("M302", "anchor-not-written", "A record is found again only by what was written."),
        ("M306", "no-read-back", "Only a read tells what an irreversible step did."),
        ("M307", "second-anchor", "An operation is found again by one reference."),
        ("M401", "not-an-override", "Only a file under `overrides` extends a mapping."),
        ("M402", "no-base", "An override says which mapping it lies over."),
        ("M403", "not-overridable", "What callers see of a resource is the same for all."),
        ("M404", "nothing-to-remove", "What is not there hides what the file means."),
    ),
    **{
        name: Rule(rule, name, "warning", reason)
        for rule, name, reason in (
            ("M301", "no-anchor", "Without an anchor an unknown outcome needs a person."),
            ("M303", "lookup-never-used", "A read nobody needs costs a call."),
            ("M304", "input-never-used", "What the caller sends is silently lost."),
            ("M305", "step-never-used", "A read nobody needs costs a call."),
            ("M311", "rejection-never-used", "A refusal that never comes promises too much."),
            ("M312", "table-never-used", "What says nothing hides what the file means."),
            ("M313", "param-never-used", "A connection would be asked for what does nothing."),
            ("M315", "may-be-null", "What is null where nothing may be is an error at run time."),
            ("M314", "newer-field", "A tenant of an older release refuses the whole call."),
        )
    },
}


class Findings:
    """What is wrong with one file. Everything is reported, nothing is raised.

    `coverage`: the functions of the file mark which of its leaves and branches they run. `told`
    counts reports, those of what is found already too.
    """

    def __init__(self, document: Document, coverage: Coverage | None = None) -> None:
        self.document = document
        self.coverage = coverage
        self.found: list[Finding] = []
        self.told = 0
        self._reported: set[tuple[str, str, Place]] = set()

    def apart(self) -> Findings:
        """Findings about the same file that are kept apart from these."""
        return Findings(self.document, self.coverage)

    @property
    def failed(self) -> bool:
        """Whether there is an error among the findings."""
        return any(finding.severity == "error" for finding in self.found)

    def wrong_at(self, path: Path) -> bool:
        """Whether an error was found in the value at `path`, which is of one line."""
        place, length = self.document.place(path), self.document.length(path)
        return any(
            one.severity == "error"
            and one.place.line == place.line
            and place.column <= one.place.column <= place.column + length
            for one in self.found
        )

    def report(
        self,
        name: str,
        message: str,
        place: Place,
        *,
        length: int = 1,
        input_: str | None = None,
        target: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Add a finding against the rule `name`; the same one at the same place only once."""
        self.told += 1
        rule = RULES[name]
        finding = Finding(
            rule.id,
            name,
            message,
            place,
            severity=rule.severity,
            length=max(1, length),
            input=input_,
            target=target,
            expected=expected,
            actual=actual,
            hint=hint or REMEDIES.get(name),
        )
        if (name, message, place) not in self._reported:
            self._reported.add((name, message, place))
            self.found.append(finding)

    def at(
        self,
        path: Path,
        name: str,
        message: str,
        *,
        key: bool = False,
        target: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Add a finding about the value at `path` of the file, or about its key."""
        self.report(
            name,
            message,
            self.document.place(path, key=key),
            length=self.document.length(path, key=key),
            target=target,
            expected=expected,
            actual=actual,
            hint=hint,
        )

    def unknown(self, path: Path, name: str, message: str, word: str, known: list[str]) -> None:
        """A finding about a word at `path` that is none of `known`, with the nearest of them."""
        self.at(path, name, message, hint=did_you_mean(word, known))
