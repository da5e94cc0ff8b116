"""What people and programs send is taken or refused, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.entra.signin import RESOURCE, check_redirect, check_scopes
from gateway.simulator.errors import EntraError

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


@given(SCOPES)
def test_scopes_are_of_business_central_or_ones_own(scope: str) -> None:
    with suppress(EntraError):
        known = {"openid", "profile", "email", "offline_access", f"{RESOURCE}/.default"}
        assert set(check_scopes(scope)) <= known
