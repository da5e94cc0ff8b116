"""Schemas for editors: the shape of mapping and test files with all that the schemas of both
sides know, so that fields are offered with type, length and description, and a constant that
does not fit is marked while it is typed. Text with `{{ }}` is never marked.

`bc-gateway schemas` writes them; nothing of the gateway itself reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from gateway.mapping.entity_types import create_type
from gateway.mapping.templates import KEYS
from gateway.mapping.types import Property, Shape, Type, canonical_type
from gateway.validation import Schemas

Schema = dict[str, Any]

EDITOR_FILES: Final = ("mapping.schema.json", "case.schema.json")
_DEEPEST: Final = 8  # objects within objects of a canonical schema
_BRACES: Final[Schema] = {"type": "string", "pattern": "\\{\\{"}
_TEXT: Final[Schema] = {"type": "string"}
_NAME: Final[Schema] = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_KINDS: Final[Mapping[str, Schema]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "null": {"type": "null"},
}
_BODIES: Final = ("create", "update", "upsert")
_CALLS: Final = (*_BODIES, "read", "find", "delete")


def editor_schemas(
    mapping: Schema, case: Schema, schemas: Schemas, verbs: Mapping[str, Iterable[str]]
) -> dict[str, Schema]:
    """The editor schemas by the names of their files. `mapping` and `case` are the shapes of the
    two kinds of files, `verbs` are those of each resource there is.
    """
    made = (_Mapping(schemas).schema(mapping), _case(case, verbs))
    return dict(zip(EDITOR_FILES, made, strict=True))


class _Mapping:
    """Writes the schema of mapping files."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._defs: Schema = {}

    def schema(self, shape: Schema) -> Schema:
        """The shape with everything that follows from the names of entities and schemas."""
        canonicals = self._schemas.canonical_names()
        properties = shape["properties"]
        known = {
            **properties,
            "schema": {**properties["schema"], "enum": canonicals},
            "api": {**properties["api"], "examples": self._schemas.apis()},
        }
        conditions = [self._of_canonical(name) for name in canonicals]
        for api in self._schemas.apis():
            conditions.append(
                _if({"api": api}, {"entity": {"enum": self._schemas.entity_sets(api)}})
            )
            conditions += [self._of_entity(api, one) for one in self._schemas.entity_sets(api)]
        alone = self._alone()
        apis = self._schemas.apis()
        sets = {"enum": sorted({one for api in apis for one in self._schemas.entity_sets(api)})}
        defs = {
            **shape["$defs"],
            "lookup": {
                **_with(shape["$defs"]["lookup"], {"entity": sets}),
                "allOf": [self._of_lookup(*one) for one in alone],
            },
            "step": {
                **_with(shape["$defs"]["step"], dict.fromkeys(_CALLS, sets)),
                "allOf": [self._of_step(*one) for one in alone],
            },
        }
        return {**shape, "properties": known, "allOf": conditions, "$defs": {**defs, **self._defs}}

    def _alone(self) -> list[tuple[str, str]]:
        """The entity sets, each with its API, whose name no other API has."""
        found = [
            (api, one) for api in self._schemas.apis() for one in self._schemas.entity_sets(api)
        ]
        names = [one for _, one in found]
        return [(api, one) for api, one in found if names.count(one) == 1]

    def _of_canonical(self, name: str) -> Schema:
        value = cast("Mapping[str, Any]", self._schemas.canonical(name).value)
        type_ = canonical_type(value, "answer", name)
        self._defs[f"record of {name}"] = self._canonical(type_, value)
        fields = list(type_.shape.properties) if type_.shape else []
        then = {
            "record": {"$ref": _ref(f"record of {name}")},
            "list": {"properties": {"omit": {"items": {"enum": fields}}}},
        }
        return _if({"schema": name}, then)

    def _of_entity(self, api: str, name: str) -> Schema:
        body, fields = self._entity(api, name)
        there = list(self._schemas.entity(api, name).fields)
        verb = {
            "properties": {
                "body": body,
                "by": fields,
                "anchor": {"properties": {"field": {"enum": there}}},
            }
        }
        one = {"properties": {"field": {"enum": there}}}
        filters = {"properties": {"filters": {"additionalProperties": one}}}
        return _if({"api": api, "entity": name}, {**dict.fromkeys(_BODIES, verb), "list": filters})

    def _of_lookup(self, api: str, name: str) -> Schema:
        return _if({"entity": name}, {"where": self._entity(api, name)[1]})

    def _of_step(self, api: str, name: str) -> Schema:
        body, fields = self._entity(api, name)
        kinds = [_having({kind: name}) for kind in (*_BODIES, "find")]
        then = {"properties": {"body": body, "where": fields, "by": fields}}
        return {"if": {"anyOf": kinds}, "then": then}

    def _entity(self, api: str, name: str) -> tuple[Schema, Schema]:
        """What a body of this entity holds, and what a record is found by."""
        body, fields = f"{api} {name}", f"fields of {api} {name}"
        if body not in self._defs:
            self._defs[body] = {}  # an entity may be a part of itself
            entity = self._schemas.entity(api, name)
            told = _descriptions(self._schemas, api, name)
            shape = create_type(entity, self._known(api)).shape
            if shape and entity.verbs & {"post", "patch"}:
                self._defs[body] = self._body(shape, api, told)
            known = {
                f"{field}{mark}": {"description": told.get(field, field)}
                for field in entity.fields
                for mark in ("", "?")
            }
            self._defs[fields] = {"properties": known, "additionalProperties": False}
        return {"$ref": _ref(body)}, {"$ref": _ref(fields)}

    def _known(self, api: str) -> Any:  # noqa: ANN401 - a function of the name of an entity set
        sets = self._schemas.entity_sets(api)
        return lambda name: self._schemas.entity(api, name) if name in sets else None

    def _body(self, shape: Shape, api: str, told: Mapping[str, str]) -> Schema:
        found: Schema = {}
        for name, one in shape.properties.items():
            if one.refused:
                continue
            part = shape.entity.parts.get(name) if shape.entity else None
            if part is None:
                found |= _leaf(name, one, told.get(name))
            elif part.entity_set in self._schemas.entity_sets(api):
                inner = self._entity(api, part.entity_set)[0]
                fields = list(self._schemas.entity(api, part.entity_set).fields)
                found[name] = _list_of(inner, _keyed(fields)) if part.many else inner
            else:
                found[name] = {}
        body = _object(found)
        keyed = _keyed(list(shape.entity.fields) if shape.entity else [])
        return {**body, "properties": {**body["properties"], **keyed}}

    def _canonical(self, type_: Type, said: object, depth: int = 0) -> Schema:
        if type_.shape is None or not type_.shape.properties or depth > _DEEPEST:
            return {}
        found: Schema = {}
        for name, one in type_.shape.properties.items():
            if one.refused:
                continue
            inner = _said(said, name)
            if one.type.kind == "object":
                found[name] = self._canonical(one.type, inner, depth + 1)
            elif one.type.kind == "list":
                items = one.type.items
                objects = items is not None and items.kind == "object"
                item = (
                    self._canonical(items, _said(inner, None), depth + 1)
                    if items and objects
                    else {}
                )
                found |= {f"{name}{mark}": _list_of(item) for mark in ("", "?")}
            else:
                about = inner.get("description") if isinstance(inner, dict) else None
                found |= _leaf(name, one, about)
        return _object(found)


