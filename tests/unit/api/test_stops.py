"""Every error has a page that can be read, and a way on wherever there is one."""

from __future__ import annotations

import pytest

from gateway.api.stops import Stop, status_of, stop_of
from gateway.errors import (
    AddressExpired,
    BusinessCentralRefused,
    BusinessCentralUnavailable,
    Conflict,
    ConnectionNeedsConsent,
    ConnectionUnauthorized,
    Fault,
    Forbidden,
    GatewayError,
    NotFound,
    SignInFailed,
    StorageUnavailable,
)


@pytest.mark.parametrize(
    ("error", "heading", "onward"),
    [
        (AddressExpired(), "This address has expired", None),
        (NotFound(), "This address does not work", None),
        (Conflict(), "This address was used already", None),
        (Forbidden("Allow cookies."), "Please try that again", "begin"),
        (ConnectionNeedsConsent(), "Sign in once more", "begin"),
        (SignInFailed(), "Not connected yet", "begin"),
        (BusinessCentralRefused(), "Not connected yet", "begin"),
        (
            BusinessCentralUnavailable(),
            "Business Central cannot be reached at the moment",
            "show",
        ),
        (StorageUnavailable(), "This cannot go on at the moment", "show"),
    ],
)
def test_each_error_has_its_heading_and_its_way_on(
    error: GatewayError, heading: str, onward: str | None
) -> None:
    stop = stop_of(error)
    assert (stop.heading, stop.detail, stop.onward) == (heading, error.detail, onward)


def test_what_waiting_helps_says_so() -> None:
    assert "Wait a minute" in stop_of(BusinessCentralUnavailable()).advice[0]
    assert stop_of(SignInFailed()).advice == ()


def refused(status: int) -> Stop:
    return stop_of(ConnectionUnauthorized(fault=Fault(status, "some_code", "Some text.")))


def test_a_user_without_access_learns_who_can_give_it() -> None:
    whole, one_thing = refused(401), refused(403)
    assert whole.heading == "This account cannot use Business Central"
    assert "licence" in whole.advice[1]
    assert one_thing.heading == "A permission is missing"
    assert "permission" in one_thing.advice[1]
    for stop in (whole, one_thing):
        assert (stop.onward, stop.button) == ("begin", "Sign in with another account")


def test_a_refusal_is_no_fault_of_the_server() -> None:
    assert status_of(SignInFailed()) == 400
    assert status_of(NotFound()) == 404
