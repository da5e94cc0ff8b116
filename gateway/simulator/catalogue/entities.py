"""Every entity set of API v2.0 as data: fields, types, lengths, verbs, parts, by release.

The facts are in ``catalogue.json`` beside this module; ``source`` wrote them. Every room of the
simulator that needs to know an entity asks here; nothing is written per entity.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from gateway.simulator.catalogue.captions import caption_of

DATA = Path(__file__).with_name("catalogue.json")

# The releases that the facts tell apart (bc/api.md §12), and the one that is played by default:
# 28 was live when 29 was still to come.
NEWEST = "28.0"
LATEST = "29.0"

# The routes below ``api``, the standard one first (bc/api.md §1), and what each of them has.
STANDARD = "v2.0"
UNLISTED = "unlisted"  # no route: sets that are stored, and that no address leads to
ROUTES = (
    STANDARD,
    "microsoft/automation/v2.0",
    "microsoft/powerbi/v2.0",
    "microsoft/runtime/beta",
)
_OF_EVERY_ROUTE = frozenset({"companies", "entityDefinitions", "apicategoryroutes"})
_OLDEST, _LATEST, _MINORS = 17, 29, 6
_ENUMS_KNOWN = 26  # of later releases it is known only which members are new
_RELEASE = re.compile(r"([0-9]{2})\.([0-9])")

# What the store holds for a field: text for dates, moments, guids and enums.
Value = str | Decimal | int

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
BLANK_DATE = "0001-01-01"
BLANK_TIME = "0001-01-01T00:00:00Z"
BLANK_ENUM = "_x0020_"


class Field(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One property of an entity. ``ref`` is the entity set it relates to; where ``wild``, in
    what it is compared with ``*`` stands for any text and ``?`` for any character.

    Releases: it is there ``since`` one and no more ``until`` another, ``later`` are members that
    the enum got after 26.0, and ``turned`` is when ``read_only`` became what it is.
    """

    name: str
    type: str
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    read_only: bool = False
    since: str | None = None
    until: str | None = None
    turned: str | None = None
    code: bool = False
    computed: bool = False
    blank_refused: bool = False
    ref: str | None = None
    wild: bool = False

    @property
    def blank(self) -> Value:
        """The value that stands for «nothing»; Business Central has no null (bc/api.md §10)."""
        if self.enum:
            return BLANK_ENUM if BLANK_ENUM in self.enum else self.enum[0]
        return _BLANKS.get(self.type, "")

    @property
    def unseen(self) -> bool:
        """Whether no release shows it."""
        return self.until == _BEFORE_ALL


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an action of a custom route does: it ``sets`` fields to stored values, where the
    fields that it ``requires`` have theirs, and is answered with ``status``. Of its
    ``parameters`` it ``takes`` some as the values of fields.
    """

    sets: dict[str, Any]
    parameters: tuple[Field, ...] = ()
    takes: dict[str, str] = {}
    requires: dict[str, Any] = {}
    status: int = 200


class Navigation(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A way from one entity to others: a part of it, or a relation.

    ``link`` pairs a field of the owner with the field of the target that must be equal;
    ``fixed`` are fields of the target that have one value here (the parent's type). ``single``
    is the release since which it is not ``many`` any more.
    """

    name: str
    target: str
    many: bool = False
    part: bool = False
    since: str | None = None
    until: str | None = None
    single: str | None = None
    link: tuple[tuple[str, str], ...] = ()
    fixed: dict[str, str] = {}


