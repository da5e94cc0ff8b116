"""An override laid over the mapping it extends: one document, checked like every other.

A map is merged, anything else is replaced: null, 0, false, "" and [] too. A list whose elements
have names is merged by them. `$remove: true` takes away what the mapping has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from gateway.documents import Document, did_you_mean, layered
from gateway.mapping.rules import Findings, Path
from gateway.mapping.templates import REMOVE

EXTENDS: Final = "extends"

_NOT_OVERRIDABLE: Final = {
    "resource": "Which resource it is says `extends`.",
    "schema": "The canonical schema of a resource is the same for all callers.",
}
_FORMS: Final = ("$each", "$concat", "$pick")
_EXACT: Final = ("params", "tables", "rejections")  # where a `?` is part of a word


def extended(base: Document, over: Document, findings: Findings) -> Document:
    """The mapping `base` as the file `over` changes it. What is wrong with `over` alone goes to
    `findings`, which is about it; both are maps.
    """
    said = cast("dict[str, Any]", over.value)
    for key, reason in _NOT_OVERRIDABLE.items():
        if key in said:
            findings.at((key,), "not-overridable", reason, key=True, hint="Leave it out.")
    kept = {key: value for key, value in said.items() if key not in (EXTENDS, *_NOT_OVERRIDABLE)}
    merging = _Merging(base, over, findings)
    value = merging.maps(cast("dict[str, Any]", base.value), kept, (), (), ())
    return layered(over, value, merging.origins)


class _Merging:
    """`origins` says of every part where it came from, where that is not what its parent says.

    Every method has three paths: of the merged document, of the lower file, of the upper one.
    """

    def __init__(self, base: Document, over: Document, findings: Findings) -> None:
        self._base = base
        self._over = over
        self._findings = findings
        self.origins: dict[Path, tuple[Document, Path]] = {}

    def maps(
        self, under: Mapping[str, Any], over: Mapping[str, Any], at: Path, below: Path, above: Path
    ) -> dict[str, object]:
        """Two maps, in the order of the lower one; what is new comes last."""
        self.origins[at] = (self._over, above)
        changes = {_answered(key, under, at): key for key in reversed(list(over))}
        made: dict[str, object] = {}
        for key, value in under.items():
            if key not in changes:
                made[key] = value
                self.origins[(*at, key)] = (self._base, (*below, key))
                continue
            said = changes[key]
            if self._removes(over[said], (*above, said)):
                continue
            made[said] = self._laid(value, over[said], (*at, said), (*below, key), (*above, said))
        done = {said for key, said in changes.items() if key in under}
        for key, value in over.items():
            if key in done:
                continue
            if self._removes(value, (*above, key)):
                self._nothing((*above, key), key, list(under))
            else:
                made[key] = value
        return made

    def _laid(self, under: object, over: object, at: Path, below: Path, above: Path) -> object:
        """Anything over anything."""
        if isinstance(under, dict) and isinstance(over, dict) and _same_form(under, over):
            return self.maps(under, over, at, below, above)
        if _named(under) and _named(over):
            lower, upper = cast("list[Any]", under), cast("list[Any]", over)
            return self._lists(lower, upper, at, below, above)
        self.origins[at] = (self._over, above)
        return over

    def _lists(
        self,
        under: Sequence[Mapping[str, Any]],
        over: Sequence[Mapping[str, Any]],
        at: Path,
        below: Path,
        above: Path,
    ) -> list[object]:
        """Two lists of elements with names, in the order of the lower one; new ones come last."""
        self.origins[at] = (self._over, above)
        changes = {element["name"]: index for index, element in reversed(list(enumerate(over)))}
        known = {element["name"] for element in under}
        made: list[object] = []
        for index, element in enumerate(under):
            here, lower = (*at, len(made)), (*below, index)
            change = changes.get(element["name"])
            if change is None:
                made.append(element)
                self.origins[here] = (self._base, lower)
            elif not self._removes(over[change], (*above, change)):
                made.append(self._laid(element, over[change], here, lower, (*above, change)))
        for index, element in enumerate(over):
            name, upper = element["name"], (*above, index)
            if name in known and changes[name] == index:
                continue
            if self._removes(element, upper):
                self._nothing((*upper, "name"), name, sorted(known))
                continue
            self.origins[(*at, len(made))] = (self._over, upper)
            made.append(element)
        return made

    def _removes(self, value: object, above: Path) -> bool:
        """Whether this takes something away; said in another way than it must be, it is reported."""
        if not isinstance(value, dict) or REMOVE not in value:
            return False
        if value[REMOVE] is not True or not value.keys() <= {REMOVE, "name"}:
            message = f"This is `{REMOVE}: true`, and nothing beside it."
            self._findings.at((*above, REMOVE), "misplaced-key", message, key=True)
        return True

    def _nothing(self, above: Path, word: str, known: list[str]) -> None:
        message = f'The mapping has no "{word}" here.'
        hint = did_you_mean(word, known)
        self._findings.at(above, "nothing-to-remove", message, key=True, hint=hint)


def _answered(key: str, under: Mapping[str, Any], at: Path) -> str:
    """The key of the lower map that `key` is about: a field is the same with and without `?`."""
    if key in under or at[:1] in {(name,) for name in _EXACT}:
        return key
    other = key.removesuffix("?") if key.endswith("?") else f"{key}?"
    return other if other in under else key


def _same_form(under: Mapping[str, Any], over: Mapping[str, Any]) -> bool:
    """Whether two maps can be merged: `$concat` and fields, for one, are two things."""
    forms = [next((form for form in _FORMS if form in value), None) for value in (under, over)]
    return forms[1] in {None, forms[0]}


def _named(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in value)
    )
