"""What a browser meets at the authorize endpoint: pages, sessions, ways back."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.simulator import TENANT_ID
from tests.unit.simulator.client import (
    REDIRECT,
    Client,
    Reply,
    accept,
    authorize_request,
    redeem,
)

PATH = "/organizations/oauth2/v2.0/authorize"
CLERK, OWNER = "clerk@harwick.example", "owner@larkfield.example"


async def ask(client: Client, path: str = PATH, **changes: str) -> Reply:
    return await client.send("GET", path, None, None, **authorize_request(**changes))


async def decide(client: Client, username: str, decision: str, **changes: str) -> Reply:
    fields = authorize_request(**changes) | {"username": username, "decision": decision}
    return await client.form(PATH, fields)


def title(reply: Reply) -> str:
    found = re.search(r"<h1>(.*?)</h1>", reply.text)
    assert found is not None, reply.text
    return found.group(1)


def back(reply: Reply) -> dict[str, str]:
    assert reply.status == 302, reply.text
    query = parse_qs(urlsplit(reply.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def cookie(reply: Reply) -> dict[str, str]:
    return {"Cookie": reply.headers["Set-Cookie"].partition(";")[0]}


async def test_a_consent_is_asked_for_once(client: Client) -> None:
    page = await ask(client, login_hint=CLERK)
    assert title(page) == "Permissions requested"
    asked = await decide(client, CLERK, "continue")
    assert title(asked) == "Permissions requested"
    assert "code" in back(await decide(client, CLERK, "accept"))
    assert title(await ask(client, login_hint=CLERK)) == "Pick an account"
    assert "code" in back(await decide(client, CLERK, "continue"))
    assert title(await ask(client, login_hint=CLERK, prompt="consent")) == "Permissions requested"
    await client.post("/_simulator/reset", {})
    assert title(await ask(client, login_hint=CLERK)) == "Permissions requested"


async def in_session(client: Client, session: dict[str, str], **changes: str) -> Reply:
    return await client.send("GET", PATH, None, session, **authorize_request(**changes))


async def test_a_browser_stays_signed_in(client: Client) -> None:
    first = await decide(client, CLERK, "accept")
    session = cookie(first)
    assert "HttpOnly" in first.headers["Set-Cookie"]
    for changes in ({}, {"prompt": "none"}, {"login_hint": CLERK}):
        code = back(await in_session(client, session, **changes))["code"]
        assert (await redeem(client, code)).status == 200
    for changes in ({"prompt": "select_account"}, {"prompt": "login"}):
        page = await in_session(client, session, **changes)
        assert title(page) == "Pick an account"
        assert f'value="{CLERK}" checked' in page.text
    other = await in_session(client, session, login_hint="admin@harwick.example")
    assert title(other) == "Pick an account"


async def test_silence_needs_a_session_and_a_consent(client: Client) -> None:
    assert back(await ask(client, prompt="none"))["error"] == "login_required"
    session = cookie(await decide(client, CLERK, "accept"))
    await client.send("DELETE", "/_simulator/consents", {"tenant": "harwick.example"})
    refused = back(await in_session(client, session, prompt="none"))
    assert refused["error"] == "consent_required"
    assert refused["error_description"].startswith("AADSTS65001: ")
    other = back(await in_session(client, session, prompt="none", login_hint=OWNER))
    assert other["error"] == "login_required"


async def test_signing_out_ends_the_session(client: Client) -> None:
    session = cookie(await decide(client, CLERK, "accept"))
    path = "/organizations/oauth2/v2.0/logout"
    reply = await client.send(
        "GET", path, None, session, post_logout_redirect_uri=REDIRECT, state="s"
    )
    assert reply.headers["Location"] == f"{REDIRECT}?state=s"
    assert "Max-Age=0" in reply.headers["Set-Cookie"]
    assert back(await in_session(client, session, prompt="none"))["error"] == "login_required"
    assert "You signed out" in (await client.get(path)).text
    stranger = await client.get(path, post_logout_redirect_uri="https://evil.example/")
    assert (stranger.status, "AADSTS50011" in stranger.text) == (400, True)


async def test_the_way_back_may_be_the_fragment_or_a_form(client: Client) -> None:
    fragment = await decide(client, CLERK, "accept", response_mode="fragment")
    assert fragment.headers["Location"].startswith(f"{REDIRECT}#code=")
    page = await decide(client, CLERK, "accept", response_mode="form_post", state='a"state')
    assert page.status == 200
    assert f'<form method="post" action="{REDIRECT}">' in page.text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    assert html.unescape(fields["state"]) == 'a"state'
    assert (await redeem(client, fields["code"])).status == 200
    refused = await decide(client, CLERK, "cancel", response_mode="form_post")
    assert 'name="error" value="access_denied"' in refused.text
    assert back(await ask(client, response_mode="web_message"))["error"] == "invalid_request"


async def test_codes_and_sessions_stay_out_of_the_journal(client: Client) -> None:
    secrets = []
    for mode in ("query", "fragment", "form_post"):
        reply = await decide(client, CLERK, "accept", response_mode=mode)
        text = reply.text + reply.headers.get("Location", "")
        secrets += re.findall(r'(?:code=|name="code" value=")([\w.-]+)', text)
        secrets.append(cookie(reply)["Cookie"].partition("=")[2])
    assert len(secrets) == 6
    journal = (await client.get("/_simulator/journal")).text
    assert [secret for secret in secrets if secret in journal] == []


async def test_the_accounts_are_those_of_the_tenant_or_the_domain_hint(client: Client) -> None:
    assert OWNER in (await ask(client)).text
    assert OWNER not in (await ask(client, f"/{TENANT_ID}/oauth2/v2.0/authorize")).text
    hinted = (await ask(client, domain_hint="larkfield.example")).text
    assert OWNER in hinted
    assert CLERK not in hinted


async def test_microsofts_libraries_are_told_who_signed_in(client: Client) -> None:
    sent = await accept(client, client_info="1")
    info = json.loads(base64.urlsafe_b64decode(sent["client_info"] + "=="))
    assert info["utid"] == TENANT_ID
    tokens = (await redeem(client, sent["code"], client_info="1")).json
    assert tokens["client_info"] == sent["client_info"]
    assert "client_info" not in await accept(client)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (50105, "interaction_required"),
        (65001, "consent_required"),
        (90094, "consent_required"),
        (53003, "interaction_required"),
        (500011, "invalid_resource"),
        (90033, "temporarily_unavailable"),
    ],
)
async def test_an_armed_refusal_goes_back(client: Client, number: int, error: str) -> None:
    await client.arm("authorize_error", number=number)
    sent = back(await ask(client))
    assert (sent["error"], sent["state"]) == (error, "a state")
    assert sent["error_description"].startswith(f"AADSTS{number}: ")
    assert ("claims" in sent) == (number == 53003)
    assert (await ask(client)).status == 200


@pytest.mark.parametrize("number", [50011, 700016, 50020, 90002, 50194])
async def test_other_refusals_are_shown_to_the_person(client: Client, number: int) -> None:
    await client.arm("authorize_error", number=number)
    reply = await ask(client)
    assert (reply.status, title(reply)) == (400, "Sign in")
    assert f"AADSTS{number}: " in reply.text


async def test_declining_has_its_subcode(client: Client) -> None:
    sent = back(await decide(client, CLERK, "cancel"))
    assert (sent["error"], sent["error_subcode"]) == ("access_denied", "cancel")


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"prompt": "please"}, 90023),
        ({"scope": "https://api.businesscentral.dynamics.com/Everything"}, 650053),
    ],
)
async def test_more_mistakes_go_back(client: Client, changes: dict[str, str], number: int) -> None:
    sent = back(await ask(client, **changes))
    assert sent["error_description"].startswith(f"AADSTS{number}: ")


async def test_personal_accounts_have_no_business_central(client: Client) -> None:
    reply = await ask(client, "/consumers/oauth2/v2.0/authorize")
    assert (reply.status, "AADSTS9002331" in reply.text) == (400, True)


@pytest.mark.parametrize("wrong", ["x" * 42, "x" * 129, "x" * 42 + "=", "é" * 43])
async def test_a_challenge_has_its_size_and_its_letters(client: Client, wrong: str) -> None:
    sent = back(await ask(client, code_challenge=wrong))
    assert sent["error"] == "invalid_request"
    assert sent["error_description"].startswith("AADSTS501491: ")


async def test_a_plain_proof_has_its_size_too(client: Client) -> None:
    short = await ask(client, code_challenge="x" * 42, code_challenge_method="plain")
    assert back(short)["error_description"].startswith("AADSTS501491: ")
    plain = {"code_challenge": "x" * 43, "code_challenge_method": "plain"}
    code = (await accept(client, **plain))["code"]
    assert (await redeem(client, code, code_verifier="x" * 43)).status == 200


@pytest.mark.parametrize("name", ["state", "nonce"])
async def test_what_is_kept_or_sent_back_has_an_end(client: Client, name: str) -> None:
    fields = authorize_request(**{name: "x" * 4097}) | {"username": CLERK, "decision": "accept"}
    reply = await client.form(PATH, fields)
    assert reply.status == 400
    assert "AADSTS90023" in reply.text


async def test_a_scope_of_blanks_is_none(client: Client) -> None:
    assert back(await ask(client, scope="  "))["error"] == "invalid_request"


async def test_a_session_lasts_a_day(client: Client) -> None:
    there = cookie(await decide(client, CLERK, "accept"))
    query = authorize_request(prompt="none")
    assert "code" in back(await client.send("GET", PATH, None, there, **query))
    client.simulator.clock.advance(24 * 3600)
    gone = back(await client.send("GET", PATH, None, there, **query))
    assert gone["error"] == "login_required"