class EntitySet(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", dict=True):
    """One entity set. ``verbs`` are HTTP methods in lower case; it is there ``since`` a release,
    and ``webhook`` tells whether its changes can be subscribed to.

    Of a custom route alone: ``shown`` is what addresses call it, where another route has a set
    of this name; ``unique`` are the fields that no two records share, the primary key of its
    table, of which the last is counted up where ``counted``; ``effects`` are the fields that an
    action sets.
    """

    name: str
    entity: str
    key: tuple[str, ...]
    verbs: tuple[str, ...]
    fields: tuple[Field, ...]
    since: str | None = None
    webhook: bool = False
    route: str = STANDARD
    navigation: tuple[Navigation, ...] = ()
    actions: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    needs_filter: str | None = None
    shown: str | None = None
    unique: tuple[str, ...] = ()
    counted: bool = False
    effects: dict[str, Effect] = {}

    @cached_property
    def custom(self) -> bool:
        """Whether a seed declares it."""
        return self.route not in ROUTES

    @cached_property
    def keyed(self) -> bool:
        """Whether addresses name a record by other fields than its id."""
        return len(self.key) > 1 or (self.custom and self.identity != self.key[0])

    @cached_property
    def identity(self) -> str | None:
        """The field that shows the id of a record: a key that is one guid, else of a custom set
        the field ``id``, if it has one.
        """
        for name in (*self.key, "id"):
            field = self.by_name.get(name)
            single = len(self.key) == 1 and name == self.key[0]
            if field is not None and field.type == "Edm.Guid" and (single or self.custom):
                return name
        return None

    @property
    def segment(self) -> str:
        """What addresses call it."""
        return self.shown or self.name

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by their name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def folded(self) -> dict[str, str]:
        """Names of fields and navigations by their lower-case form."""
        names = [field.name for field in self.fields]
        names += [navigation.name for navigation in self.navigation]
        return {name.lower(): name for name in names}

    @cached_property
    def ways(self) -> dict[str, Navigation]:
        """Navigations by their name."""
        return {navigation.name: navigation for navigation in self.navigation}

    @cached_property
    def blanks(self) -> dict[str, Any]:
        """A record without any value, in the order of the fields; streams are left out."""
        return {field.name: field.blank for field in self.fields if field.type != "Edm.Stream"}

    @cached_property
    def natural_key(self) -> str | None:
        """The field people know a record by, and lists are ordered by."""
        if self.custom:
            return self.unique[-1] if self.unique else None
        names = ("number", "code", "sequence", "lineNumber", "entryNumber")
        return next((name for name in names if name in self.by_name), None)

    @property
    def known_by(self) -> str:
        """The natural key, else the key itself."""
        return self.natural_key or self.key[0]

    @property
    def has_unique_key(self) -> bool:
        """Whether two records can not share the natural key (within one parent)."""
        return self.natural_key is not None and self.natural_key != "entryNumber"

    @property
    def caption(self) -> str:
        """The name of the table in messages."""
        return caption_of(self.entity, custom=self.custom)

    def captioned(self, name: str) -> str:
        """A field of it, or what its fields refer to, as messages name it."""
        return caption_of(name, custom=self.custom)


class Catalogue:
    """Entity sets of one release and ``route``, found by name. ``declared`` are those of all custom
    routes there are.
    """

    def __init__(
        self,
        sets: tuple[EntitySet, ...],
        release: str = NEWEST,
        route: str = STANDARD,
        declared: tuple[EntitySet, ...] = (),
    ) -> None:
        self.release = release
        self.route = route
        self.declared = declared
        self.sets = {entity_set.name: entity_set for entity_set in sets}
        self.addressed = {entity_set.segment: entity_set for entity_set in sets}
        self._leading: dict[str, list[tuple[EntitySet, Navigation]]] = {}
        for owner in sets:
            for way in owner.navigation:
                if way.part:
                    self._leading.setdefault(way.target, []).append((owner, way))
        self._owners = {
            name: many
            for name, leading in self._leading.items()
            if (many := [(owner, way) for owner, way in leading if way.many])
        }

    def leading(self, name: str) -> list[tuple[EntitySet, Navigation]]:
        """Whoever has one or many entities of the set ``name`` as a part, with the way there."""
        return self._leading.get(name, [])

    def owners(self, name: str) -> list[tuple[EntitySet, Navigation]]:
        """Whoever has many entities of the set ``name`` as a part, with the way there."""
        return self._owners.get(name, [])

    def scope(self, name: str) -> frozenset[str]:
        """Fields of the set ``name`` that say whose part an entity is."""
        return frozenset(theirs for _, way in self.owners(name) for _, theirs in way.link)


# What tables hold that no page of the API ever shows: what is open of a document, there and in the
# local currency, by the rate it was posted at; payments that nothing was applied to, whose an entry
# is, posting groups, the code that the VAT set-up knows a group by (bc/api.md §10, §11;
# bc/pitfalls.md 36).
_BEFORE_ALL = f"{_OLDEST}.0"
_LEFT = ("remainingAmount", "Edm.Decimal")
_POSTED = (("currencyFactor", "Edm.Decimal"), ("remainingAmountLocal", "Edm.Decimal"))
_SET_UP = (("setUpCode", "Edm.String"),)
_UNSEEN = {
    "customers": (
        ("unappliedAmount", "Edm.Decimal"),
        ("generalBusinessPostingGroupCode", "Edm.String"),
        ("customerPostingGroupCode", "Edm.String"),
    ),
    "vendors": (
        ("unappliedAmount", "Edm.Decimal"),
        ("generalBusinessPostingGroupCode", "Edm.String"),
        ("vendorPostingGroupCode", "Edm.String"),
    ),
    "generalLedgerEntries": (("sourceId", "Edm.Guid"),),
    "purchaseCreditMemos": (_LEFT, *_POSTED),
    "purchaseInvoices": (_LEFT, *_POSTED),
    "salesCreditMemos": (_LEFT, *_POSTED),
    "salesInvoices": _POSTED,
    "taxAreas": _SET_UP,
    "taxGroups": _SET_UP,
}

# Tables of which no route has a page, though lines name what is in them.
_UNLISTED = tuple(
    EntitySet(
        name=f"{UNLISTED}/{entity}s",
        entity=entity,
        key=("id",),
        verbs=(),
        fields=(
            Field("id", "Edm.Guid", read_only=True),
            Field("number", "Edm.String", max_length=20, code=True),
            Field("displayName", "Edm.String", max_length=100),
        ),
        route=UNLISTED,
        unique=("number",),
    )
    for entity in ("allocationAccount", "itemCharge", "resource")
)

_BLANKS: dict[str, Value] = {
    "Edm.Boolean": False,
    "Edm.Date": BLANK_DATE,
    "Edm.DateTimeOffset": BLANK_TIME,
    "Edm.Decimal": 0,
    "Edm.Guid": ZERO_GUID,
    "Edm.Int32": 0,
    "Edm.Int64": 0,
}


@lru_cache(maxsize=12)
def load_catalogue(release: str = NEWEST, route: str = STANDARD) -> Catalogue:
    """What a route has in a release such as ``26.0``, made once per process. Raises ValueError."""
    at = _number(release)
    if at is None or not _OLDEST <= at[0] <= _LATEST or at[1] > _MINORS:
        raise ValueError(
            f"There is no release {release}: releases are {_OLDEST}.0 to {_LATEST}.0, "
            f"with minor ones such as {_LATEST - 1}.{_MINORS}."
        )
    stored = load_stored().sets.values()
    sets = [one for one in stored if one.route == route or one.name in _OF_EVERY_ROUTE]
    known = frozenset(one.name for one in sets if _is_there(one.since, None, at))
    shown = tuple(_of_release(one, known, at) for one in sets if one.name in known)
    return Catalogue(shown, release, route)


@lru_cache(maxsize=1)
def load_stored() -> Catalogue:
    """All there is in any release and route: what companies store, whether it is shown or not."""
    told = msgspec.json.decode(DATA.read_bytes(), type=tuple[EntitySet, ...])
    return Catalogue((*(_with_unseen(entity_set) for entity_set in told), *_UNLISTED))


def _with_unseen(entity_set: EntitySet) -> EntitySet:
    unseen = _UNSEEN.get(entity_set.name, ())
    if not unseen:
        return entity_set
    fields = (Field(name, kind, until=_BEFORE_ALL, read_only=True) for name, kind in unseen)
    return msgspec.structs.replace(entity_set, fields=(*entity_set.fields, *fields))


def _of_release(entity_set: EntitySet, known: frozenset[str], at: tuple[int, int]) -> EntitySet:
    """The entity set as it was at a release of which ``known`` are all entity sets."""
    fields = [
        _field_of_release(field, at)
        for field in entity_set.fields
        if _is_there(field.since, field.until, at)
    ]
    ways = [
        msgspec.structs.replace(way, many=True) if _is_before(at, way.single) else way
        for way in entity_set.navigation
        if way.target in known and _is_there(way.since, way.until, at)
    ]
    names = {field.name for field in fields}
    ways = [way for way in ways if all(mine in names for mine, _ in way.link)]
    return msgspec.structs.replace(entity_set, fields=tuple(fields), navigation=tuple(ways))


def _field_of_release(field: Field, at: tuple[int, int]) -> Field:
    enum, read_only = field.enum, field.read_only
    if field.later and at[0] <= _ENUMS_KNOWN:
        enum = tuple(member for member in enum if member not in field.later)
    if _is_before(at, field.turned):
        read_only = not read_only
    if enum == field.enum and read_only == field.read_only:
        return field
    return msgspec.structs.replace(field, enum=enum, read_only=read_only)


def _is_there(since: str | None, until: str | None, at: tuple[int, int]) -> bool:
    return not _is_before(at, since) and (until is None or _is_before(at, until))


def _is_before(at: tuple[int, int], release: str | None) -> bool:
    """Whether ``at`` is older than ``release``; nothing is older than what has none."""
    number = None if release is None else _number(release)
    return number is not None and at < number


def _number(release: str) -> tuple[int, int] | None:
    found = _RELEASE.fullmatch(release)
    return None if found is None else (int(found[1]), int(found[2]))


def encode_member(name: str) -> str:
    """An enum member as it goes over the wire: ``Sales Order`` → ``Sales_x0020_Order``.

    bc/api.md §10.
    """
    return "".join(c if c.isalnum() else f"_x{ord(c):04X}_" for c in name) or BLANK_ENUM
