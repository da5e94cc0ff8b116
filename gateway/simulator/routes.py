"""Which entity, list or action a path addresses (bc/api.md §1). Called by ``businesscentral``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from gateway.simulator.catalogue.definitions import DEFINITIONS, definition_records
from gateway.simulator.catalogue.entities import Catalogue, EntitySet, Field
from gateway.simulator.environments import Environment
from gateway.simulator.errors import (
    BusinessCentralError,
    bad_key,
    dialog,
    no_actions,
    not_found,
    not_simulated,
    unknown_segment,
)
from gateway.simulator.records.dimensions import SET_LINES
from gateway.simulator.records.keys import (
    NAMED_KEY,
    found_by,
    guid_key,
    read_key,
    string_key,
    written_key,
)
from gateway.simulator.records.reads import Reader, company_record, company_records
from gateway.simulator.records.store import Company, Record
from gateway.simulator.records.values import GUID
from gateway.simulator.records.writes import Parent

_SEGMENT = re.compile(r"([$\w.]+)(?:\((.*)\))?", re.DOTALL)
_OF_THE_ROUTE = DEFINITIONS | {"subscriptions"}
# They are listed at the root (bc/api.md §1); a choice: there they are those of the first company.
_OF_THE_ENVIRONMENT = frozenset({"externaleventsubscriptions", "externalbusinesseventdefinitions"})
_COMPANY_KEYS = ("name", "businessProfileId")  # its alternate keys (bc/api.md §1)
_ACTIONS = ("microsoft.nav.", "nav.")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path leads to.

    ``records`` are the candidates of a list, or the one record of an entity; ``many`` tells
    which. ``parent`` is set where the path came through another entity, ``field`` where it goes
    on to one property, ``raw`` where that is wanted bare.
    """

    company: Company
    entity_set: EntitySet
    records: list[Record]
    many: bool
    context: str
    parent: Parent | None = None
    counting: bool = False
    action: str | None = None
    field: Field | None = None
    raw: bool = False

    @property
    def record(self) -> Record:
        """The addressed entity. Raises BusinessCentralError (404)."""
        if not self.records:
            raise not_found(self.entity_set.caption, "")
        return self.records[0]


