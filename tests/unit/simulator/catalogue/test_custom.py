"""Routes that a seed file declares: everything that Microsoft's own can, by the declared keys."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientSession, encode_basic_auth

from gateway.simulator import ON_PREMISES_KEY, ON_PREMISES_USER, Clock, run_simulator
from gateway.simulator.catalogue.custom import read_declared
from tests.unit.simulator.client import LTD, Client, Reply, signed_in
from tests.unit.simulator.conftest import NOON
from tests.unit.simulator.test_webhooks import receiving

MANUAL = Path(__file__).parents[4] / "docs" / "simulator.md"
EXAMPLE = re.findall(r"^```json seed\n(.*?)^```$", MANUAL.read_text(), re.DOTALL | re.MULTILINE)[0]
ROUTE = "/v2.0/Production/api/harwick/pricing/v1.0"
ROOT = f"{ROUTE}/companies({LTD})"


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    path = tmp_path / "pricing.json"
    path.write_text(EXAMPLE)
    return path


@pytest.fixture
async def client(seed_file: Path) -> AsyncIterator[Client]:
    async with (
        run_simulator(clock=Clock(lambda: NOON), seed_file=seed_file) as simulator,
        signed_in(simulator) as signed,
    ):
        yield signed


def rows(reply: Reply) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reply.json["value"]
    return found


class TestReading:
    async def test_lists_and_queries(self, client: Client) -> None:
        there = await client.get(f"{ROOT}/priceGroups")
        assert [one["code"] for one in rows(there)] == ["KEY/A", "RETAIL"]
        assert rows(there)[0]["kind"] == "Whole_x0020_Sale"
        assert rows(there)[0]["discount"] == Decimal("12.5")
        assert rows(there)[0]["closed"] is False
        found = await client.get(f"{ROOT}/priceGroups", _filter="discount gt 1", _select="code")
        assert [one["code"] for one in rows(found)] == ["KEY/A"]
        counted = await client.get(f"{ROOT}/priceGroups/$count")
        assert counted.text == "2"
        expanded = await client.get(f"{ROOT}/priceGroups('RETAIL')", _expand="priceLines")
        assert [one["itemNumber"] for one in expanded.json["priceLines"]] == ["1896-S"]

    @pytest.mark.parametrize(
        "key", ["'RETAIL'", "'retail'", "code='RETAIL'", "%27RETAIL%27", "code=%27RETAIL%27"]
    )
    async def test_a_key_of_text(self, client: Client, key: str) -> None:
        found = await client.get(f"{ROOT}/priceGroups({key})")
        assert found.json["description"] == "Everybody else"

    async def test_a_key_with_a_slash(self, client: Client) -> None:
        found = await client.get(f"{ROOT}/priceGroups('KEY%2FA')/priceLines")
        assert found.json["@odata.context"].endswith("priceGroups('KEY%2FA')/priceLines")
        for code in ("A'B/1", "ÄØ 1"):
            made = await client.post(f"{ROOT}/priceGroups", {"code": code})
            assert made.headers["Location"].isascii()
            found = await client.get(made.headers["Location"])
            assert (found.status, found.json["code"]) == (200, code)

    @pytest.mark.parametrize(
        "key",
        [
            "groupCode='RETAIL',lineNumber=10000",
            "lineNumber=10000,groupCode='RETAIL'",
            "groupCode='retail', lineNumber=10000",
            "'RETAIL',10000",
            "%27RETAIL%27,10000",
        ],
    )
    async def test_a_key_of_two_fields(self, client: Client, key: str) -> None:
        found = await client.get(f"{ROOT}/priceLines({key})")
        assert found.json["unitPrice"] == Decimal("1000.8")

    @pytest.mark.parametrize(
        "key",
        [
            "groupCode='RETAIL'",
            "'RETAIL','10000'",
            "10000,'RETAIL'",
            "'RETAIL'",
            "'RETAIL',lineNumber=10000",
            "groupCode='RETAIL',lineNumber=10000.5",
            "groupCode='RETAIL',groupCode='RETAIL'",
            "groupCode='RETAIL',lineNumber='x'",
            "groupCode='RETAIL',lineNumber=x",
            "groupCode='RETAIL',lineNumber=10000,more=1",
            "groupCode=RETAIL,lineNumber=10000",
        ],
    )
    async def test_a_key_that_is_none(self, client: Client, key: str) -> None:
        assert (await client.get(f"{ROOT}/priceLines({key})")).code == "BadRequest_NotFound"

    async def test_a_key_that_nobody_has(self, client: Client) -> None:
        missing = await client.get(f"{ROOT}/priceGroups('none')")
        assert missing.code == "Internal_RecordNotFound"
        assert "The Price Group does not exist." in missing.message
        assert "Code='NONE'" in missing.message
        found = await client.get(f"{ROOT}/priceLines(groupCode='RETAIL',lineNumber=1)")
        assert found.status == 404

    async def test_what_is_not_declared(self, client: Client) -> None:
        assert (await client.get(f"{ROOT}/customers")).status == 404
        assert (await client.get(f"{ROUTE}/priceGroups", company=LTD)).status == 200
        assert (await client.get("priceGroups")).status == 404
        other = ROUTE.replace("pricing", "other")
        assert (await client.get(f"{other}/companies({LTD})/priceGroups")).status == 501

    async def test_the_document_of_the_route(self, client: Client) -> None:
        told = await client.get(f"{ROUTE}/$metadata")
        space = {"e": "http://docs.oasis-open.org/odata/ns/edm"}
        tree = ET.fromstring(told.text)  # noqa: S314 - what the simulator says itself
        line = tree.find(".//e:EntityType[@Name='priceLine']", space)
        assert line is not None
        assert [one.get("Name") for one in line.findall("e:Key/e:PropertyRef", space)] == [
            "groupCode",
            "lineNumber",
        ]
        assert tree.find(".//e:Action[@Name='close']", space) is not None
        members = tree.findall(".//e:EnumType[@Name='priceGroupKind']/e:Member", space)
        assert [one.get("Name") for one in members] == ["_x0020_", "Retail", "Whole_x0020_Sale"]
        kind = tree.find(".//e:Property[@Name='kind']", space)
        assert kind is not None
        assert kind.get("Type") == "Microsoft.NAV.priceGroupKind"
        ids = tree.findall(".//e:EntityType[@Name='priceGroup']/e:Property[@Name='id']", space)
        assert ids == []  # nobody declared it
        served = await client.get(ROUTE)
        assert {"priceGroups", "priceLines", "companies"} <= {one["name"] for one in rows(served)}
        routes = await client.get("/v2.0/Production/api/v2.0/apicategoryroutes")
        assert "harwick/pricing/v1.0" in [one["route"] for one in rows(routes)]
        told = await client.get(f"{ROUTE}/entityDefinitions('item')")
        assert told.json["entitySetName"] == "items"


class TestWriting:
    async def test_a_record_with_its_parts(self, client: Client) -> None:
        made = await client.post(
            f"{ROOT}/priceGroups",
            {
                "code": "new",
                "kind": "Retail",
                "priceLines": [{"itemNumber": "1896-S", "unitPrice": 5}, {"itemNumber": "1900-S"}],
            },
        )
        assert made.status == 201
        assert made.json["code"] == "NEW"
        assert made.json["kind"] == "Retail"
        assert made.json["lastModifiedDateTime"].startswith("2026-03-02T12:00:00")
        assert made.headers["Location"].endswith("priceGroups('NEW')")
        assert (await client.get(made.headers["Location"])).json["code"] == "NEW"
        lines = await client.get(f"{ROOT}/priceGroups('NEW')/priceLines")
        assert [one["lineNumber"] for one in rows(lines)] == [10000, 20000]

    async def test_the_key_is_unique(self, client: Client) -> None:
        again = await client.post(f"{ROOT}/priceGroups", {"code": "RETAIL"})
        assert (again.status, again.code) == (400, "Internal_EntityWithSameKeyExists")
        line = {"groupCode": "RETAIL", "lineNumber": 10000}
        assert (await client.post(f"{ROOT}/priceLines", line)).status == 400
        other = {"groupCode": "KEY/A", "lineNumber": 10000}
        assert (await client.post(f"{ROOT}/priceLines", other)).status == 201

    @pytest.mark.parametrize(
        "body",
        [
            {"description": "no code"},
            {"code": "X" * 21},
            {"code": "X", "kind": "Other"},
            {"code": "X", "lastModifiedDateTime": "2026-03-02T12:00:00Z"},
            {"code": "X", "priceLines": [{"itemNumber": "nothing"}]},
            {"code": "X", "discount": "much"},
            {"code": "X", "closed": True},
            {"code": "X", "customerNumber": "nobody"},
            {"code": "X", "priceLines": [{"unitPrice": "x"}]},
            {"code": "X", "unknown": 1},
        ],
    )
    async def test_what_is_refused_leaves_nothing(
        self, client: Client, body: dict[str, object]
    ) -> None:
        assert (await client.post(f"{ROOT}/priceGroups", body)).status == 400
        assert len(await client.state("priceGroups")) == 2
        assert len(await client.state("priceLines")) == 1

    async def test_changes_and_deletions_by_etag(self, client: Client) -> None:
        there = (await client.get(f"{ROOT}/priceGroups('RETAIL')")).json
        path, etag = f"{ROOT}/priceGroups('RETAIL')", there["@odata.etag"]
        changed = await client.patch(path, {"discount": 1.25}, etag)
        assert changed.json["discount"] == Decimal("1.25")
        assert changed.json["@odata.etag"] != etag
        assert (await client.patch(path, {"discount": 2}, etag)).status == 409
        assert (await client.send("DELETE", path)).status == 204
        assert (await client.get(path)).status == 404

    async def test_a_verb_that_the_page_does_not_allow(self, client: Client) -> None:
        path = f"{ROOT}/priceLines(groupCode='RETAIL',lineNumber=10000)"
        assert (await client.send("DELETE", path)).status == 405
        changed = await client.patch(path, {"unitPrice": 7})
        assert changed.json["unitPrice"] == 7

    async def test_an_action_sets_what_callers_can_not(self, client: Client) -> None:
        path = f"{ROOT}/priceGroups('RETAIL')"
        done = await client.send("POST", f"{path}/Microsoft.NAV.Close")
        assert done.status == 200
        assert (await client.get(path)).json["closed"] is True
        again = await client.send("POST", f"{path}/Microsoft.NAV.close")
        assert again.code == "Application_FieldValidationException"
        assert "Closed must be equal to 'No'  in Price Group: Code=RETAIL." in again.message
        assert (await client.send("POST", f"{path}/Microsoft.NAV.open")).status == 404

    async def test_a_blank_key_is_refused_and_a_blank_enum_is_not(self, client: Client) -> None:
        path = f"{ROOT}/priceGroups('RETAIL')"
        assert (await client.patch(path, {"code": ""})).status == 400
        assert (await client.patch(path, {"kind": " "})).json["kind"] == "_x0020_"

    async def test_lines_follow_their_group_and_go_with_it(self, client: Client) -> None:
        line = {"groupCode": "KEY/A", "itemNumber": "1896-S"}
        assert (await client.post(f"{ROOT}/priceLines", line)).json["lineNumber"] == 10000
        renamed = await client.patch(f"{ROOT}/priceGroups('RETAIL')", {"code": "SHOP"})
        assert renamed.json["code"] == "SHOP"
        assert (await client.get(f"{ROOT}/priceGroups('RETAIL')")).status == 404
        found = await client.get(
            f"{ROOT}/priceGroups('SHOP')/priceLines(groupCode='SHOP',lineNumber=10000)"
        )
        assert found.status == 200
        assert (await client.patch(f"{ROOT}/priceGroups('SHOP')", {"code": "KEY/A"})).status == 400
        assert (await client.send("DELETE", f"{ROOT}/priceGroups('SHOP')")).status == 204
        assert [one["groupCode"] for one in await client.state("priceLines")] == ["KEY/A"]

    async def test_a_line_of_no_group_is_refused(self, client: Client) -> None:
        made = await client.post(f"{ROOT}/priceLines", {"groupCode": "NONE"})
        assert made.code == "Internal_InvalidTableRelation"
        group = {"code": "X", "customerNumber": "NONE"}
        made = await client.post(f"{ROOT}/priceGroups", group)
        assert made.message.startswith("The field Customer No. of table Price Group contains")

    async def test_a_batch(self, client: Client) -> None:
        parts = [
            {"id": "1", "method": "GET", "url": f"companies({LTD})/priceGroups('RETAIL')"},
            {
                "id": "2",
                "method": "POST",
                "url": f"companies({LTD})/priceGroups",
                "headers": {"Content-Type": "application/json"},
                "body": {"code": "BATCH"},
            },
        ]
        headers = {"Accept": "application/json"}
        done = await client.send("POST", f"{ROUTE}/$batch", {"requests": parts}, headers)
        assert [one["status"] for one in done.json["responses"]] == [200, 201]

    async def test_faults_know_its_entity_sets(self, client: Client) -> None:
        await client.arm("status", {"entity": "priceGroups"}, status=503)
        assert (await client.get(f"{ROOT}/priceGroups")).status == 503
        assert (await client.get(f"{ROOT}/priceLines")).status == 200
        await client.arm("deadlock", {"path": "pricing"})
        line = f"{ROOT}/priceLines('RETAIL',10000)"
        refused = await client.patch(line, {"unitPrice": 1})
        assert "modifying the Price Line table" in refused.message
        journal = await client.get("/_simulator/journal", entity="priceLines")
        assert [one["status"] for one in journal.json["value"]] == [200, 409]

    async def test_another_seed_keeps_the_routes(self, client: Client) -> None:
        again = {"seed": 7, "rows": {"priceGroups": [{"code": "ONE"}]}}
        assert (await client.post("/_simulator/seed", again)).status == 200
        assert [one["code"] for one in await client.state("priceGroups")] == ["ONE"]


class TestNamesThatOthersHave:
    """``items`` of the route and of Microsoft share nothing but their name in addresses."""

    NAME = "harwick/pricing/v1.0/items"

    async def test_they_are_two(self, client: Client) -> None:
        (mine,) = rows(await client.get(f"{ROOT}/items"))
        assert (mine["number"], mine["webShop"]) == ("1896-S", True)
        assert list(mine) == ["@odata.etag", "id", "number", "currencyCode", "inventory", "webShop"]
        theirs = await client.one("items", "number", "1896-S")
        assert theirs["id"] != mine["id"]
        assert (await client.get(f"{ROOT}/items({mine['id']})")).status == 200
        assert (await client.get(f"{ROOT}/items({theirs['id']})")).status == 404
        assert len(await client.state(self.NAME)) == 1
        assert len(await client.state("items")) == 9

    async def test_no_rule_of_theirs_is_mine(self, client: Client) -> None:
        made = await client.post(f"{ROOT}/items", {"number": "", "inventory": 5})
        assert (made.status, made.json["inventory"], made.json["number"]) == (201, 5, "")
        assert made.headers["Location"].endswith(f"/items({made.json['id']})")
        assert (await client.patch(made.headers["Location"], {"inventory": 6})).status == 200
        assert len(await client.state("itemLedgerEntries")) == 9
        again = await client.post(f"{ROOT}/items", {"number": "1896-S"})
        assert again.code == "Internal_EntityWithSameKeyExists"

    async def test_the_local_currency_is_no_code_here(self, client: Client) -> None:
        foreign = await client.post(f"{ROOT}/items", {"number": "E", "currencyCode": "eur"})
        assert foreign.json["currencyCode"] == "EUR"
        local = await client.post(f"{ROOT}/items", {"number": "L", "currencyCode": "GBP"})
        assert local.code == "Internal_InvalidTableRelation"
        assert (await client.post(f"{ROOT}/items", {"number": "B"})).json["currencyCode"] == ""

    async def test_records_are_put_in_past_the_api(self, client: Client) -> None:
        body = {"company": LTD, "entity": self.NAME, "rows": [{"number": "P"}]}
        assert (await client.post("/_simulator/records", body)).status == 201
        assert (await client.post("/_simulator/records", body)).status == 400
        group = (await client.get(f"{ROOT}/items", _filter="number eq 'P'")).json["value"][0]
        change = {
            "company": LTD,
            "entity": self.NAME,
            "id": group["id"],
            "fields": {"webShop": True},
        }
        assert (await client.send("PATCH", "/_simulator/records", change)).status == 200
        assert (await client.get(f"{ROOT}/items({group['id']})")).json["webShop"] is True
        coverage = (await client.get("/_simulator/coverage")).json["other_routes"]
        assert coverage["harwick/pricing/v1.0"]["priceGroups"]["actions"] == ["close"]
        assert self.NAME in coverage["harwick/pricing/v1.0"]


class TestSubscriptions:
    async def test_changes_are_told_by_key(self, client: Client) -> None:
        root = f"/api/harwick/pricing/v1.0/companies({LTD})"
        async with receiving() as receiver:
            body = {"notificationUrl": receiver.url, "resource": f"{root}/priceGroups"}
            made = await client.post(f"{ROUTE}/subscriptions", body)
            assert made.status == 201, made.text
            assert (await client.get(made.headers["Location"])).json["resource"] == body["resource"]
            assert (await client.get(f"{ROUTE}/subscriptions/$count")).text == "1"
            await client.patch(f"{ROOT}/priceGroups('KEY%2FA')", {"discount": 3})
            await client.patch(f"{ROOT}/priceGroups('RETAIL')", {"code": "SHOP"})
            await client.post("items", {"displayName": "Not of this route"})
            await client.send("POST", "/_simulator/webhooks/deliver")
            told = [(one["changeType"], one["resource"]) for one in await receiver.told()]
        assert told == [
            ("updated", f"{root[1:]}/priceGroups('KEY%2FA')"),
            ("deleted", f"{root[1:]}/priceGroups('RETAIL')"),
            ("created", f"{root[1:]}/priceGroups('SHOP')"),
        ]

    @pytest.mark.parametrize(
        ("at", "resource"),
        [
            (ROUTE, f"api/harwick/pricing/v1.0/companies({LTD})/priceLines"),  # a composite key
            (ROUTE, f"api/v2.0/companies({LTD})/items"),
            (ROUTE, f"api/harwick/pricing/v1.0/companies({LTD})/customers"),
            ("/v2.0/Production/api/v2.0", f"api/harwick/pricing/v1.0/companies({LTD})/priceGroups"),
        ],
    )
    async def test_what_can_not_be_subscribed_to(
        self, client: Client, at: str, resource: str
    ) -> None:
        body = {"notificationUrl": "http://127.0.0.1:9/", "resource": resource}
        made = await client.post(f"{at}/subscriptions", body)
        assert (made.status, "does not support notifications" in made.message) == (400, True)

    async def test_what_can_be(self, client: Client) -> None:
        beta = f"/v2.0/Production/api/microsoft/runtime/beta/companies({LTD})"
        found = await client.get(
            f"{beta}/webhookSupportedResources", _filter="resource eq 'harwick*'"
        )
        assert [one["resource"] for one in rows(found)] == [
            "harwick/pricing/v1.0/priceGroups",
            "harwick/pricing/v1.0/items",
        ]


async def test_a_server_outside_the_cloud_has_the_route(seed_file: Path) -> None:
    async with (
        run_simulator(seed_file=seed_file, on_premises=True) as simulator,
        ClientSession() as session,
    ):
        url = f"{simulator.url}/BC/api/harwick/pricing/v1.0/companies({LTD})/priceGroups('RETAIL')"
        headers = {"Authorization": encode_basic_auth(ON_PREMISES_USER, ON_PREMISES_KEY)}
        async with session.get(url, headers=headers) as answer:
            assert (await answer.json())["code"] == "RETAIL"
        async with session.get(url.replace("pricing", "x"), headers=headers) as answer:
            assert answer.status == 404


async def test_the_state_is_kept_with_its_route(tmp_path: Path, seed_file: Path) -> None:
    kept = tmp_path / "state.json"
    for number in (1, 2):
        async with (
            run_simulator(seed_file=seed_file, state_file=kept) as simulator,
            signed_in(simulator) as client,
        ):
            made = await client.post(f"{ROOT}/priceGroups", {"code": f"N{number}"})
            assert made.status == 201
            found = await client.get(f"{ROOT}/priceGroups/$count")
            assert found.text == str(2 + number)
    with pytest.raises(ValueError, match="the seed file declares it no more"):
        async with run_simulator(state_file=kept):
            pass


def declared(**changes: object) -> list[dict[str, Any]]:
    """The routes of the example, with other members in its first entity set."""
    [api] = json.loads(EXAMPLE)["apis"]
    api["entitySets"]["priceGroups"] |= changes
    return [api]


def fields(**changed: object) -> list[dict[str, Any]]:
    """The routes of the example, with other fields in its first entity set."""
    [api] = declared()
    api["entitySets"]["priceGroups"]["fields"] |= changed
    return [api]


def parts(**changed: object) -> list[dict[str, Any]]:
    """The routes of the example, whose one part is described otherwise."""
    link = {"groupCode": "code"}
    return declared(parts={"x": {"entitySet": "priceLines", "subPageLink": link, **changed}})


GROUPS = "apis[0].entitySets.priceGroups"


@pytest.mark.parametrize(
    ("told", "place", "words"),
    [
        ({}, "apis", "a list"),
        ([5], "apis[0]", "an object"),
        ([{"publisher": "a"}], "apis[0]", "missing required field `group`"),
        ([{"publishr": "a"}], "apis[0]", "Did you mean 'publisher'"),
        (declared(feilds={}), GROUPS, "'feilds' is not known here. Did you mean 'fields'"),
        (declared(insertAllowed="no"), f"{GROUPS}.insertAllowed", "Expected `bool`"),
        (declared(key=["cod"]), f"{GROUPS}.key", "Did you mean 'code'"),
        (declared(key=[]), f"{GROUPS}.key", "each once"),
        (declared(key=["code", "code"]), f"{GROUPS}.key", "each once"),
        (declared(unique=["cdoe"]), f"{GROUPS}.unique", "Did you mean 'code'"),
        (declared(autoSplitKey=True), f"{GROUPS}.autoSplitKey", "no Integer"),
        (declared(entityName="price group"), f"{GROUPS}.entityName", "no name of an entity"),
        (declared(entityName="priceLine"), f"{GROUPS}.entityName", "is there twice"),
        (parts(entitySet="priceLine"), f"{GROUPS}.parts.x.entitySet", "'priceLines'"),
        (parts(subPageLink={"group": "code"}), f"{GROUPS}.parts.x.subPageLink", "'groupCode'"),
        (parts(subPageLink={"groupCode": "cod"}), f"{GROUPS}.parts.x.subPageLink", "'code'"),
        (parts(subPageLink={"lineNumber": "code"}), f"{GROUPS}.parts.x.subPageLink", "types"),
        (parts(subPageLink={}), f"{GROUPS}.parts.x.subPageLink", "equals"),
        (parts(multiplicity="One"), f"{GROUPS}.parts.….multiplicity", "Invalid enum value"),
        (declared(actions={"a": {"sets": {"closd": True}}}), f"{GROUPS}.actions.a", "'closed'"),
        (declared(actions={"a": {"sets": {"code": "A"}}}), f"{GROUPS}.actions.a", "a key"),
        (
            declared(actions={"a": {"sets": {"closed": 1}}}),
            f"{GROUPS}.actions.a.sets.closed",
            "1 is",
        ),
        (declared(actions={"a": {"sets": {}, "result": "Gone"}}), f"{GROUPS}.actions.a", "enum"),
        (declared(actions={"1": {"sets": {}}}), f"{GROUPS}.actions.1", "no name of an action"),
        (declared(actions={"a": {"parameters": {"b": "Txt[5]"}}}), f"{GROUPS}.actions.a", "Text"),
        (
            declared(actions={"a": {"parameters": {"b c": "Date"}}}),
            f"{GROUPS}.actions.a",
            "no name",
        ),
        (declared(actions={"a": {"takes": {"closed": "b"}}}), f"{GROUPS}.actions.a", "parameter"),
        (
            declared(actions={"a": {"parameters": {"b": "Date"}, "takes": {"closed": "b"}}}),
            f"{GROUPS}.actions.a.takes.closed",
            "another type",
        ),
        (
            declared(actions={"a": {"parameters": {"b": "Code[20]"}, "takes": {"code": "b"}}}),
            f"{GROUPS}.actions.a",
            "a key",
        ),
        (fields(**{"a b": "Boolean"}), f"{GROUPS}.fields.a b", "no name of a field"),
        (fields(a=5), f"{GROUPS}.fields", "Expected"),
        (fields(a="Bolean"), f"{GROUPS}.fields.a.type", "Did you mean 'Boolean'"),
        (fields(a={"type": "Code[20]", "editabel": True}), f"{GROUPS}.fields.a", "'editable'"),
        (fields(a="Code"), f"{GROUPS}.fields.a.type", "Code[20], Text[100]"),
        (fields(a="Text[0]"), f"{GROUPS}.fields.a.type", "Code[20], Text[100]"),
        (fields(a="Text[2049]"), f"{GROUPS}.fields.a.type", "Code[20], Text[100]"),
        (fields(a="Boolean", A="Boolean"), GROUPS, "'a' and 'A' are one name in AL"),
        (
            declared(actions={"a": {"sets": {}}, "A": {"sets": {}}}),
            f"{GROUPS}.actions",
            "'a' and 'A' are one name in AL",
        ),
        (fields(a="Enum priceGroupKnd"), f"{GROUPS}.fields.a.type", "'priceGroupKind'"),
        (fields(id="Text[20]"), f"{GROUPS}.fields.id.type", "a Guid"),
        (fields(systemCreatedAt="Date"), f"{GROUPS}.fields.systemCreatedAt.type", "a DateTime"),
        (
            fields(a={"type": "Code[20]", "relatesTo": "custmers"}),
            f"{GROUPS}.fields.a.relatesTo",
            "'customers'",
        ),
        (
            fields(a={"type": "Code[20]", "relatesTo": "priceLines"}),
            f"{GROUPS}.fields.a.relatesTo",
            "several fields",
        ),
        (declared() + declared(), "apis[1]", "is declared twice"),
        ([declared()[0] | {"version": "1"}], "apis[0].version", "v1.0 or beta"),
        ([declared()[0] | {"publisher": "microsoft"}], "apis[0].publisher", "not yours"),
        ([declared()[0] | {"group": "a/b"}], "apis[0].group", "letters and digits"),
        (
            [declared()[0] | {"enums": {"priceGroupKind": []}}],
            "apis[0].enums.priceGroupKind",
            "once",
        ),
        (
            [declared()[0] | {"entitySets": {"companies": {"entityName": "c", "fields": {}}}}],
            "apis[0].entitySets.companies",
            "every route",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(told: object, place: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(place)}") as refused:
        read_declared(told)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n "apis": [,]}', "line 2, column 11: this is no JSON"),
        ('{"customers":' + "[" * 100_000, "seed.json: this is nested too deeply"),
        ('{"apis": {}}', "apis: this is a list of routes"),
        ('{"custmers": []}', "Did you mean 'customers'?"),
        ('{"customers": [{"nmber": "1"}]}', "Did you mean 'number'?"),
    ],
)
async def test_a_seed_file_with_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "seed.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(str(path))) as refused:
        async with run_simulator(seed_file=path):
            pass
    assert words in str(refused.value)


def test_two_versions_of_a_route_have_sets_of_the_same_names() -> None:
    names = {one.name for one in read_declared([*declared(), declared()[0] | {"version": "v2.0"}])}
    assert "harwick/pricing/v1.0/priceGroups" in names
    assert "harwick/pricing/v2.0/priceGroups" in names


SHIPPING = {
    "publisher": "contoso",
    "group": "shipping",
    "version": "beta",
    "entitySets": {
        "shipments": {
            "entityName": "shipment",
            "unique": ["number"],
            "fields": {
                "number": "Text[20]",
                "state": "Integer",
                "systemModifiedAt": "DateTime",
                "systemCreatedAt": "DateTime",
            },
            "parts": {
                "lines": {"entitySet": "shipmentLines", "subPageLink": {"shipmentId": "id"}},
                "address": {
                    "entitySet": "addresses",
                    "subPageLink": {"number": "number"},
                    "multiplicity": "ZeroOrOne",
                },
            },
            "actions": {"send": {"sets": {"state": 2}, "result": "Created"}},
        },
        "shipmentLines": {
            "entityName": "shipmentLine",
            "unique": ["shipmentId", "line"],
            "autoSplitKey": True,
            "fields": {"shipmentId": "Guid", "line": "Integer"},
            "parts": {"serials": {"entitySet": "serials", "subPageLink": {"lineId": "id"}}},
        },
        "serials": {"entityName": "serial", "fields": {"lineId": "Guid", "no": "Text[5]"}},
        "addresses": {
            "entityName": "address",
            "key": ["number"],
            "fields": {"number": "Text[20]", "city": "Text[30]"},
        },
        "entries": {
            "entityName": "entry",
            "insertAllowed": False,
            "modifyAllowed": False,
            "key": ["entryNumber"],
            "fields": {"entryNumber": "BigInteger"},
        },
    },
}
BESIDE = {
    "shipments": [{"number": "a"}],
    "addresses": [{"number": "a", "city": "Kiel"}],
    "entries": [{"entryNumber": 7}],
}
SHIPMENTS = f"/v2.0/Production/api/contoso/shipping/beta/companies({LTD})/shipments"


class TestKeysThatAreGuids:
    @pytest.fixture
    def seed_file(self, tmp_path: Path) -> Path:
        path = tmp_path / "shipping.json"
        path.write_text(json.dumps({"apis": [SHIPPING], **BESIDE}))
        return path

    async def test_parts_of_parts_come_and_go_with_their_owner(self, client: Client) -> None:
        line = {"serials": [{"no": "1"}, {"no": "2"}]}
        made = await client.post(SHIPMENTS, {"number": "b", "lines": [line, {}]})
        assert made.json["systemCreatedAt"].startswith("2026-03-02T12:00:00")
        path = made.headers["Location"]
        assert path.endswith(f"shipments({made.json['id']})")
        found = await client.get(path, _expand="lines($expand=serials),address")
        assert [(one["line"], len(one["serials"])) for one in found.json["lines"]] == [
            (10000, 2),
            (20000, 0),
        ]
        assert found.json["address"] is None
        assert (await client.send("DELETE", path)).status == 204
        assert [await client.state(name) for name in ("shipmentLines", "serials")] == [[], []]
        assert len(await client.state("shipments")) == 1

    async def test_a_single_part_is_renamed_with_its_owner(self, client: Client) -> None:
        (one,) = rows(await client.get(SHIPMENTS))
        path = f"{SHIPMENTS}({one['id']})"
        await client.post("/_simulator/clock", {"advance": 60})
        changed = await client.patch(path, {"number": "c"})
        assert changed.json["systemModifiedAt"] > one["systemModifiedAt"]
        assert changed.json["systemCreatedAt"] == one["systemCreatedAt"]
        address = await client.get(f"{path}/address")
        assert (address.json["number"], address.json["city"]) == ("c", "Kiel")
        assert (await client.patch(path, {"id": one["id"]})).status == 400

    async def test_an_action_that_makes_something(self, client: Client) -> None:
        (one,) = rows(await client.get(SHIPMENTS))
        done = await client.send("POST", f"{SHIPMENTS}({one['id']})/Microsoft.NAV.send")
        assert done.status == 201
        assert (await client.get(done.headers["Location"])).json["state"] == 2

    async def test_a_key_of_text_keeps_its_case_and_one_of_a_number_is_bare(
        self, client: Client
    ) -> None:
        root = SHIPMENTS.removesuffix("shipments")
        assert (await client.get(f"{root}addresses('A')")).status == 404
        assert (await client.get(f"{root}addresses('a')")).status == 200
        assert (await client.get(f"{root}entries(7)")).json["entryNumber"] == 7
        assert (await client.get(f"{root}entries('7')")).code == "BadRequest_NotFound"
        assert (await client.post(f"{root}entries", {"entryNumber": 8})).status == 405
        assert (await client.patch(f"{root}entries(7)", {"entryNumber": 8})).status == 405

    async def test_a_batch_takes_everything_back(self, client: Client) -> None:
        before = (await client.get("/_simulator/hash")).json
        company = f"companies({LTD})"
        parts = [
            {
                "id": "1",
                "method": "POST",
                "url": f"{company}/addresses",
                "headers": {"Content-Type": "application/json"},
                "body": {"number": "z"},
            },
            {"id": "2", "method": "GET", "url": f"{company}/addresses('none')"},
        ]
        url = SHIPMENTS.partition("/companies")[0] + "/$batch"
        headers = {"Accept": "application/json", "Isolation": "snapshot"}
        done = await client.send("POST", url, {"requests": parts}, headers)
        assert [one["status"] for one in done.json["responses"]] == [201, 404]
        assert len(await client.state("addresses")) == 1
        await client.post("/_simulator/reset", {})
        assert (await client.get("/_simulator/hash")).json == before
