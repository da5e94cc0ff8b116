"""The boundary: every error becomes one body, and none of them shows a value."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from gateway.api.keys import CONFIG
from gateway.api.problems import boundary
from gateway.config import Config, Entra, Public
from gateway.errors import (
    BusinessCentralRefused,
    Fault,
    GatewayError,
    InvalidInput,
    OutcomeUnknown,
    Place,
    RateLimited,
    Rejected,
    Unauthenticated,
    Violation,
)

Ask = Callable[..., Awaitable[tuple[ClientResponse, dict[str, Any]]]]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Answers a request by raising what `ask(error)` gives it."""
    raised: list[BaseException] = []

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        raise raised.pop()

    app = web.Application(middlewares=[boundary], client_max_size=100)
    app[CONFIG] = Config(
        Entra("client", ("secret",)),
        (b"k" * 32,),
        Public("127.0.0.1", 8080, "https://gateway.example"),
        most_body_bytes=100,
    )
    app.router.add_post("/thing/{name}", handler)
    async with TestClient(TestServer(app)) as client:

        async def send(
            error: BaseException | None = None,
            *,
            method: str = "POST",
            path: str = "/thing/Ada",
            data: bytes | None = None,
            headers: dict[str, str] | None = None,
            compress: str | None = None,
        ) -> tuple[ClientResponse, dict[str, Any]]:
            raised[:] = [error] if error is not None else []
            async with client.request(
                method, path, data=data, headers=headers, compress=compress
            ) as response:
                return response, json.loads(await response.read() or b"null")

        yield send


async def test_an_error_becomes_a_problem(ask: Ask) -> None:
    error = InvalidInput(
        "The document does not fit.",
        violations=[
            Violation(
                "maxLength",
                "This text is longer than 20 characters.",
                pointer="/lines/0/sku",
                target="salesOrderLines[0].lineObjectNumber",
                place=Place("mappings/sales-orders.yaml", 41, 25),
                hint="Shorten it.",
            )
        ],
    )
    response, body = await ask(error, headers={"Request-Id": "deal-17"})
    assert response.status == 422
    assert response.content_type == "application/problem+json"
    assert response.headers["Request-Id"] == "deal-17"
    assert body == {
        "type": "https://gateway.example/docs#invalid_input",
        "title": "Invalid input",
        "status": 422,
        "detail": "The document does not fit.",
        "code": "invalid_input",
        "request_id": "deal-17",
        "retryable": False,
        "errors": [
            {
                "rule": "maxLength",
                "pointer": "/lines/0/sku",
                "target": "salesOrderLines[0].lineObjectNumber",
                "mapping": {"file": "mappings/sales-orders.yaml", "line": 41, "column": 25},
                "detail": "This text is longer than 20 characters.",
                "hint": "Shorten it.",
            }
        ],
    }


async def test_a_rejection_carries_the_code_of_its_mapping(ask: Ask) -> None:
    _, body = await ask(Rejected("no_stock", "There is no stock", remedy="Order some"))
    assert (body["code"], body["title"]) == ("no_stock", "There is no stock")
    assert body["type"] == "https://gateway.example/docs#no_stock"
    assert body["detail"] == "There is no stock. Order some."


async def test_what_business_central_said_is_told(ask: Ask) -> None:
    fault = Fault(400, "Application_DialogException", "The customer is blocked.", "abc")
    _, body = await ask(BusinessCentralRefused(fault=fault))
    assert body["business_central"] == {
        "status": 400,
        "code": "Application_DialogException",
        "message": "The customer is blocked.",
        "correlation_id": "abc",
    }


async def test_waiting_is_told_in_whole_seconds(ask: Ask) -> None:
    response, body = await ask(RateLimited(retry_after=2.2))
    assert (response.status, response.headers["Retry-After"]) == (503, "3")
    assert body["retryable"] is True


async def test_the_operation_is_named(ask: Ask) -> None:
    response, body = await ask(OutcomeUnknown(operation="op_1"))
    assert (response.headers["Operation-Id"], body["operation"]) == ("op_1", "op_1")


async def test_401_says_how(ask: Ask) -> None:
    response, _ = await ask(Unauthenticated())
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_an_unexpected_error_shows_and_logs_no_value(ask: Ask) -> None:
    with capture_logs() as logs:
        response, body = await ask(KeyError("ada@harwick.example"))
    assert (response.status, body["code"]) == (500, "internal_error")
    entry = next(entry for entry in logs if entry["event"] == "unexpected_error")
    assert entry["error"] == "KeyError"
    assert entry["at"][-1].startswith("test_problems.py:")
    assert "ada@" not in json.dumps([body, *logs], default=str)


async def test_the_log_names_the_route_and_not_the_path(ask: Ask) -> None:
    with capture_logs() as logs:
        await ask(GatewayError())
    entry = next(entry for entry in logs if entry["event"] == "request")
    assert (entry["method"], entry["route"], entry["status"]) == ("POST", "/thing/{name}", 500)
    assert "Ada" not in json.dumps(logs, default=str)


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "líne"])
async def test_a_request_id_that_is_none_is_replaced(ask: Ask, given: str) -> None:
    response, _ = await ask(GatewayError(), headers={"Request-Id": given})
    assert response.headers["Request-Id"].startswith("req_")


async def test_nothing_there(ask: Ask) -> None:
    response, body = await ask(path="/elsewhere")
    assert (response.status, body["code"]) == (404, "not_found")
    assert "https://gateway.example/docs" in body["detail"]
    assert "slash" not in body["detail"]
    _, body = await ask(path="/thing/Ada/")
    assert body["detail"].startswith("There is nothing at this address, as it ends in a slash.")


async def test_a_method_that_is_not_taken(ask: Ask) -> None:
    response, body = await ask(method="DELETE")
    assert (response.status, body["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"
    assert "DELETE" in body["detail"]
    assert "POST" in body["detail"]


async def test_a_body_that_is_too_large(ask: Ask) -> None:
    response, body = await ask(data=b"x" * 101)
    assert (response.status, body["code"]) == (413, "too_large")
    assert "100 bytes" in body["detail"]


async def test_a_body_that_is_too_large_once_unpacked(ask: Ask) -> None:
    response, body = await ask(data=b"x" * 5000, compress="deflate")
    assert (response.status, body["code"]) == (413, "too_large")


async def test_a_body_that_is_not_what_its_encoding_says(ask: Ask) -> None:
    response, body = await ask(data=b"not packed at all", headers={"Content-Encoding": "gzip"})
    assert (response.status, body["code"]) == (400, "invalid_json")
