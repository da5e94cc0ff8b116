"""The OpenAPI document and the page made from it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import jsonschema
import pytest

from gateway.api.application import public_application
from gateway.api.calls import own_codes
from gateway.api.openapi import describe
from gateway.config import Config, Entra, Public
from gateway.snapshot import Current, Snapshot
from gateway.validation import Validator

URL = "http://127.0.0.1:8080"
NOT_DESCRIBED = ("/", "/docs", "/connect", "/oauth")


@pytest.fixture(scope="module")
def description(snapshot: Snapshot) -> dict[str, Any]:
    return describe(snapshot, URL)


def schema(description: dict[str, Any], name: str) -> dict[str, Any]:
    """A component that can be validated with by itself."""
    return {"$ref": f"#/components/schemas/{name}", "components": description["components"]}


VERBS = {
    ("GET", False): "list",
    ("POST", False): "create",
    ("GET", True): "read",
    ("PUT", True): "upsert",
    ("PATCH", True): "update",
    ("DELETE", True): "delete",
}


def test_every_route_is_described_and_every_description_is_a_route(
    snapshot: Snapshot, description: dict[str, Any]
) -> None:
    config = Config(Entra("client", ("secret",)), (b"k" * 32,), Public("127.0.0.1", 8080, URL))
    app = public_application(config, Current(snapshot))
    described = {
        (method.upper(), path)
        for path, methods in description["paths"].items()
        for method in methods
    }
    routes = set()
    for route in app.router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if route.method in {"HEAD", "*"} or path == "/" or path.startswith(NOT_DESCRIBED[1:]):
            continue
        if "{resource}" not in path:
            routes.add((route.method, path))
            continue
        if path.endswith("{action}"):
            routes |= {
                (route.method, path.replace("{resource}", name).replace("{action}", action))
                for name, plans in snapshot.resources.items()
                for action in plans.actions
            }
            continue
        verb = VERBS[route.method, path.endswith("}") and not path.endswith("{resource}")]
        routes |= {
            (route.method, path.replace("{resource}", name))
            for name, plans in snapshot.resources.items()
            if verb in plans.verbs
        }
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


def calls(description: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for methods in description["paths"].values() for call in methods.values()]


def test_the_document_is_openapi_3_1(description: dict[str, Any]) -> None:
    # It takes half a second to load, so only the process that runs this test does.
    schemathesis = import_module("schemathesis")
    schemathesis.openapi.from_dict(description, config=schemathesis.Config()).validate()


def test_every_answer_is_told_with_its_headers(description: dict[str, Any]) -> None:
    for call in calls(description):
        assert {"400", "500"} <= call["responses"].keys(), call["operationId"]
        for status, response in call["responses"].items():
            assert len(response["description"]) > 5
            assert "Request-Id" in response["headers"]
            assert ("Location" in response["headers"]) is (status in {"201", "202"})
            assert ("WWW-Authenticate" in response["headers"]) is (status == "401")


def test_parameters_are_described_and_their_examples_fit(description: dict[str, Any]) -> None:
    for call in calls(description):
        codes = call["responses"]["400"]["x-codes"]
        places = {parameter["in"] for parameter in call["parameters"]}
        assert ("invalid_query" in codes) is bool(places & {"query", "header"}), call["operationId"]
        for parameter in call["parameters"]:
            assert parameter["description"].endswith(".")
            if "example" in parameter:
                jsonschema.validate(parameter["example"], parameter["schema"])


@pytest.mark.parametrize(
    ("call", "status", "names"),
    [
        ("create_sales_orders", "201", {"Location", "ETag", "Idempotency-Replayed", "Warnings"}),
        ("create_sales_orders", "202", {"Location", "Operation-Id"}),
        ("update_customers", "200", {"ETag", "Operation-Id"}),
        ("read_customers", "200", {"ETag"}),
        ("read_customers", "503", {"Retry-After"}),
        ("match_items", "202", {"Location", "Retry-After"}),
    ],
)
def test_headers_of_answers(
    description: dict[str, Any], call: str, status: str, names: set[str]
) -> None:
    (found,) = [one for one in calls(description) if one["operationId"] == call]
    assert names <= found["responses"][status]["headers"].keys()


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
