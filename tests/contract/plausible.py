"""Requests that anybody might send, made from nothing but the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.simulator.catalogue.entities import Catalogue, Field
from tests.unit.simulator.client import LTD, Client, Reply

_VALUES: dict[str, object] = {
    "Edm.Boolean": True,
    "Edm.Date": "2026-03-02",
    "Edm.DateTimeOffset": "2026-03-02T12:00:00Z",
    "Edm.Decimal": 1,
    "Edm.Int32": 1,
    "Edm.Int64": 1,
}


@dataclass(slots=True)
class Requests:
    """Sends what the catalogue allows, and remembers what is there already."""

    client: Client
    catalogue: Catalogue
    _found: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    _count: int = 0

    async def first(self, name: str) -> dict[str, Any] | None:
        """A record of an entity set that is stored."""
        if name not in self._found:
            stored = await self.client.state(name) if name in self.catalogue.sets else []
            usable = [row for row in stored if row.get("blocked") in (None, False, "_x0020_")]
            self._found[name] = next(iter(usable), None)
        return self._found[name]

    async def path(self, name: str) -> str:
        """Where a record of the set is made: below a parent where it needs one."""
        owners = self.catalogue.owners(name)
        if self.catalogue.sets[name].needs_filter is None or not owners:
            return name
        for owner, way in owners:
            if "post" in owner.verbs:
                made = await self.make(owner.name)
                assert made.status == 201, (owner.name, made.text)
                return f"{owner.name}({made.json['id']})/{way.name}"
        raise AssertionError(f"Nobody makes {name}.")

    async def make(self, name: str) -> Reply:
        """A new record of the set, with what it needs."""
        return await self.client.post(await self.path(name), await self.body(name))

    async def plant(self, name: str) -> None:
        """A record of a set that takes none by itself, as if people had made it."""
        fields = self.catalogue.sets[name].fields
        texts = [one for one in fields if one.type == "Edm.String" and not one.enum]
        usual = [one for one in texts if one.name in {"number", "code", "documentNumber"}]
        row = {one.name: await self.value(one, name) for one in (usual or texts)[:1]}
        planted = {"company": LTD, "entity": name, "rows": [row]}
        reply = await self.client.post("/_simulator/records", planted)
        assert reply.status == 201, (name, row, reply.text)

    async def body(self, name: str) -> dict[str, object]:
        """The required fields, the code, and what a person would fill in."""
        entity_set = self.catalogue.sets[name]
        if name == "dimensionSetLines":
            return await self.dimension()
        names = [group[0] for group in entity_set.required]
        usual = [entity_set.by_name.get(one) for one in ("code", "displayName", "fileName")]
        names += [one.name for one in usual if one is not None and not one.read_only]
        body = {one: await self.value(entity_set.by_name[one], name) for one in names}
        return {one: value for one, value in body.items() if value is not None}

    async def dimension(self) -> dict[str, object]:
        """A dimension of a document, with one of its values."""
        value = await self.first("dimensionValues")
        assert value is not None
        return {"id": value["dimensionId"], "valueId": value["id"]}

    async def value(self, one: Field, name: str) -> object:
        """Something that fits the field: a record that is there, a member, a text."""
        related = await self.first(one.ref) if one.ref else None
        if related is not None:
            return related["id"] if one.type == "Edm.Guid" else _code(related)
        if one.enum:
            return one.enum[-1]
        if one.type == "Edm.String":
            self._count += 1
            return None if one.ref else f"{self._count} {name}"[: one.max_length or 20]
        return _VALUES.get(one.type)

    async def change(self, name: str) -> dict[str, object]:
        """One field with another value; empty where nothing can be changed."""
        fields = [one for one in self.catalogue.sets[name].fields if not one.read_only]
        plain = [
            one for one in fields if one.type == "Edm.String" and not one.enum and not one.code
        ]
        plain += [one for one in fields if one.type == "Edm.Decimal"]
        others = [one for one in fields if one.enum and not one.name.startswith("parent")]
        for one in (*plain, *others):
            value = None if one.computed else await self.value(one, name)
            if value is not None:
                return {one.name: value}
        return {}


def _code(record: dict[str, Any]) -> object:
    return record.get("number") or record.get("code") or record.get("id")
