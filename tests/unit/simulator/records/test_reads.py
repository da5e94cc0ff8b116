from __future__ import annotations

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from gateway.simulator import Clock
from gateway.simulator.catalogue.entities import ZERO_GUID
from gateway.simulator.odata.options import parse_options
from gateway.simulator.records.reads import Reader
from gateway.simulator.records.store import Record
from gateway.simulator.state import State
from tests.unit.simulator.client import IRELAND, LTD, Client
from tests.unit.simulator.conftest import NOON


async def test_blanks_are_never_null(client: Client) -> None:
    customer = await client.one("customers", "number", "20000")
    assert None not in customer.values()
    assert (customer["blocked"], customer["currencyId"]) == ("_x0020_", ZERO_GUID)
    assert (customer["currencyCode"], customer["website"]) == ("GBP", "")


async def test_selection_keeps_the_etag_and_canonical_names(client: Client) -> None:
    reply = await client.get("customers", _select="NUMBER,displayname", _top="1")
    (customer,) = reply.json["value"]
    assert list(customer) == ["@odata.etag", "number", "displayName"]
    assert reply.json["@odata.context"].endswith("/customers(number,displayName)")


async def test_numbers_that_look_like_numbers_are_texts(client: Client) -> None:
    for number in ("000", "10115", "1E5", "0X10"):
        assert (await client.one("items", "number", number))["number"] == number
    assert (await client.one("items", "number", "1e5"))["number"] == "1E5"


async def test_awkward_filter_values_survive_the_query(client: Client) -> None:
    await client.post("customers", {"displayName": "A&B 50%+#/x 'q'"})
    reply = await client.get("customers", _filter="displayName eq 'A&B 50%+#/x ''q'''")
    assert len(reply.json["value"]) == 1


async def test_plus_is_a_space_and_dollar_may_be_encoded(client: Client) -> None:
    reply = await client.get("customers?%24filter=number+eq+'10000'&$count=true")
    assert reply.json["@odata.count"] == 1


async def test_order_top_skip_and_count(client: Client) -> None:
    reply = await client.get(
        "customers", _orderby="number desc", _top="2", _skip="1", _count="true", _select="number"
    )
    assert [c["number"] for c in reply.json["value"]] == ["50000", "40000"]
    assert reply.json["@odata.count"] == 6
    assert "@odata.nextLink" not in reply.json


async def test_the_count_segment_takes_a_filter(client: Client) -> None:
    reply = await client.get("customers/$count", _filter="country eq 'GB'")
    assert reply.text == "5"


async def follow(client: Client, path: str, size: int) -> list[list[str]]:
    pages, url = [], path
    while url:
        reply = await client.send("GET", url, None, {"Prefer": f"odata.maxpagesize={size}"})
        assert reply.headers["Preference-Applied"] == f"odata.maxpagesize={size}"
        pages.append([entity["number"] for entity in reply.json["value"]])
        url = reply.json.get("@odata.nextLink", "")
    return pages


async def test_pages_follow_each_other_without_loss(client: Client) -> None:
    pages = await follow(client, "customers?$select=number&$filter=country eq 'GB'", 2)
    assert pages == [["10000", "20000"], ["30000", "50000"], ["60000"]]


async def test_top_caps_the_whole_chain(client: Client) -> None:
    assert await follow(client, "customers?$top=3&$skip=1", 2) == [["20000", "30000"], ["40000"]]


async def test_a_page_without_its_preference_is_as_large_as_any(client: Client) -> None:
    small = {"Prefer": "odata.maxpagesize=1"}
    first = await client.send("GET", "customers?%24top=4&%24select=number", None, small)
    rest = await client.send("GET", first.json["@odata.nextLink"])
    assert [one["number"] for one in rest.json["value"]] == ["20000", "30000", "40000"]
    assert "Preference-Applied" not in rest.headers
    assert "@odata.nextLink" not in rest.json


async def test_the_next_link_is_absolute_and_carries_a_cursor(client: Client) -> None:
    reply = await client.send(
        "GET", "customers?$select=id", None, {"Prefer": "odata.maxpagesize=2"}
    )
    link = reply.json["@odata.nextLink"]
    query = parse_qs(urlsplit(link).query)
    assert link.startswith(client.url("customers"))
    assert query["aid"] == ["FIN"]
    assert query["$skiptoken"] == [reply.json["value"][-1]["id"]]
    assert query["$select"] == ["id"]


