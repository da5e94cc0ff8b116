"""The OpenAPI document and the page made from it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from gateway.api.application import public_application
from gateway.api.calls import own_codes
from gateway.api.openapi import describe
from gateway.config import Config, Entra, Public
from gateway.snapshot import Snapshot
from gateway.validation import Validator

URL = "http://127.0.0.1:8080"
NOT_DESCRIBED = ("/", "/docs", "/connect", "/oauth")


@pytest.fixture(scope="module")
def description(snapshot: Snapshot) -> dict[str, Any]:
    return describe(snapshot, URL)


def schema(description: dict[str, Any], name: str) -> dict[str, Any]:
    """A component that can be validated with by itself."""
    return {"$ref": f"#/components/schemas/{name}", "components": description["components"]}


def test_every_route_is_described_and_every_description_is_a_route(
    snapshot: Snapshot, description: dict[str, Any]
) -> None:
    config = Config(Entra("client", ("secret",)), (b"k" * 32,), Public("127.0.0.1", 8080, URL))
    app = public_application(config, snapshot)
    described = {
        (method.upper(), path)
        for path, methods in description["paths"].items()
        for method in methods
    }
    routes = set()
    for route in app.router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if route.method == "HEAD" or path == "/" or path.startswith(NOT_DESCRIBED[1:]):
            continue
        for resource in sorted(snapshot.resources) if "{resource}" in path else [""]:
            routes.add((route.method, path.replace("{resource}", resource)))
    assert described == routes


def test_references_lead_somewhere(description: dict[str, Any]) -> None:
    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for child in value.values() for found in references(child)]
        if isinstance(value, list):
            return [found for child in value for found in references(child)]
        return []

    found = references(description)
    assert found
    for reference in found:
        target: Any = description
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_every_schema_is_one_and_its_examples_fit(description: dict[str, Any]) -> None:
    for name, component in description["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(component)
        for example in component.get("examples", []):
            assert Validator(schema(description, name)).violations(example) == [], name


def test_operation_ids_are_unique(description: dict[str, Any]) -> None:
    ids = [
        described["operationId"]
        for methods in description["paths"].values()
        for described in methods.values()
    ]
    assert len(ids) == len(set(ids))


def test_input_and_answer_are_two_sides_of_one_schema(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    sent, answered = schemas["SalesOrderInput"], schemas["SalesOrder"]
    assert "number" not in sent["properties"]
    assert "number" in answered["required"]
    assert "sku" in sent["properties"]["lines"]["items"]["properties"]
    assert "sku" not in answered["properties"]["lines"]["items"]["properties"]
    assert "lines" not in schemas["SalesOrderRow"]["properties"]
    assert "lines" not in schemas["SalesOrderRow"]["required"]


def test_the_codes_of_a_mapping_are_told(description: dict[str, Any]) -> None:
    path = description["paths"]["/v1/connections/{connection}/sales-orders"]
    assert "unmatched_item" in path["post"]["responses"]["422"]["x-codes"]
    names = [parameter["name"] for parameter in path["get"]["parameters"]]
    assert names[:3] == ["connection", "limit", "cursor"]
    assert "external_reference" in names


def test_what_needs_no_key_says_so(description: dict[str, Any]) -> None:
    assert description["paths"]["/health/live"]["get"]["security"] == []
    assert "security" not in description["paths"]["/v1/resources"]["get"]


def test_the_closed_list_of_codes() -> None:
    codes = [code.code for code in own_codes()]
    assert len(codes) == len(set(codes))
    assert {"unauthenticated", "outcome_unknown", "internal_error"} <= set(codes)
    assert not {"rejected", "bad_request", "cannot_start", "invalid_files"} & set(codes)
