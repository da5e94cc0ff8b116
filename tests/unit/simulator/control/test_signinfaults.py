"""Sign-in faults that make no sense are not armed, and strike only where they belong."""

from __future__ import annotations

import pytest

from gateway.simulator.control.faults import Faults
from gateway.simulator.errors import ControlError
from tests.unit.simulator.client import Client, authorize_request


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"kind": "token_error", "number": 4711}, "not in the simulator's table"),
        ({"kind": "authorize_error", "number": 4711}, "not in the simulator's table"),
        ({"kind": "authorize_error"}, "needs number"),
        ({"kind": "clock_skew"}, "needs seconds"),
        ({"kind": "clock_skew", "seconds": 10**9}, "'seconds' is a whole number between"),
        ({"kind": "wrong_tenant", "tenant": 1}, "'tenant' is a text"),
    ],
)
def test_nonsense_is_not_armed(wish: dict[str, object], text: str) -> None:
    with pytest.raises(ControlError, match=text):
        Faults().arm(wish)


@pytest.mark.parametrize(("error", "status"), [("invalid_client", 401), ("made_up", 400)])
async def test_a_number_of_ones_own_needs_its_error(
    client: Client, error: str, status: int
) -> None:
    await client.arm("token_error", number=4711, error=error)
    reply = await client.form("/common/oauth2/v2.0/token", {})
    assert (reply.status, reply.json["error"]) == (status, error)
    assert reply.json["error_codes"] == [4711]


async def test_the_error_of_the_table_can_be_replaced(client: Client) -> None:
    await client.arm("token_error", number=50076, error="invalid_grant")
    body = (await client.form("/common/oauth2/v2.0/token", {})).json
    assert (body["error"], body["suberror"]) == ("invalid_grant", "basic_action")


async def test_faults_of_pages_and_of_tokens_wait_for_their_own(client: Client) -> None:
    await client.arm("authorize_error", number=50105)
    await client.arm("token_error", number=90033)
    page = "/common/oauth2/v2.0/authorize"
    assert (await client.form("/common/oauth2/v2.0/token", {})).json["error_codes"] == [90033]
    reply = await client.send("GET", page, None, None, **authorize_request())
    assert "AADSTS50105" in reply.headers["Location"]
