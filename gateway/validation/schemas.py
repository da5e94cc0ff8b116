"""Every schema file there is, found by name, with the validators and entities made from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, cast
from urllib.parse import urldefrag, urljoin

from gateway.documents import Document
from gateway.validation.sides import answer_side, change_side, input_side
from gateway.validation.validator import Validator
from gateway.wire import Entity, action_body, entity_from_schema

_ADDRESS: Final = "https://schemas.invalid/bc/"  # nothing is fetched; $ref needs a base

Body = Literal["create", "update", "record"]


class Schemas:
    """The canonical schemas by name and Business Central's by (api, entity set).

    Immutable to those who use it: validators and entities are made when first asked for and kept.
    """

    def __init__(
        self,
        canonical: Mapping[str, Document],
        entities: Mapping[tuple[str, str], Document],
    ) -> None:
        self._canonical = dict(canonical)
        self._files = dict(entities)
        self._entities: dict[tuple[str, str], Entity] = {}
        self._validators: dict[tuple[str, ...], Validator] = {}
        self._addresses: dict[str, object] = {
            _address(api, entity_set): document.value
            for (api, entity_set), document in self._files.items()
        }

    def canonical(self, name: str) -> Document:
        """The file of the canonical schema `name`. Raises `KeyError` when there is none."""
        return self._canonical[name]

    def canonical_names(self) -> list[str]:
        """The names of all canonical schemas."""
        return sorted(self._canonical)

    def entity(self, api: str, entity_set: str) -> Entity:
        """The entity of a schema file. Raises `KeyError` when there is none."""
        asked = (api, entity_set)
        if asked not in self._entities:
            schema = cast("Mapping[str, object]", self._files[asked].value)
            self._entities[asked] = entity_from_schema(schema)
        return self._entities[asked]

    def entity_file(self, api: str, entity_set: str) -> Document:
        """The schema file of an entity set. Raises `KeyError` when there is none."""
        return self._files[api, entity_set]

    def entity_sets(self, api: str) -> list[str]:
        """The names of the entity sets of `api`; empty for an api without files."""
        return sorted(name for route, name in self._files if route == api)

    def apis(self) -> list[str]:
        """The routes there are schema files of, such as `v2.0`."""
        return sorted({api for api, _ in self._files})

    def documents(self) -> list[Document]:
        """Every schema file, the canonical ones first, each kind in the order of names."""
        return [
            *(self._canonical[name] for name in sorted(self._canonical)),
            *(self._files[asked] for asked in sorted(self._files)),
        ]

    def input_validator(self, name: str) -> Validator:
        """For documents a caller sends. Raises `KeyError` for an unknown canonical schema."""
        return self._validator(("input", name))

    def change_validator(self, name: str) -> Validator:
        """For merge patches a caller sends. Raises `KeyError` for an unknown canonical schema."""
        return self._validator(("change", name))

    def answer_validator(self, name: str, omit: Sequence[str] = ()) -> Validator:
        """For documents the gateway answers, in lists without the properties `omit` names.

        Raises `KeyError` for an unknown schema.
        """
        return self._validator(("answer", name, *omit))

    def entity_validator(self, api: str, entity_set: str, body: Body) -> Validator:
        """For bodies sent to an entity set, or records read. Raises `KeyError` for no file."""
        return self._validator((body, api, entity_set))

    def action_validator(self, api: str, entity_set: str, action: str) -> Validator | None:
        """For the parameters of a bound action; None where it has none."""
        if action not in self.entity(api, entity_set).parameters:
            return None
        return self._validator((action_body(action), api, entity_set))

    def _validator(self, asked: tuple[str, ...]) -> Validator:
        if asked not in self._validators:
            self._validators[asked] = self._compile(asked)
        return self._validators[asked]

    def _compile(self, asked: tuple[str, ...]) -> Validator:
        match asked:
            case ("input", name):
                return Validator(input_side(self._canonical_value(name)))
            case ("change", name):
                return Validator(change_side(self._canonical_value(name)))
            case ("answer", name, *omit):
                side = answer_side(self._canonical_value(name))
                required = [one for one in side.get("required", ()) if one not in omit]
                return Validator({**side, "required": required})
            case (body, api, entity_set):
                if (api, entity_set) not in self._files:
                    raise KeyError(entity_set)
                address = _address(api, entity_set)
                return Validator({"$ref": f"{address}#/$defs/{body}"}, self._reached(address))
        raise AssertionError(asked)

    def _reached(self, address: str) -> dict[str, object]:
        """The file at `address` and those it refers to, however indirectly: what a validator is
        given it keeps, and all of them are 8 MB.
        """
        found: dict[str, object] = {}
        open_ = [address]
        while open_:
            one = open_.pop()
            if one in self._addresses and one not in found:
                found[one] = self._addresses[one]
                open_ += [urldefrag(urljoin(one, ref)).url for _, ref in references(found[one])]
        return found

    def _canonical_value(self, name: str) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self._canonical[name].value)


def references(
    value: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every reference in a schema, with the path to it from `path` on."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(child, str):
                yield (*path, key), child
            elif key not in {"const", "enum", "default", "examples", "x-business-central"}:
                yield from references(child, (*path, key))
    elif isinstance(value, list):
        for at, child in enumerate(value):
            yield from references(child, (*path, at))


def _address(api: str, entity_set: str) -> str:
    return f"{_ADDRESS}{api}/{entity_set}.schema.json"
