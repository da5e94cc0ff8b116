"""What people and programs send is taken or refused, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.entra.accounts import Accounts
from gateway.simulator.entra.signin import (
    RESOURCE,
    Refresh,
    Session,
    SignIns,
    check_redirect,
    check_scopes,
)
from gateway.simulator.errors import EntraError

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PIECES = st.lists(
    st.sampled_from(["http", "https", "://", "localhost", "127.0.0.1", "[::1]", "[", "]", "@", "/"])
    | st.text(max_size=5)
).map("".join)
SCOPES = st.lists(
    st.sampled_from(["openid", f"{RESOURCE}/.default", f"{RESOURCE}/x", RESOURCE, "https://a/b"])
    | st.text(max_size=5)
).map(" ".join)


@given(PIECES)
def test_only_a_redirect_on_loopback_is_taken(uri: str) -> None:
    with suppress(EntraError):
        check_redirect(uri)
        host = urlsplit(uri).hostname or ""
        assert host == "localhost" or ip_address(host).is_loopback
        assert "\n" not in uri


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost/#",
        "http://localhost/#at",
        "http://localhost#",
        "http://localhost/\\",
        "http://localhost\\@evil.example/",
        "http://user:secret@localhost/",
        "http://user@localhost/",
        "http://@localhost/",
        "http://localhost:99999/",
        "http://localhost:0/",
        "http://localhost:x/",
        " http://localhost/",
        "http://localhost/ x",
        "http://localhost/\t",
        "http://localhost/\u2028",
        "http:localhost",
        "http:///localhost",
        "//localhost/",
        "ftp://localhost/",
        "javascript://localhost/%0aalert(1)",
        "data:text/html,localhost",
        "http://localhost.evil.example/",
        "http://0x7f.1/",
        "http://[::1%25eth0]/",
        "http://localhost%2eevil.example/",
        "http://localhost\uff0fevil.example/",
    ],
)
def test_a_redirect_that_leads_elsewhere_is_refused(uri: str) -> None:
    with pytest.raises(EntraError) as caught:
        check_redirect(uri)
    assert caught.value.number == 50011


@pytest.mark.parametrize(
    "uri",
    ["http://localhost", "HTTP://LOCALHOST:8080/a?b=c", "https://127.0.0.1:1/", "http://[::1]:2/x"],
)
def test_a_redirect_on_this_machine_is_taken(uri: str) -> None:
    check_redirect(uri)


@given(SCOPES)
def test_scopes_are_of_business_central_or_ones_own(scope: str) -> None:
    with suppress(EntraError):
        known = {"openid", "profile", "email", "offline_access", f"{RESOURCE}/.default"}
        assert set(check_scopes(scope)) <= known


def test_what_has_expired_or_is_too_much_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.simulator.entra.signin._MOST", 3)
    signins, (user, *_) = SignIns(), Accounts()
    for hours in range(5):
        signins.refreshes[str(hours)] = Refresh("", user, (), NOW + timedelta(hours=hours))
        signins.sessions[str(hours)] = Session(user, NOW + timedelta(hours=hours))
    signins.forget(NOW)
    assert list(signins.refreshes) == list(signins.sessions) == ["3", "4"]  # and room for one
    signins.forget(NOW + timedelta(hours=27))
    assert list(signins.sessions) == ["4"]
    assert signins.user_of_session("4", NOW + timedelta(hours=3)) == user
    assert signins.user_of_session("4", NOW + timedelta(hours=4)) is None
