"""Templates → the statements that build a body or a record, leaf by leaf.

An object is one dictionary literal as far as its fields are sure to be there, then one statement
per field; a list is a loop that appends. Properties come in the order of sending.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from gateway.documents import did_you_mean, suggest
from gateway.mapping.checker import NEVER_WRITTEN
from gateway.mapping.emission import Emission
from gateway.mapping.failures import Spot
from gateway.mapping.leaves import Written
from gateway.mapping.ledger import Ledger
from gateway.mapping.model import Each, Entry, Fields, Leaf, Listing, Pick, Template
from gateway.mapping.presence import unread
from gateway.mapping.rules import Path
from gateway.mapping.scope import Every, Scope, Way, way_words
from gateway.mapping.templates import KEYS
from gateway.mapping.types import ANY, Property, Shape, Type

Assign = Callable[[str], str]
"""The statement that puts a value where it belongs, given the code of the value."""


class Bodies:
    """Writes the templates of one function."""

    def __init__(self, ledger: Ledger, emission: Emission) -> None:
        self._ledger = ledger
        self._emission = emission
        self._findings = ledger.findings

    def fields(self, fields: Fields, shape: Shape, scope: Scope, target: Way) -> str:
        """Write an object; gives its variable. Whether it is there at all is the caller's."""
        self._check_required(fields, shape, target)
        if any(one.name == "when" and "when" not in shape.properties for one in fields.entries):
            scope = scope.knowing((unread(None), True))  # told as a field that there is not
        local = self._emission.fresh("b")
        sure: list[tuple[str, Written, Spot]] = []
        rest: list[tuple[Entry, Property]] = []
        for entry, found in self._matched(fields, shape, target):
            if rest or not isinstance(entry.template, Leaf) or entry.optional:
                rest.append((entry, found))
            else:
                way = (*target, entry.name)
                written = self._ledger.leaf(entry.template, found, scope, self._emission, way)
                sure.append((entry.name, *written))
        self._emission.line(f"{local} = {{")
        for name, value, spot in sure:
            self._emission.line(f"    {name!r}: {value.code},", spot)
        self._emission.line("}")
        for entry, found in rest:
            self._entry(entry, found, scope, (*target, entry.name), _item(local, entry.name))
        return local

    def _entry(
        self, entry: Entry, found: Property, scope: Scope, target: Way, assign: Assign
    ) -> None:
        """A field that comes after the literal."""
        template, kind = entry.template, found.type.kind
        if isinstance(template, Leaf):
            self._leaf(template, found, scope, target, assign, drops=entry.optional)
        elif isinstance(template, Fields | Pick):
            if kind not in {"object", "any"}:
                self._misfit(entry.path, found.type, target)
                return
            self._check_object(entry, found, template, target)
            self._object(template, found.type, scope, target, assign)
        elif kind not in {"list", "any"}:
            self._misfit(entry.path, found.type, target)
        else:
            items = found.type.items or ANY
            self._list(entry, template, items, scope, target=target, assign=assign)

    def _leaf(
        self,
        leaf: Leaf,
        found: Property,
        scope: Scope,
        target: Way,
        assign: Assign,
        *,
        drops: bool = False,
    ) -> None:
        emission = self._emission
        written, spot = self._ledger.leaf(leaf, found, scope, emission, target, drops=drops)
        statement = assign(written.code)
        left_out = "pass"
        if drops and (written.risky or written.conditions):
            left_out = self._ledger.marks(emission).left_out(leaf.path, target, spot.ways)
        if written.risky:
            emission.line("try:", spot)
        with emission.indented() if written.risky else nullcontext():
            if written.conditions:
                emission.line(f"if {' and '.join(written.conditions)}: {statement}", spot)
                emission.line(f"else: {left_out}")
            else:
                emission.line(statement, spot)
        if written.risky:
            emission.line(f"except Dropped: {left_out}", spot)

    def _object(
        self, template: Fields | Pick, type_: Type, scope: Scope, target: Way, assign: Assign
    ) -> None:
        """Write an object, or the one that is picked, where its `$when` holds."""
        shape = type_.shape or Shape("anything", dict, others=ANY)
        choices = template.choices if isinstance(template, Pick) else (template,)
        emission, word = self._emission, "if"
        for choice in choices:
            inner = scope
            if choice.when is not None:
                code, fact, spot = self._ledger.condition(choice.when, scope, emission, target)
                emission.line(f"{word} {code}:", spot)
                inner, scope = scope.knowing(fact), scope.knowing((fact[0], False))
            elif word == "elif":
                emission.line("else:")
            else:
                emission.line(assign(self.fields(choice, shape, scope, target)))
                continue
            word = "elif"
            with emission.indented():
                emission.line(assign(self.fields(choice, shape, inner, target)))
        if isinstance(template, Pick) and choices and choices[-1].when is not None:
            place = self._findings.document.place(template.path)
            emission.line("else: f_none_applies()", Spot(target, place))

    def _list(
        self,
        entry: Entry,
        template: Template,
        items: Type,
        scope: Scope,
        *,
        target: Way,
        assign: Assign,
    ) -> None:
        """Write a list; with `?` it is left out when what it goes over is missing."""
        emission, made = self._emission, self._emission.fresh("c")
        way = (*target, Every(made))
        if not entry.optional:
            emission.line(f"{made} = []")
            self.elements(template, items, scope, way, made)
            emission.line(assign(made))
            return
        if not isinstance(template, Each):
            message = "Only a list of one `$each` may be left out as a whole."
            self._findings.at(entry.path, "can-never-drop", message, key=True)
            return
        over = self._ledger.over(template.loop, scope, emission, drops=True)
        emission.line(f"if {' and '.join(over.conditions) or 'True'}:", over.spot)
        with emission.indented():
            emission.line(f"{made} = []")
            with self._ledger.looping(template.loop, over, scope, emission) as (inner, _):
                self._element(template.body, items, inner, way, made)
            emission.line(assign(made))

    def elements(
        self,
        template: Template,
        items: Type,
        scope: Scope,
        way: Way,
        made: str,
        *,
        empty: bool = False,
    ) -> None:
        """Append what a template of a list gives to the list in the variable `made`. `empty`: a
        list that is missing has no elements.
        """
        ledger, emission = self._ledger, self._emission
        if isinstance(template, Each):
            over = ledger.over(template.loop, scope, emission, empty=empty)
            if over.conditions:
                emission.line(f"if {' and '.join(over.conditions)}:", over.spot)
            with (
                emission.indented() if over.conditions else nullcontext(),
                ledger.looping(template.loop, over, scope, emission) as (inner, _),
            ):
                self._element(template.body, items, inner, way, made)
        elif isinstance(template, Listing):
            for part in template.parts:
                self.elements(part, items, scope, way, made, empty=empty)
        elif isinstance(template, Leaf):
            self._leaf(template, Property(items), scope, way, _element(made))
        else:
            self._element(template, items, scope, way, made)

    def _element(
        self, template: Fields | Pick, items: Type, scope: Scope, way: Way, made: str
    ) -> None:
        if items.kind in {"object", "any"}:
            self._object(template, items, scope, way, _element(made))
        else:
            self._misfit(template.path, items, way)

    def _matched(self, fields: Fields, shape: Shape, target: Way) -> list[tuple[Entry, Property]]:
        """The fields with what the target has under their names, in the order of sending."""
        found: list[tuple[Entry, Property]] = []
        for entry in fields.entries:
            here = shape.properties.get(entry.name)
            if here is not None:
                self._check_writing(entry, here, shape, target)
                here = Property(ANY, optional=True) if here.refused else here
            elif shape.others is not None:
                here = Property(shape.others, optional=True)
            else:
                known = [name for name, one in shape.properties.items() if not one.refused]
                message = f'{shape.name} has no "{entry.name}".'
                hint = did_you_mean(entry.name, known)
                if f"${entry.name}" in KEYS:
                    hint = f"Did you mean `${entry.name}`?"
                self._findings.at(entry.path, "unknown-field", message, key=True, hint=hint)
                here = Property(ANY, optional=True)
            found.append((entry, here))
        if shape.entity is not None:
            order = {name: rank for rank, name in enumerate(shape.entity.send_order)}
            found.sort(key=lambda one: order.get(one[0].name, len(order)))
        return found

    def _check_writing(self, entry: Entry, found: Property, shape: Shape, target: Way) -> None:
        words = way_words((*target, entry.name))
        if found.refused:
            message = f"{words}: {found.refused}"
            self._findings.at(entry.path, "read-only", message, key=True, target=words)
        if entry.optional and not found.optional:
            self._findings.at(
                entry.path,
                "required-may-drop",
                f"{words} is required, and `?` may leave it out.",
                key=True,
                target=words,
                hint="Leave out the `?`; a `| default(…)` stands in for what is missing.",
            )
        if shape.entity is None:
            return
        why = NEVER_WRITTEN.get((shape.entity.entity_set, entry.name))
        if why:
            self._findings.at(entry.path, "must-not-be-written", why, key=True, target=words)
        self._ledger.written(shape.entity.entity_set, entry.name, entry.path)

    def _check_required(self, fields: Fields, shape: Shape, target: Way) -> None:
        written = {entry.name for entry in fields.entries}
        stray = [name for name in written if name not in shape.properties]
        for group in shape.required:
            misspelt = any(suggest(name, group) for name in stray)
            if not written & set(group) and not misspelt:
                words = " or ".join(way_words((*target, name)) for name in group)
                message = f"The target is refused without {words}."
                self._findings.at(fields.path, "required-missing", message, key=True, target=words)

    def _check_object(
        self, entry: Entry, found: Property, template: Fields | Pick, target: Way
    ) -> None:
        if entry.optional:
            message = "Whether an object is there says `$when`."
            self._findings.at(entry.path, "can-never-drop", message, key=True)
        if isinstance(template, Fields) and template.when is not None and not found.optional:
            message = f"{way_words(target)} is required, and `$when` may leave it out."
            self._findings.at(template.when.path, "required-may-drop", message)

    def _misfit(self, path: Path, found: Type, target: Way) -> None:
        words = way_words(target)
        message = f"{words} takes {found.words}."
        self._findings.at(path, "bad-element", message, target=words)


def _item(local: str, name: str) -> Assign:
    return lambda code: f"{local}[{name!r}] = {code}"


def _element(made: str) -> Assign:
    return lambda code: f"{made}.append({code})"
