"""Nonsense made from the simulator's own `$metadata`: each request is answered or refused as
Business Central would, and the books stay right.

`make test` sends a few hundred requests, always the same; `make soak` new ones for SOAK_SECONDS.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from gateway.simulator import Clock
from gateway.simulator.businesscentral import BusinessCentral
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.exchange import Answer, Call
from gateway.simulator.records.reads import Work
from gateway.simulator.records.store import Company, Record
from gateway.simulator.records.values import encode_json
from gateway.simulator.state import State
from tests.contract.described import Described, Property, Service, described
from tests.soak import SECONDS, SEED, SOAK
from tests.unit.simulator.client import LTD

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ROOT: Final = "/v2.0/Production/api/v2.0"
HOST: Final = "http://simulator.test"
HEADERS: Final = {"content-type": "application/json", "if-match": "*"}
DOCUMENTS: Final = {
    "salesOrders": "salesOrderLines",
    "salesInvoices": "salesInvoiceLines",
    "salesQuotes": "salesQuoteLines",
    "salesCreditMemos": "salesCreditMemoLines",
    "purchaseOrders": "purchaseOrderLines",
    "purchaseInvoices": "purchaseInvoiceLines",
}

KNOWN: Final = st.sampled_from(
    ["1896-S", "1928-S", "10000", "20000", "V00010", "EUR", "GBP", "PCS", "STANDARD", "10100", "D"]
)
NUMBERS: Final = st.one_of(
    st.integers(-5, 5),
    st.integers(-(10**20), 10**20),
    st.decimals(-(10**6), 10**6, places=4),
    st.decimals(allow_nan=False, allow_infinity=False),
)
WRONG: Final = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text(max_size=60),
    KNOWN,
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


class Books:
    """A simulator without its network, and what its metadata says of it."""

    def __init__(self) -> None:
        state = State(HOST, 1, Clock(lambda: NOON))
        environment = state.environments["production"]
        self.company: Company = environment.companies[LTD]
        self.api = BusinessCentral(environment, state.catalogue, state.clock, f"{HOST}{ROOT}")
        document = self.ask("GET", "$metadata")
        assert document is not None
        self.service: Service = described(document.body)

    def ask(self, method: str, path: str, query: str = "", body: object = None) -> Answer | None:
        """The answer, None for a refusal that Business Central could give as well."""
        data = b"" if body is None else encode_json(body)
        call = Call(method, f"{ROOT}/{path}", query, HEADERS, data, HOST)
        try:
            answer: Answer = replace(self.api, work=Work()).answer(call, call.segments[4:])
        except BusinessCentralError as error:
            assert 400 <= error.status <= 501, error.text  # noqa: PT017 - refused, and well
            assert error.status != 500, error.text  # noqa: PT017
            return None
        return answer

    def records(self, name: str) -> list[Record]:
        """What is stored of an entity set."""
        if name not in self.company.catalogue.sets:
            return []
        return list(self.company.table(name).records.values())

    def check(self) -> None:
        """Totals add up, numbers are unique, every line has its document, entries balance."""
        for headers, lines in DOCUMENTS.items():
            self._check_documents(headers, lines)
        sums: dict[str, Decimal] = {}
        for entry in self.records("generalLedgerEntries"):
            number = str(entry.values["documentNumber"])
            amount = Decimal(entry.values["debitAmount"]) - Decimal(entry.values["creditAmount"])
            sums[number] = sums.get(number, Decimal(0)) + amount
        assert set(sums.values()) == {Decimal(0)}
        for name in ("customers", "vendors", "items", *DOCUMENTS):
            numbers = [record.values["number"] for record in self.records(name)]
            assert len(numbers) == len(set(numbers)), name

    def _check_documents(self, headers: str, lines: str) -> None:
        known = {record.id: record for record in self.records(headers)}
        totals: dict[str, Decimal] = {}
        for line in self.records(lines):
            owner = line.values["documentId"]
            assert owner in known, f"a line of {headers} without its document"
            totals[owner] = totals.get(owner, Decimal(0)) + line.values["netAmountIncludingTax"]
        for owner, total in totals.items():
            assert known[owner].values["totalAmountIncludingTax"] == total, headers


# What makes a request to these sets a good one, before something is added to it.
LINE: Final = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 2}
GOOD: Final[Mapping[str, Mapping[str, object]]] = {
    **{
        name: {"customerNumber": "10000", DOCUMENTS[name]: [LINE]}
        for name in DOCUMENTS
        if name[0] == "s"
    },
    **{
        name: {"vendorNumber": "V00010", DOCUMENTS[name]: [LINE]}
        for name in DOCUMENTS
        if name[0] == "p"
    },
    "customers": {"displayName": "Ashby Interiors"},
    "vendors": {"displayName": "Fenwick Timber"},
    "items": {"displayName": "Folding stool", "type": "Inventory"},
    "journals": {"code": "STOOLS"},
    "paymentTerms": {"code": "NEVER"},
}

BOOKS: Final = Books()
SERVICE: Final = BOOKS.service
SETS: Final = sorted(SERVICE.sets)
KINDS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "Edm.Boolean": st.booleans(),
    "Edm.Decimal": NUMBERS,
    "Edm.Int32": st.integers(-10, 10**10),
    "Edm.Int64": st.integers(-10, 10**20),
    "Edm.Guid": st.uuids().map(str),
    "Edm.Date": st.dates().map(str),
    "Edm.DateTimeOffset": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
}


def value_of(one: Property) -> st.SearchStrategy[Any]:
    """What fits a property, more or less; now and then something else."""
    fits = KINDS.get(one.type)
    if one.type in SERVICE.enums:
        fits = st.sampled_from(SERVICE.enums[one.type])
    elif one.type == "Edm.String":
        fits = st.one_of(KNOWN, st.text(max_size=(one.longest or 20) + 1))
    return WRONG if fits is None else st.one_of(fits, fits, fits, WRONG)


@st.composite
def bodies(draw: st.DrawFn, kind: Described, depth: int = 1) -> dict[str, Any]:
    """Some properties of an entity type in any order, and some of its parts."""
    chosen = draw(
        st.lists(st.sampled_from(kind.properties), max_size=draw(st.integers(0, 4)), unique=True)
    )
    body = {one.name: draw(value_of(one)) for one in chosen}
    if kind.ways and depth and not draw(st.integers(0, 3)):
        way = draw(st.sampled_from(sorted(kind.ways)))
        of = SERVICE.types[kind.ways[way]]
        body[way] = [draw(bodies(of, depth - 1)) for _ in range(draw(st.integers(0, 2)))]
    return body


@st.composite
def queries(draw: st.DrawFn, kind: Described) -> str:
    """Query options over an entity type, some of them wrong."""
    names = [one.name for one in kind.properties]
    one, value = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    operator = draw(st.sampled_from(["eq", "ne", "gt", "le", "in", "has"]))
    literal = draw(st.sampled_from(["'x'", "5", "null", "true", "2026-03-02", "(1,2)", value]))
    options = {
        "$filter": f"{one} {operator} {literal}",
        "$orderby": f"{one} {draw(st.sampled_from(['asc', 'desc', 'up']))}",
        "$select": ",".join(draw(st.lists(st.sampled_from([*names, "nothing"]), max_size=3))),
        "$expand": ",".join(draw(st.lists(st.sampled_from([*kind.ways, "nothing"]), max_size=2))),
        "$top": str(draw(st.integers(-1, 3))),
        "$skip": str(draw(st.integers(-1, 3))),
        "$count": draw(st.sampled_from(["true", "false", "maybe"])),
        "$skiptoken": draw(st.text(max_size=5)),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(options)), max_size=3, unique=True))
    return "&".join(f"{name}={quote(options[name])}" for name in chosen)


Request = tuple[str, str, int | None, str, str, object]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Method, entity set, which of its records, what below it, query and body.

    It depends on nothing but the metadata: what is stored changes from request to request.
    """
    name = draw(st.one_of(st.sampled_from(SETS), st.sampled_from(sorted(GOOD))))
    kind = SERVICE.sets[name]
    which = draw(st.one_of(st.none(), st.integers(0, 30)))
    below = [*kind.ways, *(one.name for one in kind.properties)]
    actions = [f"Microsoft.NAV.{action}" for action in kind.actions] or [""]
    further = draw(st.one_of(st.just(""), st.sampled_from(below), st.sampled_from(actions)))
    method = draw(st.sampled_from(["GET", "GET", "POST", "POST", "PATCH", "DELETE", "PUT"]))
    query = draw(queries(kind)) if method == "GET" else ""
    body = draw(bodies(kind)) if method in {"POST", "PATCH", "PUT"} else None
    if method == "POST" and name in GOOD and draw(st.integers(0, 3)):
        body = {**GOOD[name], **(body or {})}
    return method, name, which, further, query, body