async def test_a_stale_cursor_is_refused(client: Client) -> None:
    reply = await client.get(f"customers?$skiptoken={ZERO_GUID}")
    assert (reply.status, reply.code) == (400, "SkipTokenIsNoLongerValid")


async def test_expansion_with_options_and_relations(client: Client) -> None:
    line = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1}
    body = {"customerNumber": "10000", "salesOrderLines": [line, {**line, "quantity": 2}]}
    order = (await client.post("salesOrders", body)).json
    reply = await client.get(
        f"salesOrders({order['id']})",
        _expand="salesOrderLines($select=quantity;$filter=quantity gt 1),customer,currency",
    )
    (shown,) = reply.json["salesOrderLines"]
    assert set(shown) == {"@odata.etag", "quantity"}
    assert reply.json["customer"]["number"] == "10000"
    assert reply.json["currency"] is None


async def test_a_part_is_reached_through_its_parent(client: Client) -> None:
    desk = await client.one("items", "number", "1896-S")
    variants = (await client.get(f"items({desk['id']})/itemVariants")).json["value"]
    assert [variant["code"] for variant in variants] == ["OAK", "WALNUT"]
    one = await client.get(f"items({desk['id']})/itemVariants({variants[0]['id']})")
    assert one.json["code"] == "OAK"
    unit = await client.get(f"items({desk['id']})/unitOfMeasure")
    assert unit.json["code"] == "PCS"
    strange = await client.get(f"items({desk['id']})/itemVariants({desk['id']})")
    assert strange.status == 404


async def test_keys_may_be_named_and_in_upper_case(client: Client) -> None:
    desk = await client.one("items", "number", "1896-S")
    for key in (f"id={desk['id']}", desk["id"].upper()):
        assert (await client.get(f"items({key})")).json["number"] == "1896-S"


async def test_streams_are_links(client: Client) -> None:
    (information,) = (await client.get("companyInformation")).json["value"]
    assert "picture" not in information
    assert information["picture@odata.mediaReadLink"].endswith("/picture")


