from __future__ import annotations

import pytest

from tests.unit.simulator.client import (
    Client,
    accept,
    authorize_request,
    redeem,
    sign_in,
)

ADMIN = "/_simulator/users/admin@harwick.example"


async def test_a_new_user_signs_in(client: Client) -> None:
    body = {"username": "Nell@harwick.example", "name": "Nell Ashby"}
    made = await client.post("/_simulator/users", body)
    assert (made.status, made.json["username"], made.json["licensed"]) == (
        *(201, "nell@harwick.example", True),
    )
    client.token = (await sign_in(client, username="nell@harwick.example"))["access_token"]
    assert (await client.get("customers")).status == 200
    assert made.json in (await client.get("/_simulator/users")).json["value"]
    await client.post("/_simulator/reset", {})
    assert made.json not in (await client.get("/_simulator/users")).json["value"]


async def test_without_a_licence_the_token_is_refused(client: Client) -> None:
    assert (await client.send("PATCH", ADMIN, {"licensed": False})).json["licensed"] is False
    assert (await client.get("customers")).code == "Authentication_InvalidCredentials"
    await client.send("PATCH", ADMIN, {"licensed": True})
    assert (await client.get("customers")).status == 200


async def test_a_disabled_account_gets_no_token(client: Client) -> None:
    tokens = await sign_in(client)
    await client.send("PATCH", ADMIN, {"enabled": False})
    assert (await client.get("customers")).status == 200  # the token lasts
    fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    reply = await redeem(client, "", **fields)
    assert (reply.status, reply.json["error_codes"]) == (400, [50057])
    form = {**authorize_request(), "username": "admin@harwick.example", "decision": "accept"}
    page = await client.form("/organizations/oauth2/v2.0/authorize", form)
    assert "AADSTS50057" in page.text
    await client.send("PATCH", ADMIN, {"enabled": True})
    assert (await accept(client))["code"]


@pytest.mark.parametrize(
    ("method", "path", "body", "wanted"),
    [
        ("POST", "", {"username": "nell"}, (400, "a name at one of harwick.example")),
        ("POST", "", {"username": "nell@elsewhere.example"}, (400, "a name at one of")),
        ("POST", "", {}, (400, "username is a text")),
        ("POST", "", {"username": "n@harwick.example", "name": " "}, (400, "name is a text")),
        ("POST", "", {"username": "clerk@harwick.example"}, (409, "already")),
        ("POST", "", {"username": "n@harwick.example", "licensed": 1}, (400, "true or false")),
        ("PATCH", "/nobody@harwick.example", {"licensed": False}, (404, "There is no user")),
        ("PATCH", "/clerk@harwick.example", {"enabled": "no"}, (400, "true or false")),
        ("PATCH", "/clerk@harwick.example", {"name": "X"}, (400, "'name' is not known")),
    ],
)
async def test_mistakes_are_told(
    client: Client, method: str, path: str, body: object, wanted: tuple[int, str]
) -> None:
    reply = await client.send(method, f"/_simulator/users{path}", body)
    status, sentence = wanted
    assert reply.status == status
    assert sentence in reply.json["error"]