def send(request: Request) -> None:
    """Send a request, to a record where there is one."""
    method, name, which, further, query, body = request
    path, known = f"companies({LTD})/{name}", BOOKS.records(name)
    if known and which is not None and (method != "POST" or further):
        path += f"({known[which % len(known)].id})"
        path += f"/{further}" if further else ""
    BOOKS.ask(method, path, query, body)


def send_all(several: list[Request]) -> None:
    """A few requests, and the books afterwards."""
    for request in several:
        send(request)
    BOOKS.check()


FEW_REQUESTS: Final = st.lists(requests(), min_size=1, max_size=5)


FEW: Final = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_nonsense_is_refused_and_the_books_stay_right() -> None:
    FEW(given(FEW_REQUESTS)(send_all))()


@settings(FEW, max_examples=30)
@given(
    st.sampled_from(sorted(DOCUMENTS)),
    st.lists(st.sampled_from(["1896-S", "1928-S", "0X10"]), max_size=3),
    st.decimals(-99, 999, places=3),
    st.decimals(0, 100, places=2),
    st.booleans(),
)
def test_the_books_of_sensible_documents(
    name: str, items: list[str], quantity: Decimal, discount: Decimal, includes: bool
) -> None:
    line = {"lineType": "Item", "quantity": quantity, "discountPercent": discount}
    party = {"customerNumber": "20000"} if name[0] == "s" else {"vendorNumber": "V00010"}
    parts = {DOCUMENTS[name]: [{**line, "lineObjectNumber": item} for item in items]}
    BOOKS.ask(
        "POST", f"companies({LTD})/{name}", "", {**party, "pricesIncludeTax": includes} | parts
    )
    BOOKS.check()