async def test_flat_lines_are_listed_by_document(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json
    await client.post(f"salesOrders({order['id']})/salesOrderLines", {"description": "a note"})
    reply = await client.get("salesOrderLines", _filter=f"documentId eq {order['id']}")
    assert [line["description"] for line in reply.json["value"]] == ["a note"]


async def test_a_mistake_in_a_filter_is_told_before_the_parent_is_missed(client: Client) -> None:
    wrong = await client.get("salesOrderLines", _filter="nope eq 'x'")
    assert wrong.message.startswith("Could not find a property named 'nope'")
    right = await client.get("salesOrderLines", _filter="description eq 'x'")
    assert "You must specify" in right.message


async def test_a_second_line_of_a_number_names_the_table(client: Client) -> None:
    order = (await client.post("salesOrders", {"customerNumber": "10000"})).json
    path = f"salesOrders({order['id']})/salesOrderLines"
    assert (await client.post(path, {"lineType": "Comment", "sequence": 10000})).status == 201
    again = await client.post(path, {"lineType": "Comment", "sequence": 10000})
    assert again.message.startswith(
        "The Sales Line already exists. Identification fields and values: "
        f"Document Type='Order',Document No.='{order['number']}',Line No.='10000'"
    )


async def test_companies_are_expanded_by_their_entity_sets(client: Client) -> None:
    await client.post("customers", {"displayName": "Juniper Hall"})
    path = f"{client.root}/companies"
    reply = await client.get(path, _expand="customers($select=number;$count=true),items($top=1)")
    ltd, ireland = reply.json["value"]
    assert (ltd["name"], ltd["customers@odata.count"]) == ("Harwick Distributors Ltd", 7)
    assert ireland["customers@odata.count"] == 6
    assert "C00010" in [one["number"] for one in ltd["customers"]]
    assert len(ireland["items"]) == 1
    for wrong in ("nothing", "companies", "salesOrderLines"):
        assert (await client.get(path, _expand=wrong)).status == 400
    one = await client.get(f"{path}({IRELAND})", _expand="generalLedgerSetup")
    assert len(one.json["generalLedgerSetup"]) == 1


async def test_what_expansions_multiply_is_ended(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = "dimensionValues($expand=dimension)"
    twice = "dimensionValues($expand=dimension($expand=dimensionValues($expand=dimension)))"
    monkeypatch.setattr("gateway.simulator.records.reads.MOST_STEPS", 25)
    assert (await client.get("dimensions", _expand=once)).status == 200
    ended = await client.get("dimensions", _expand=twice)
    assert (ended.status, ended.code) == (408, "Unknown")
    asked = [{"method": "GET", "url": f"companies({LTD})/dimensions?$expand={once}"}] * 2
    reply = await client.send(
        "POST", f"{client.root}/$batch", {"requests": asked}, {"Accept": "application/json"}
    )
    assert [one["status"] for one in reply.json["responses"]] == [200, 408]


async def test_records_that_a_filter_leaves_out_are_work_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.simulator.records.reads.MOST_STEPS", 3)
    nobody = "dimensionValues($filter=code eq 'NOBODY')"
    assert (await client.get("dimensions", _expand=nobody)).status == 408
    assert (await client.get("dimensions")).status == 200


@pytest.mark.parametrize(
    ("asked", "share", "written"),
    [
        ("dimensions/$count", 1, 0),
        ("dimensions?$top=1&$filter=code eq 'NOBODY'", 5 / 16, 0),
        ("dimensions?$top=1&$orderby=code", 5 / 16, 1),
        ("dimensions?$top=1&$filter=" + " or ".join(["code eq 'NOBODY'"] * 15), 19 / 16, 0),
    ],
)
async def test_what_is_filtered_ordered_or_counted_is_work(
    client: Client, monkeypatch: pytest.MonkeyPatch, asked: str, share: float, written: int
) -> None:
    there = len(await client.state("dimensions"))
    monkeypatch.setattr("gateway.simulator.records.reads.MOST_STEPS", there * share + written)
    requests = [{"method": "GET", "url": f"companies({LTD})/{asked}"}] * 2
    reply = await client.send(
        "POST", f"{client.root}/$batch", {"requests": requests}, {"Accept": "application/json"}
    )
    assert [one["status"] for one in reply.json["responses"]] == [200, 408]


async def test_a_long_filter_is_more_work(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    there = len(await client.state("dimensions"))
    monkeypatch.setattr("gateway.simulator.records.reads.MOST_STEPS", there * 35 / 16)
    for terms, status in ((31, 200), (32, 408)):
        asked = " or ".join(["code eq 'NOBODY'"] * terms)
        assert (await client.get("dimensions", _filter=asked)).status == status


def test_as_many_records_as_there_can_be_are_filtered_ordered_and_paged() -> None:
    state = State("http://simulator.test", 1, Clock(lambda: NOON))
    (company, *_) = state.environments["production"].companies.values()
    items = state.catalogue.sets["items"]
    blanks = {**items.blanks, "lastModifiedDateTime": "2026-03-02T12:00:00Z"}
    records = [Record(f"{at}", {**blanks, "number": f"{at:06}"}, at) for at in range(100_000)]
    pairs = [("$filter", "lastModifiedDateTime gt 2026-01-01T00:00:00Z"), ("$count", "true")]
    pairs += [("$orderby", "lastModifiedDateTime,number"), ("$skiptoken", "19999")]
    options = parse_options(pairs, items, state.catalogue.sets)
    page = Reader(company, state.catalogue, "", state.clock).page(items, records, options, 20_000)
    assert (page.count, page.next_token) == (100_000, "39999")


@pytest.mark.parametrize("order", ["number", "displayName desc"])
async def test_a_page_goes_on_where_its_last_record_left_the_filter(
    client: Client, order: str
) -> None:
    asked = {"$filter": "city ne 'Elsewhere'", "$orderby": order, "$select": "id"}
    everybody = (await client.send("GET", "customers", None, None, **asked)).json["value"]
    seen, link = [], f"{client.url('customers')}?{urlencode(asked, quote_via=quote)}"
    while link:
        reply = await client.send("GET", link, None, {"Prefer": "odata.maxpagesize=2"})
        assert reply.status == 200, reply.text
        seen += [one["id"] for one in reply.json["value"]]
        await client.patch(f"customers({seen[-1]})", {"city": "Elsewhere"})
        link = reply.json.get("@odata.nextLink", "")
    assert seen == [one["id"] for one in everybody]
    gone = {"$skiptoken": "11111111-1111-4111-8111-111111111111"}
    assert (
        await client.send("GET", "customers", None, None, **gone)
    ).code == "SkipTokenIsNoLongerValid"
