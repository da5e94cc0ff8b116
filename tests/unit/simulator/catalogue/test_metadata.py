from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from gateway.simulator import run_simulator
from gateway.simulator.catalogue.entities import load_catalogue
from gateway.simulator.catalogue.metadata import metadata
from tests.unit.simulator.client import Client, signed_in

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
RELEASES = ("17.0", "17.3", "17.4", "19.0", "22.1", "25.0", "26.0", "28.0", "29.0")


def named(root: ET.Element, *kinds: str) -> list[str]:
    return [one.attrib["Name"] for kind in kinds for one in root.iter(f"{EDM}{kind}")]


def parsed(document: bytes | str) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314 - the simulator's own


def bare(kind: str) -> str:
    return re.sub(r"^Collection\((.*)\)$", r"\1", kind)


@pytest.mark.parametrize("release", RELEASES)
def test_every_name_is_one_and_every_type_is_there(release: str) -> None:
    root = parsed(metadata(load_catalogue(release)))
    names = Counter(named(root, "EntityType", "ComplexType", "EnumType"))
    assert set(names.values()) == {1}
    known = {f"Microsoft.NAV.{name}" for name in names}
    for kind in ("Property", "NavigationProperty", "Parameter"):
        for one in root.iter(f"{EDM}{kind}"):
            used = bare(one.attrib["Type"])
            assert used.startswith("Edm.") or used in known, used
    for entity in root.iter(f"{EDM}EntityType"):
        members = Counter(named(entity, "Property", "NavigationProperty"))
        assert set(members.values()) == {1}, entity.attrib["Name"]
        assert {ref.attrib["Name"] for ref in entity.iter(f"{EDM}PropertyRef")} <= set(members)


@pytest.mark.parametrize("release", RELEASES)
def test_the_container_has_every_set_and_partners_point_at_each_other(release: str) -> None:
    catalogue = load_catalogue(release)
    root = parsed(metadata(catalogue))
    sets = {one.attrib["Name"]: one for one in root.iter(f"{EDM}EntitySet")}
    assert set(sets) == set(catalogue.sets)
    types = {f"Microsoft.NAV.{one.attrib['Name']}": one for one in root.iter(f"{EDM}EntityType")}
    for name, one in types.items():
        for way in one.iter(f"{EDM}NavigationProperty"):
            partner = way.attrib.get("Partner")
            if partner is None:
                continue
            back = next(
                other
                for other in types[bare(way.attrib["Type"])].iter(f"{EDM}NavigationProperty")
                if other.attrib["Name"] == partner
            )
            assert bare(back.attrib["Type"]) == name
            assert back.attrib.get("Partner") == way.attrib["Name"]
    for one in root.iter(f"{EDM}NavigationPropertyBinding"):
        assert one.attrib["Target"] in sets


def test_what_an_entity_says_of_itself() -> None:
    root = parsed(metadata(load_catalogue("26.0")))
    order = next(one for one in root.iter(f"{EDM}EntityType") if one.attrib["Name"] == "salesOrder")
    properties = {one.attrib["Name"]: one.attrib for one in order.iter(f"{EDM}Property")}
    assert properties["id"]["Nullable"] == "false"
    assert properties["externalDocumentNumber"]["MaxLength"] == "35"
    assert properties["totalAmountIncludingTax"]["Scale"] == "Variable"
    ways = {one.attrib["Name"]: one.attrib for one in order.iter(f"{EDM}NavigationProperty")}
    assert ways["salesOrderLines"]["Type"] == "Collection(Microsoft.NAV.salesOrderLine)"
    assert ways["salesOrderLines"]["ContainsTarget"] == "true"
    assert "ContainsTarget" not in ways["customer"]
    actions = [
        (one.attrib["Name"], parameter.attrib["Type"])
        for one in root.iter(f"{EDM}Action")
        for parameter in one
    ]
    assert ("shipAndInvoice", "Microsoft.NAV.salesOrder") in actions
    assert "pdfDocument" not in ways, "it came with 27.0"


async def test_it_is_served_beside_the_service_document(client: Client) -> None:
    reply = await client.send("GET", f"{client.root}/$metadata")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/xml")
    root = parsed(reply.text)
    service = await client.send("GET", client.root)
    listed = {one["name"] for one in service.json["value"]}
    assert {one.attrib["Name"] for one in root.iter(f"{EDM}EntitySet")} == listed
    assert (await client.send("POST", f"{client.root}/$metadata", {})).status == 405


async def test_captions_and_routes(client: Client) -> None:
    captions = await client.send("GET", f"{client.root}/entityDefinitions('customer')")
    assert captions.json["entitySetName"] == "customers"
    assert captions.json["entityCaptions"] == [{"languageCode": 1033, "caption": "Customer"}]
    assert {
        "name": "_x0020_",
        "value": 2,
        "captions": [{"languageCode": 1033, "caption": " "}],
    } in (captions.json["enumMembers"])
    listed = await client.send("GET", f"{client.root}/entityDefinitions?$select=entityName&$top=2")
    assert len(listed.json["value"]) == 2
    for option in ("$orderby=properties", "$filter=properties eq 'x'"):
        unordered = await client.send("GET", f"{client.root}/entityDefinitions?{option}")
        assert unordered.code == "BadRequest_MethodNotImplemented"
    routes = await client.send("GET", f"{client.root}/apicategoryroutes")
    assert routes.json["value"][0]["version"] == "v2.0"
    assert (await client.send("GET", f"{client.root}/apicategoryroutes('nothing')")).status == 404


async def test_an_older_release_shows_what_it_had() -> None:
    async with run_simulator(release="18.0") as running, signed_in(running) as client:
        assert (await client.get("documentAttachments")).status == 404
        item = await client.one("items", "number", "1896-S")
        assert "displayName2" not in item
        assert (await client.patch(f"items({item['id']})", {"displayName2": "x"})).status == 400
        order = await client.post("salesOrders", {"customerNumber": "10000"})
        assert "shortcutDimension1Code" not in order.json
        line = await client.post(
            f"salesOrders({order.json['id']})/salesOrderLines",
            {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 1},
        )
        assert line.status == 201


async def test_a_release_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"There is no release 30\.0: .* 17\.0 to 29\.0"):
        async with run_simulator(release="30.0"):
            pass
