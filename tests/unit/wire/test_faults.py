from __future__ import annotations

import json

import pytest

from gateway.errors import Fault
from gateway.wire import Failure, classify, read_fault

CORRELATION = "7e4f0c0a-1111-4222-8333-444455556666"


def body(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def test_a_fault_is_read_without_its_correlation_id() -> None:
    message = f"The field must not be blank.  CorrelationId:  {CORRELATION.upper()}."
    fault = read_fault(400, {}, body("BadRequest_RequiredParamNotProvided", message))
    assert fault == Fault(
        400,
        "BadRequest_RequiredParamNotProvided",
        "The field must not be blank.",
        CORRELATION,
    )


def test_a_correlation_id_may_stand_in_a_header() -> None:
    fault = read_fault(500, {"MS-Correlation-X": CORRELATION}, body("Unknown", "Sorry."))
    assert fault.correlation_id == CORRELATION
    assert read_fault(500, {}, body("Unknown", "Sorry.")).correlation_id is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>Bad gateway, Robin Hale</html>",
        b'{"error":{"code":"x"',
        b"[]",
        b'{"error":"x"}',
        b'{"error":{"code":1,"message":null}}',
        b'{"error":{"code":"Philomena Quill, 7 Canal Wharf","message":null}}',
        b"\xff",
    ],
)
def test_what_is_not_business_centrals_says_nothing(data: bytes) -> None:
    assert read_fault(502, {}, data) == Fault(502, "", "")


@pytest.mark.parametrize(
    ("method", "status", "code", "failure"),
    [
        ("POST", 429, "Unknown", Failure.RETRY_LATER),
        ("GET", 429, "", Failure.RETRY_LATER),
        ("GET", 503, "", Failure.RETRY_LATER),
        ("GET", 502, "", Failure.RETRY_LATER),
        ("GET", 504, "", Failure.RETRY_LATER),
        ("GET", 408, "", Failure.RETRY_LATER),
        ("GET", 500, "", Failure.RETRY_LATER),
        ("GET", 500, "Internal_TenantUnavailable", Failure.RETRY_LATER),
        ("GET", 500, "Internal_ServerError", Failure.REFUSED),
        ("POST", 408, "", Failure.UNKNOWN_OUTCOME),
        ("POST", 502, "", Failure.UNKNOWN_OUTCOME),
        ("PATCH", 503, "Internal_TenantUnavailable", Failure.UNKNOWN_OUTCOME),
        ("DELETE", 504, "", Failure.UNKNOWN_OUTCOME),
        ("POST", 500, "Internal_ServerError", Failure.UNKNOWN_OUTCOME),
        ("POST", 520, "", Failure.UNKNOWN_OUTCOME),
        ("POST", 201, "", Failure.UNKNOWN_OUTCOME),
        ("POST", 302, "", Failure.UNKNOWN_OUTCOME),
        ("GET", 200, "", Failure.UNREADABLE),
        ("PATCH", 409, "Request_EntityChanged", Failure.CHANGED),
        ("PATCH", 412, "", Failure.CHANGED),
        ("POST", 409, "Internal_ServerError", Failure.LOCKED),
        ("POST", 409, "Internal_EntityWithSameKeyExists", Failure.ALREADY_EXISTS),
        ("POST", 400, "Internal_EntityWithSameKeyExists", Failure.ALREADY_EXISTS),
        ("PATCH", 400, "BadRequest_InvalidToken", Failure.ETAG_MISSING),
        ("GET", 401, "Authentication_InvalidCredentials", Failure.UNAUTHORIZED),
        ("POST", 401, "", Failure.UNAUTHORIZED),
        ("POST", 403, "Internal_ServerError", Failure.UNAUTHORIZED),
        ("GET", 404, "Internal_RecordNotFound", Failure.GONE),
        ("GET", 410, "", Failure.GONE),
        ("GET", 404, "BadRequest_ResourceNotFound", Failure.REFUSED),
        ("POST", 400, "Application_DialogException", Failure.REFUSED),
        ("POST", 400, "Internal_InvalidTableRelation", Failure.REFUSED),
        ("POST", 413, "", Failure.REFUSED),
        ("GET", 501, "BadRequest_MethodNotImplemented", Failure.REFUSED),
        ("POST", 501, "BadRequest_MethodNotImplemented", Failure.REFUSED),
    ],
)
def test_status_first_then_code(method: str, status: int, code: str, failure: Failure) -> None:
    assert classify(method, Fault(status, code, "any text")) is failure


@pytest.mark.parametrize("status", range(400, 600))
def test_a_write_whose_outcome_is_not_sure_is_never_called_refused(status: int) -> None:
    # A 409 without words of Business Central's own is no proof that nothing was written.
    unsure = {408, 409, *range(500, 600)} - {501}
    assert (classify("POST", Fault(status, "", "")) is Failure.UNKNOWN_OUTCOME) == (
        status in unsure
    )