@dataclass(frozen=True, slots=True)
class Resolver:
    """Walks a path through one environment. ``fallback`` names the company of the query or
    the header; ``reader`` makes a reader for a company.
    """

    environment: Environment
    catalogue: Catalogue
    fallback: str | None
    reader: Callable[[Company], Reader]

    def resolve(self, segments: list[str]) -> Target:
        """The target of a path below the API root. Raises BusinessCentralError."""
        name, key = _parse(segments[0])
        if name == "companies":
            if key is None:
                return self._companies(segments[1:])
            company = self._company(key)
            if len(segments) == 1:
                record = company_record(company, self.environment.version)
                companies = self.catalogue.sets["companies"]
                return Target(company, companies, [record], many=False, context="companies/$entity")
            return self._walk(company, segments[1:], f"companies({company.id})/")
        if name not in self.catalogue.addressed:
            raise _unknown(name)
        if name in _OF_THE_ROUTE:
            return self._of_the_route(name, key, segments[1:])
        if self.fallback is None and name in _OF_THE_ENVIRONMENT:
            return self._walk(next(iter(self.environment.companies.values())), segments, "")
        if self.fallback is None:
            raise _no_company("Name the company in the path, the query or the Company header.")
        company = self._named(self.fallback)
        return self._walk(company, segments, f"companies({company.id})/")

    def _companies(self, rest: list[str]) -> Target:
        companies = list(self.environment.companies.values())
        target = Target(
            companies[0],
            self.catalogue.sets["companies"],
            company_records(companies, self.environment.version),
            many=True,
            context="companies",
            counting=rest == ["$count"],
        )
        if rest and not target.counting:
            raise unknown_segment(rest[0])
        return target

    def _of_the_route(self, name: str, key: str | None, rest: list[str]) -> Target:
        """What belongs to the route itself and to no company; its keys are texts."""
        company = next(iter(self.environment.companies.values()))
        entity_set = self.catalogue.sets[name]
        if name in DEFINITIONS:
            records = definition_records(self.catalogue, name)
        else:
            records = self.environment.subscriptions.records(self.reader(company).clock.now())
        if rest and (key is not None or rest != ["$count"]):
            raise unknown_segment(rest[0])
        if key is None:
            return Target(
                company, entity_set, records, many=True, context=name, counting=bool(rest)
            )
        wanted = string_key(entity_set, key)
        found = [record for record in records if record.id.lower() == wanted.lower()]
        if not found:
            raise not_found(entity_set.caption, f"{entity_set.key[0]}='{wanted}'")
        return Target(company, entity_set, found, many=False, context=f"{name}/$entity")

    def _named(self, name: str) -> Company:
        company = self.environment.company(name)
        if company is None:
            raise _no_company(f"The company '{name}' cannot be found.")
        return company

    def _company(self, key: str) -> Company:
        if GUID.fullmatch(key):
            return self._named(key)
        named = NAMED_KEY.fullmatch(key)
        if named is None or named.group(1) not in {"id", *_COMPANY_KEYS}:
            raise bad_key()
        wanted = (named.group(2) or named.group(3) or "").replace("''", "'")
        if named.group(1) == "businessProfileId":  # no company has one
            raise _no_company(f"The company with the business profile '{wanted}' cannot be found.")
        return self._named(wanted)

    def _walk(self, company: Company, segments: list[str], context: str) -> Target:
        name, key = _parse(segments[0])
        entity_set = self.catalogue.addressed.get(name)
        if entity_set is None or name == "companies":
            raise _unknown(name)
        if name in _OF_THE_ROUTE:
            return self._of_the_route(name, key, segments[1:])
        reader = self.reader(company)
        context += name
        if key is None:
            counting = segments[1:] == ["$count"]
            if len(segments) > 1 and not counting:
                raise unknown_segment(segments[1])
            records = reader.all(entity_set.name)
            return Target(
                company, entity_set, records, many=True, context=context, counting=counting
            )
        if entity_set.keyed:
            found = reader.keyed(entity_set, read_key(entity_set, key))
        else:
            found = reader.one(entity_set, _key(entity_set, key))
        if entity_set.name == SET_LINES and entity_set.needs_filter:
            raise dialog(entity_set.needs_filter)  # other parents have lines with the same id
        if found is None:
            raise not_found(entity_set.caption, _told(entity_set, key))
        target = Target(company, entity_set, [found], many=False, context=f"{context}/$entity")
        return self._follow(
            target, segments[1:], f"{context}({written_key(entity_set, found.values)})/"
        )

    def _follow(self, target: Target, segments: list[str], context: str) -> Target:
        if not segments:
            return target
        name, key = _parse(segments[0])
        if name.lower().startswith(_ACTIONS):
            return self._action(target, name, segments[1:])
        way = target.entity_set.ways.get(name)
        if way is None:
            return self._property(target, name, segments[1:], context)
        found = self.reader(target.company).part(target.record, way)
        entity_set = self.catalogue.sets[way.target]
        parent = Parent(target.record, way)
        context += name
        if key is None and way.many:
            counting = segments[1:] == ["$count"]
            if segments[1:] and not counting:
                raise unknown_segment(segments[1])
            return Target(
                target.company,
                entity_set,
                found,
                many=True,
                context=context,
                parent=parent,
                counting=counting,
            )
        if key is not None:
            if entity_set.keyed:
                one = found_by(read_key(entity_set, key), found)
                found = [] if one is None else [one]
            else:
                wanted = _key(entity_set, key)
                found = [one for one in found if one.values[entity_set.key[0]] == wanted]
        if not found:
            related = way.link and not entity_set.keyed
            known = str(target.record.values[way.link[0][0]]) if related else ""
            raise not_found(entity_set.caption, _told(entity_set, key or known))
        inner = Target(
            target.company,
            entity_set,
            found,
            many=False,
            context=f"{context}/$entity",
            parent=parent,
        )
        if way.many:
            context += f"({written_key(entity_set, found[0].values)})"
        return self._follow(inner, segments[1:], f"{context}/")

    def _property(self, target: Target, name: str, rest: list[str], context: str) -> Target:
        """One property, or its bare value (OData 4.0 Part 2 §4.6, §4.7)."""
        field = target.entity_set.by_name.get(name)
        raw = rest == ["$value"]
        if field is None or (rest and not raw):
            raise unknown_segment(rest[0] if field is not None else name)
        return replace(target, field=field, raw=raw, context=f"{context}{name}")

    def _action(self, target: Target, segment: str, rest: list[str]) -> Target:
        """The bound action of a segment; case does not count (bc/api.md §1).

        A page without any answers 501 (bc/api.md §4); its text is a choice.
        """
        if not target.entity_set.actions:
            raise no_actions(target.entity_set.segment)
        known = {action.lower(): action for action in target.entity_set.actions}
        name = known.get(segment.rpartition(".")[2].lower())
        if name is None or rest:
            raise unknown_segment(segment)
        return replace(target, action=name)


def entity_named(segments: list[str], sets: Collection[str]) -> str | None:
    """The entity set that a path is about, as far as its names tell; for faults and journal."""
    for segment in reversed(segments):
        name = segment.partition("(")[0]
        if name in sets:
            return name
    return None


def _unknown(name: str) -> BusinessCentralError:
    """A set that the route does not have; every one has subscriptions (bc/api.md §9), but only
    those of the standard route and of custom ones are simulated.
    """
    if name == "subscriptions":
        return not_simulated("subscriptions of this route")
    return unknown_segment(name)


def _parse(segment: str) -> tuple[str, str | None]:
    found = _SEGMENT.fullmatch(segment)
    if found is None:
        raise bad_key()
    return found.group(1), found.group(2)


def _key(entity_set: EntitySet, key: str) -> str:
    is_guid = entity_set.by_name[entity_set.key[0]].type == "Edm.Guid"
    return guid_key(entity_set, key) if is_guid else string_key(entity_set, key)


def _told(entity_set: EntitySet, key: str) -> str:
    """What a record was looked for by, as messages have it."""
    if not entity_set.keyed or not key:
        return f"SystemId='{key}'"
    wanted = read_key(entity_set, key)
    return ",".join(f"{entity_set.captioned(name)}='{value}'" for name, value in wanted.items())


def _no_company(text: str) -> BusinessCentralError:
    return BusinessCentralError(404, "Internal_CompanyNotFound", text)