@settings(FEW, max_examples=40)
@given(st.text(max_size=40))
def test_paths(path: str) -> None:
    BOOKS.ask("GET", quote(path, safe="/()'$.="))
    BOOKS.ask("POST", f"companies({LTD})/{quote(path, safe='/()')}", body={})


WORDS: Final = ("eq", "and", "or", "number", "id", "'x'", "5", "null", "(", ")", ",", "/any(", ":")


@settings(FEW, max_examples=60)
@given(
    st.lists(st.sampled_from(WORDS), max_size=8), st.sampled_from(["filter", "orderby", "expand"])
)
def test_queries(words: list[str], option: str) -> None:
    BOOKS.ask("GET", f"companies({LTD})/items", f"${option}={quote(' '.join(words))}")


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT", "HEAD"])
def test_methods_on_the_root(method: str) -> None:
    assert BOOKS.ask(method, "") is None


if SOAK:

    @pytest.mark.timeout(SECONDS + 60)
    def test_nonsense_for_a_while() -> None:
        until, seeds = monotonic() + SECONDS, random.Random(SEED)  # noqa: S311 - the same again
        many = settings(FEW, derandomize=False, max_examples=200)
        while monotonic() < until:
            seed(seeds.getrandbits(32))(many(given(FEW_REQUESTS)(send_all)))()
