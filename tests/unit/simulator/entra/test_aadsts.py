"""The table holds every number of the facts, and each is told in Microsoft's shape."""

from __future__ import annotations

import json
import re

import pytest

from gateway.simulator.entra.aadsts import REFUSALS
from tests.unit.simulator.client import Client, accept, sign_in, token_request

# bc/api.md §2, row by row, with the OAuth error that a client branches on.
FACTS = {
    "invalid_grant": (
        "700082 70008 70043 700084 50173 50132 50133 50089 53000 53001 53002 53003 53004 530032 "
        "50131 65001 90094 90095 50020 90072 50034 51004 50014 50057 50105 54005 700005 50196"
    ),
    "interaction_required": "50076 50078 50079 50072 50074 50158 50097 16000",
    "access_denied": "65004",
    "invalid_client": "650052 650056 7000215 70002 7000222 7000218",
    "invalid_resource": "500011 650057 65005",
    "unauthorized_client": "700016 70001 7000112 90099 7000229",
    "invalid_request": "50011 70004 900971 90002 50059 50194 9001023 90124",
    "invalid_scope": "70011 700022",
    "temporarily_unavailable": "90033 90006 90090 90024 90012 90055",
    "server_error": "50033",
}
CASES = [(int(number), error) for error, row in FACTS.items() for number in row.split()]
STATUS = {"invalid_client": 401, "temporarily_unavailable": 503, "server_error": 500}
DESCRIPTION = re.compile(
    r"AADSTS(\d+): \S.* Trace ID: ([0-9a-f-]{36}) Correlation ID: ([0-9a-f-]{36}) "
    r"Timestamp: (2026-03-02 12:00:00Z)"
)
PATH = "/organizations/oauth2/v2.0/token"


@pytest.mark.parametrize(("number", "error"), CASES)
async def test_every_number_of_the_facts_is_told_as_microsoft_tells_it(
    client: Client, number: int, error: str
) -> None:
    await client.arm("token_error", number=number)
    reply = await client.form(PATH, {"grant_type": "refresh_token"})
    body = reply.json
    assert (reply.status, body["error"]) == (
        429 if number == 90055 else STATUS.get(error, 400),
        error,
    )
    assert body["error_codes"] == [number]
    told = DESCRIPTION.fullmatch(body["error_description"])
    assert told is not None
    assert told.groups() == (
        str(number),
        body["trace_id"],
        body["correlation_id"],
        body["timestamp"],
    )
    assert body["error_uri"].endswith(f"/error?code={number}")
    if "claims" in body:
        assert json.loads(body["claims"])["access_token"]["capolids"]["essential"] is True


@pytest.mark.parametrize("number", [50076, 50079, 53003])
async def test_a_challenge_carries_claims(client: Client, number: int) -> None:
    await client.arm("token_error", number=number)
    body = (await client.form(PATH, {})).json
    assert {"claims", "suberror"} <= set(body)
    await client.arm("token_error", number=700082)
    assert "claims" not in (await client.form(PATH, {})).json


async def test_the_callers_request_id_is_the_correlation_id(client: Client) -> None:
    mine = "c5b1e1d4-5c7e-4d0a-9f6b-0a1b2c3d4e5f"
    body = (await client.form(PATH, {}, **{"client-request-id": mine})).json
    assert body["correlation_id"] == mine
    other = (await client.form(PATH, {}, **{"client-request-id": "nonsense"})).json
    assert other["correlation_id"] != mine


def test_no_text_is_left_with_a_place_nobody_fills() -> None:
    known = {"app", "name", "tenant", "user", "scope", "uri", "value"}
    for number, row in REFUSALS.items():
        assert set(re.findall(r"{(\w+)}", row.text)) <= known, number


async def test_a_good_call_after_the_fault_works(client: Client) -> None:
    await client.arm("token_error", number=90033)
    token = (await client.form(PATH, {"grant_type": "refresh_token"})).status
    assert token == 503
    tokens = await sign_in(client)
    again = token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (await client.form(PATH, again)).status == 200
    assert "code" in await accept(client)
