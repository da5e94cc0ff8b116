"""Whether a value fits what it is written to: type, length, members, null."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from gateway.documents import did_you_mean
from gateway.mapping import functions
from gateway.mapping.functions import Unfit
from gateway.mapping.scope import Scope, Site, Value, way_words
from gateway.mapping.types import WORDS, Type
from gateway.wire import Entity, is_guid

# Fields whose change does more than change a value (bc/pitfalls.md 8).
NEVER_WRITTEN: Final = {
    ("items", "inventory"): "It would post an adjustment of the stock, dated today.",
}

_NAMES: Final = ("number", "code")
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "y", "on"), "`true`"),
    **dict.fromkeys(("false", "no", "n", "off"), "`false`"),
}
_BLANK: Final = "What is blank is null here: `none if … else …`."
_NUMBER: Final = re.compile(r"\+?(-?)([0-9]{1,38})(?:[.,]([0-9]{1,38}))?")
_CONVERSIONS: Final = {
    ("text", "integer"): "integer",
    ("text", "decimal"): "decimal",
    ("decimal", "integer"): "integer",
    ("integer", "text"): "text",
    ("decimal", "text"): "text",
}


def renames(entity: Entity, name: str) -> bool:
    """Whether another value in this field gives a record that is there another name."""
    field = entity.fields.get(name)
    return field is not None and field.code and name in _NAMES


def check_value(
    site: Site, scope: Scope, value: Value, target: Type, span: tuple[int, int] | None
) -> None:
    """Report why `value` does not fit `target`. `span` is where the expression stands in the
    leaf's text, None for a constant.
    """
    given = value.type
    if site.faulty or "any" in {given.kind, target.kind}:
        return
    check = _Check(site, value, target, span)
    if given.kind == "null":
        if not target.nullable:
            check.report("null-has-no-blank", "There is no null here: nothing stands for it.")
    elif not _same_kind(given, target):
        check.wrong_type()
    elif given.kind == "text":
        check.text(limitless=given.max_length is None and scope.from_caller(value.way))


def _same_kind(given: Type, target: Type) -> bool:
    if given.kind == target.kind:
        return True
    return given.kind == "integer" and target.kind == "decimal"


class _Check:
    def __init__(
        self, site: Site, value: Value, target: Type, span: tuple[int, int] | None
    ) -> None:
        self._site = site
        self._value = value
        self._target = target
        self._span = span

    def report(
        self, rule: str, message: str, hint: str | None = None, actual: str | None = None
    ) -> None:
        """A finding with both ends of the leaf."""
        way = self._value.way
        self._site.report(
            rule,
            message,
            None if self._span is None else self._span[0],
            length=1 if self._span is None else self._span[1],
            input_=f"{way_words(way)} ({self._value.type.words})" if way else None,
            expected=self._target.words,
            actual=actual or self._value.type.words,
            hint=hint,
        )

    def wrong_type(self) -> None:
        """Report two kinds that do not go together, with the filter that converts."""
        conversion = _CONVERSIONS.get((self._value.type.kind, self._target.kind))
        hint = f"Convert it: `| {conversion}`." if conversion else None
        if self._span is None:
            hint = _constant_hint(self._value.type, self._target)
        actual = WORDS[self._value.type.kind]
        self.report("wrong-type", f"This takes {self._target.words}.", hint, actual)

    def text(self, *, limitless: bool) -> None:
        """Check a text: its form, its members, its length."""
        given, target = self._value.type, self._target
        if target.form is not None and given.form != target.form:
            self._form(target)
            return
        if target.enum is not None:
            self._members(given.enum, target.enum)
            return
        longest = given.max_length
        if target.max_length is None or target.form is not None:
            return
        if limitless or (longest is not None and longest > target.max_length):
            size = "has no limit" if limitless else f"has up to {longest} characters"
            hint = f"Say `| truncate_to({target.max_length})`, or limit it in the schema."
            message = f"This {size}, the target {target.max_length}."
            self.report("too-long", message, None if self._span is None else hint)

    def _form(self, target: Type) -> None:
        constant = self._value.type.enum if self._span is None else None
        if constant and _has_form(constant[0], target):
            return
        hint = {
            "date": "Make it one: `| date`.",
            "datetime": "Make it one: `| datetime`.",
            "guid": self._its_id() or "Say `format: uuid` in the schema.",
        }[target.form or "date"]
        self.report(
            "wrong-type",
            f"This takes {target.words}.",
            None if self._span is None else hint,
            "text",
        )

    def _its_id(self) -> str | None:
        """The id beside another field of a record that was read."""
        way = self._value.way
        if not way or way[0] not in {"lookups", "steps"} or way[-1] == "id":
            return None
        return f"Take its id: `{way_words((*way[:-1], 'id'))}`."

    def _members(self, given: tuple[str, ...] | None, members: tuple[str, ...]) -> None:
        if given is None:
            message = "This text can be anything, the target takes its members only."
            self.report("not-in-the-enum", message, "Translate it: `| choose(tables.…)`.")
            return
        for word in given:
            if word not in members:
                message = f'"{word}" is no member of the target.'
                blank = self._target.nullable and not word.strip()
                hint = _BLANK if blank else did_you_mean(word, list(members))
                if not self._at_entry(word, message, hint):
                    self.report("not-in-the-enum", message, hint, f'"{word}"')

    def _at_entry(self, word: str, message: str, hint: str | None) -> bool:
        """Report a member at the entry of the table that it was chosen from, if it was."""
        name, findings = self._value.table, self._site.findings
        whole = cast("Mapping[str, Any]", findings.document.value)
        table = whole["tables"][name] if name is not None else {}
        keys = [key for key, value in table.items() if value == word]
        for key in keys:
            findings.at(("tables", name or "", key), "not-in-the-enum", message, hint=hint)
        return bool(keys)


def _has_form(constant: str, target: Type) -> bool:
    checks: dict[str, Callable[[object], object]] = {
        "date": functions.date_,
        "datetime": functions.datetime_,
    }
    if target.form == "guid":
        return is_guid(constant)
    try:
        checks[target.form or "date"](constant)
    except Unfit:
        return False
    return True


def _constant_hint(given: Type, target: Type) -> str | None:
    if target.kind == "text" and given.kind in {"integer", "decimal", "boolean"}:
        return "Put it in quotes."
    if given.kind != "text" or given.enum is None:
        return None
    (word,) = given.enum
    if target.kind == "boolean":
        meant = _BOOLEANS.get(word.strip().lower(), "`true` or `false`")
        return f"Write {meant}, without quotes."
    if target.kind not in {"integer", "decimal"}:
        return None
    number = _NUMBER.fullmatch(word.strip())
    if number is None:
        return "Write a number, such as 1.5."
    sign, whole, rest = number.groups(default="")
    return f"Write {sign}{int(whole)}{f'.{rest}' if rest else ''}, without quotes."