def _leaf(name: str, found: Property, about: str | None) -> Schema:
    """A field with and without `?`: an expression, or a constant that fits."""
    type_, constant = found.type, dict(_KINDS.get(found.type.kind, {}))
    if type_.enum is not None:
        constant = {"enum": list(type_.enum)}
    elif type_.kind == "text" and type_.max_length is not None:
        constant["maxLength"] = type_.max_length
    words = about or type_.words
    if about and type_.enum is not None:
        words = f"{about.removesuffix('.')}: {type_.words}."
    leaf = {"description": words, "anyOf": [_BRACES, constant]}
    return {name: leaf, f"{name}?": leaf} if found.optional else {name: leaf}


def _object(fields: Schema) -> Schema:
    inner: Schema = {"type": "array", "items": {"type": "object"}}
    kinds = {"$when": _TEXT, "$each": _TEXT, "$as": _NAME, "$index": _NAME, "$pick": inner}
    keys = {key: {"description": KEYS[key], **kind} for key, kind in kinds.items()}
    return {"type": "object", "properties": {**fields, **keys}, "additionalProperties": False}


def _keyed(fields: list[str]) -> Schema:
    """How a change tells the elements of a part apart, which have these fields."""
    return {
        "$key": {
            "description": KEYS["$key"],
            "type": "array",
            "minItems": 1,
            "items": {"enum": fields},
        },
        "$others": {
            "description": KEYS["$others"],
            "enum": ["keep", "delete"],
        },
    }


