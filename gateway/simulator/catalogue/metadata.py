"""The ``$metadata`` of a route: the catalogue as CSDL 4.0 XML (bc/api.md §1, §10).

Written as Business Central writes it: one schema, every entity set in it and, company by company,
as a navigation of ``company``; parts are contained, relations are bound to their entity set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import quoteattr

from gateway.simulator.catalogue.entities import Catalogue, EntitySet, Field, Navigation

NAMESPACE = "Microsoft.NAV"
COMPANIES = "companies"
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
    "<edmx:DataServices>"
    f'<Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
)
_TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"

# What entityDefinitions is made of, and no field of a table: names and types of the members.
COMPLEX_TYPES: dict[str, tuple[tuple[str, str], ...]] = {
    "entityMetadataLabel": (("languageCode", "Edm.Int32"), ("caption", "Edm.String")),
    "entityMetadataField": (
        ("name", "Edm.String"),
        ("captions", f"Collection({NAMESPACE}.entityMetadataLabel)"),
    ),
    "entityMetadataAction": (
        ("name", "Edm.String"),
        ("captions", f"Collection({NAMESPACE}.entityMetadataLabel)"),
    ),
    "entityMetadataEnumMember": (
        ("name", "Edm.String"),
        ("value", "Edm.Int32"),
        ("captions", f"Collection({NAMESPACE}.entityMetadataLabel)"),
    ),
}


def metadata(catalogue: Catalogue) -> bytes:
    """The document of all entity sets of a catalogue."""
    sets = list(catalogue.sets.values())
    parts = [
        *(_entity_type(catalogue, one) for one in sets),
        *(_complex(name) for name in COMPLEX_TYPES if "entityDefinitions" in catalogue.sets),
        *_enums(sets),
        *(_action(one, name) for one in sets for name in one.actions),
        _container(catalogue, sets),
    ]
    return "".join([_HEAD, *parts, _TAIL]).encode()


def _tag(name: str, inner: Iterable[str] = (), **attributes: str | None) -> str:
    """An element; attributes that are None are left out."""
    given = "".join(
        f" {key}={quoteattr(value)}" for key, value in attributes.items() if value is not None
    )
    body = "".join(inner)
    return f"<{name}{given}>{body}</{name}>" if body else f"<{name}{given}/>"


def _entity_type(catalogue: Catalogue, one: EntitySet) -> str:
    key = _tag("Key", [_tag("PropertyRef", Name=name) for name in one.key])
    properties = [_property(field, is_key=field.name in one.key) for field in one.fields]
    ways = [_navigation(catalogue, one, way) for way in one.navigation]
    extra: list[str] = []
    if one.name == COMPANIES:
        ways += [
            _tag(
                "NavigationProperty",
                Name=other.segment,
                Type=f"Collection({NAMESPACE}.{other.entity})",
                ContainsTarget="true",
            )
            for other in catalogue.sets.values()
            if other is not one
        ]
        extra = [_alternate_keys("name", "businessProfileId")]
    return _tag("EntityType", [key, *properties, *ways, *extra], Name=one.entity)


def _property(field: Field, *, is_key: bool) -> str:
    return _tag(
        "Property",
        Name=field.name,
        Type=field.type,
        Nullable="false" if is_key else None,
        MaxLength=None if field.max_length is None else str(field.max_length),
        Scale="Variable" if field.type == "Edm.Decimal" else None,
    )


def _navigation(catalogue: Catalogue, owner: EntitySet, way: Navigation) -> str:
    target = catalogue.sets[way.target]
    kind = f"{NAMESPACE}.{target.entity}"
    constraints = [
        _tag("ReferentialConstraint", Property=mine, ReferencedProperty=theirs)
        for mine, theirs in way.link
        if not way.part and not way.many and owner.by_name[mine].type == target.by_name[theirs].type
    ]
    return _tag(
        "NavigationProperty",
        constraints,
        Name=way.name,
        Type=f"Collection({kind})" if way.many else kind,
        Partner=_partner(owner, way, target),
        ContainsTarget="true" if way.part else None,
    )


def _partner(owner: EntitySet, way: Navigation, target: EntitySet) -> str | None:
    """The way back, where there is one and no other: of a part to its owner, and the reverse."""
    there = [one for one in owner.navigation if one.target == target.name]
    back = [one for one in target.navigation if one.target == owner.name]
    if len(there) == len(back) == 1 and way.part != back[0].part:
        return back[0].name
    return None


def _alternate_keys(*names: str) -> str:
    term = "OData.Community.Keys.V1"
    keys = [
        _tag(
            "Record",
            [
                _tag(
                    "PropertyValue",
                    [
                        _tag(
                            "Collection",
                            [
                                _tag(
                                    "Record",
                                    [
                                        _tag("PropertyValue", Property="Alias", String=name),
                                        _tag("PropertyValue", Property="Name", PropertyPath=name),
                                    ],
                                    Type=f"{term}.PropertyRef",
                                )
                            ],
                        )
                    ],
                    Property="Key",
                )
            ],
            Type=f"{term}.AlternateKey",
        )
        for name in names
    ]
    return _tag("Annotation", [_tag("Collection", keys)], Term=f"{term}.AlternateKeys")


def _complex(name: str) -> str:
    members = [_tag("Property", Name=member, Type=kind) for member, kind in COMPLEX_TYPES[name]]
    return _tag("ComplexType", members, Name=name)


def _enums(sets: Iterable[EntitySet]) -> Iterator[str]:
    """Every enum type once, with the members of all fields that have it."""
    members: dict[str, dict[str, None]] = {}
    for one in sets:
        given = [field for effect in one.effects.values() for field in effect.parameters]
        for field in (*one.fields, *given):
            if field.enum and field.type.startswith(f"{NAMESPACE}."):
                members.setdefault(field.type, {}).update(dict.fromkeys(field.enum))
    for kind, names in members.items():
        shown = [_tag("Member", Name=name, Value=str(at)) for at, name in enumerate(names)]
        yield _tag("EnumType", shown, Name=kind.removeprefix(f"{NAMESPACE}."))


def _action(one: EntitySet, name: str) -> str:
    bound = _tag("Parameter", Name="bindingParameter", Type=f"{NAMESPACE}.{one.entity}")
    effect = one.effects.get(name)
    given = [
        _tag(
            "Parameter",
            Name=field.name,
            Type=field.type,
            MaxLength=None if field.max_length is None else str(field.max_length),
        )
        for field in (effect.parameters if effect is not None else ())
    ]
    return _tag("Action", [bound, *given], Name=name, IsBound="true")


def _container(catalogue: Catalogue, sets: Iterable[EntitySet]) -> str:
    inner = [
        _tag(
            "EntitySet",
            [
                _tag(
                    "NavigationPropertyBinding",
                    Path=way.name,
                    Target=catalogue.sets[way.target].segment,
                )
                for way in one.navigation
                if not way.part and way.target in catalogue.sets
            ],
            Name=one.segment,
            EntityType=f"{NAMESPACE}.{one.entity}",
        )
        for one in sets
    ]
    return _tag("EntityContainer", inner, Name="NAV")
