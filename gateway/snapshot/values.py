"""What a snapshot is: values that nobody changes, and the one of them that counts now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.documents import Document, meant
from gateway.errors import MethodNotAllowed, UnknownResource
from gateway.mapping import Plan
from gateway.validation import Schemas

KEPT: Final = 3  # earlier snapshots, for operations that began with one and wait


@dataclass(frozen=True, slots=True)
class ResourcePlans:
    """A resource and the plans of its verbs and actions. `schema` names its canonical schema,
    `file` is where its mapping, or the override of it, can be opened; `mapping` is what the plans
    were made of, both together where there is an override.
    """

    resource: str
    title: str
    schema: str
    file: str
    verbs: Mapping[str, Plan]
    mapping: Document = field(repr=False)

    def plan(self, verb: str) -> Plan:
        """The plan of a verb or an action. Raises `MethodNotAllowed`, with what exists."""
        if verb not in self.verbs:
            known = ", ".join(self.verbs)
            raise MethodNotAllowed(f"{self.title} have no {verb}; they have: {known}.")
        return self.verbs[verb]

    @property
    def actions(self) -> tuple[str, ...]:
        """The names among `verbs` that are actions of the mapping's own."""
        return tuple(sorted(name for name, plan in self.verbs.items() if plan.action))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the gateway speaks. `hash` is of the bytes of all files it was made from.

    `resources` are for all; `overrides` are, by connection or organization, the resources that
    are different there.
    """

    hash: str
    schemas: Schemas = field(repr=False)
    resources: Mapping[str, ResourcePlans] = field(repr=False)
    overrides: Mapping[str, Mapping[str, ResourcePlans]] = field(repr=False, default_factory=dict)

    def resource(self, resource: str, *owners: str) -> ResourcePlans | None:
        """The plans of a resource for the first of `owners` that has an override of it: ids of a
        connection and of its organization, in that order.
        """
        for owner in owners:
            if resource in self.overrides.get(owner, ()):
                return self.overrides[owner][resource]
        return self.resources.get(resource)

    def of(self, *owners: str) -> dict[str, ResourcePlans]:
        """Every resource, for whom as `resource` has it."""
        lain = [self.overrides.get(owner, {}) for owner in reversed(owners)]
        return {name: plans for layer in (self.resources, *lain) for name, plans in layer.items()}

    def plan(self, resource: str, verb: str, *owners: str) -> Plan:
        """The plan of a verb, for whom as `resource` has it.

        Raises `UnknownResource` or `MethodNotAllowed`, with what exists.
        """
        found = self.resource(resource, *owners)
        if found is None:
            raise unknown_resource(resource, self.resources)
        return found.plan(verb)


class Current:
    """The snapshot that counts now. A reload brings another one; who works on something takes
    it once and goes on with what it took.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._earlier: tuple[Snapshot, ...] = ()

    def adopt(self, snapshot: Snapshot) -> None:
        """From here on `snapshot` counts."""
        self._earlier = (self.snapshot, *self._earlier)[:KEPT]
        self.snapshot = snapshot

    def of(self, wanted: str) -> Snapshot:
        """The snapshot with this hash, if it is one of the last; else the one that counts now."""
        known = (one for one in self._earlier if one.hash == wanted)
        return self.snapshot if self.snapshot.hash == wanted else next(known, self.snapshot)


def unknown_resource(resource: str, known: Iterable[str]) -> UnknownResource:
    """What is said of a resource that is none, with what exists."""
    names = sorted(known)
    hint = meant(resource, names) or f"There are: {', '.join(names) or 'none'}."
    return UnknownResource(f"This gateway has no such resource. {hint}")