def _list_of(item: Schema, beside: Schema | None = None) -> Schema:
    """A list: one element for each of another, a list as it stands, or lists joined; `beside`
    may stand with these.
    """
    several = {"type": "array", "items": item}
    concat = {"description": KEYS["$concat"], **several}
    joined = {
        "type": "object",
        "required": ["$concat"],
        "properties": {"$concat": concat, **(beside or {})},
    }
    return {"anyOf": [item, several, {**joined, "additionalProperties": False}, _BRACES]}


def _with(shape: Schema, facts: Mapping[str, Schema]) -> Schema:
    """An object's schema, some properties of which have further facts."""
    known = {name: {**shape["properties"][name], **more} for name, more in facts.items()}
    return {**shape, "properties": {**shape["properties"], **known}}


def _if(names: Mapping[str, str], then: Schema) -> Schema:
    return {"if": _having(names), "then": {"properties": then}}


def _having(names: Mapping[str, str]) -> Schema:
    """The schema of objects with these values."""
    return {
        "required": list(names),
        "properties": {key: {"const": value} for key, value in names.items()},
    }


def _ref(name: str) -> str:
    return "#/$defs/" + name.replace("/", "~1").replace(" ", "%20")


def _descriptions(schemas: Schemas, api: str, name: str) -> dict[str, str]:
    file = cast("Mapping[str, Any]", schemas.entity_file(api, name).value)
    found: dict[str, str] = {}
    for body in file.get("$defs", {}).values():
        properties = body.get("properties", {}) if isinstance(body, dict) else {}
        for field, facts in properties.items():
            if "description" in facts:
                found.setdefault(field, facts["description"])
    return found


def _said(said: object, name: str | None) -> object:
    """What a canonical schema says of a property, or of the elements of a list."""
    if not isinstance(said, dict):
        return None
    return said.get("items") if name is None else said.get("properties", {}).get(name)


def _case(shape: Schema, verbs: Mapping[str, Iterable[str]]) -> Schema:
    """The shape of test files, which offers the resources and their verbs."""
    offered = list(dict.fromkeys(verb for one in verbs.values() for verb in one))
    test = shape["$defs"]["test"]
    known = {**test["properties"], "verb": _offering(test["properties"]["verb"], offered)}
    resource = _offering(shape["properties"]["resource"], list(verbs))
    return {
        **shape,
        "properties": {**shape["properties"], "resource": resource},
        "$defs": {**shape["$defs"], "test": {**test, "properties": known}},
    }


def _offering(schema: Schema, words: list[str]) -> Schema:
    """`schema`, for which an editor offers `words` and takes any other."""
    if not words:
        return schema
    about = {key: value for key, value in schema.items() if key == "description"}
    return {**about, "anyOf": [{"enum": words}, schema]}
