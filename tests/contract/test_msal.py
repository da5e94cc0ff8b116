"""Microsoft's own library for Python signs in at the simulator and notices nothing."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import msal
import pytest
import requests

from gateway.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    TENANT_DOMAIN,
    TENANT_ID,
    Simulator,
    run_simulator,
)
from tests.certificates import pair

RESOURCE = "https://api.businesscentral.dynamics.com"
DEFAULT = [f"{RESOURCE}/.default"]
REDIRECT = "http://localhost:8400/callback"
ADMINISTRATOR = "admin@harwick.example"

Json = dict[str, Any]


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    async with run_simulator(tls=True) as running:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.ca_file))
        yield running


class Redirected(requests.Session):
    """A network in which Microsoft's host names lead to the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._netloc = urlsplit(simulator.url).netloc

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401 - as requests has it
        parts = urlsplit(url)
        self.asked.append(f"{parts.netloc}{parts.path}")
        headers = {**(options.pop("headers", None) or {}), "Host": parts.netloc}
        inner = urlunsplit(parts._replace(netloc=self._netloc))
        return super().request(method, inner, headers=headers, **options)


def application(
    simulator: Simulator, tenant: str = "organizations", credential: object = CLIENT_SECRET
) -> msal.ConfidentialClientApplication:
    """As the library's documentation says for an authority one knows oneself."""
    return msal.ConfidentialClientApplication(
        CLIENT_ID,
        client_credential=credential,
        authority=f"{simulator.url}/{tenant}",
        instance_discovery=False,
    )


def consent(network: requests.Session, flow: Json, **form: str) -> Json:
    """A person opens the address, and sends the form of the page."""
    page = network.get(flow["auth_uri"])
    assert "Permissions requested" in page.text
    fields = {
        name: values[0] for name, values in parse_qs(urlsplit(flow["auth_uri"]).query).items()
    }
    answer = network.post(
        flow["auth_uri"],
        data={**fields, "username": ADMINISTRATOR, "decision": "accept", **form},
        allow_redirects=False,
    )
    if answer.status_code == 302:
        back = urlsplit(answer.headers["Location"])
        assert back.netloc == "localhost:8400"
        return {name: values[0] for name, values in parse_qs(back.query).items()}
    assert f'action="{REDIRECT}"' in answer.text  # the page that posts itself
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text))


def sign_in(
    client: msal.ConfidentialClientApplication, network: requests.Session, mode: str = "form_post"
) -> Json:
    scopes = [f"{RESOURCE}/Financials.ReadWrite.All"]
    flow = client.initiate_auth_code_flow(scopes, redirect_uri=REDIRECT, response_mode=mode)
    assert "code_challenge=" in flow["auth_uri"]
    result: Json = client.acquire_token_by_auth_code_flow(flow, consent(network, flow))
    assert "error" not in result, result
    return result


async def companies(simulator: Simulator, token: str) -> int:
    def ask() -> int:
        answer = requests.Session().get(
            f"{simulator.url}/v2.0/Production/api/v2.0/companies",
            headers={"Authorization": f"Bearer {token}"},
        )
        return len(answer.json()["value"]) if answer.ok else -answer.status_code

    return await asyncio.to_thread(ask)


@pytest.mark.parametrize("tenant", ["organizations", "common", TENANT_ID, TENANT_DOMAIN])
async def test_a_person_signs_in_and_stays_signed_in(simulator: Simulator, tenant: str) -> None:
    client = await asyncio.to_thread(application, simulator, tenant)
    result = await asyncio.to_thread(sign_in, client, requests.Session())
    assert result["id_token_claims"]["tid"] == TENANT_ID
    assert await companies(simulator, result["access_token"]) == 2

    [account] = client.get_accounts()
    assert account["username"] == ADMINISTRATOR
    assert account["home_account_id"].endswith(f".{TENANT_ID}")
    scopes = [f"{RESOURCE}/Financials.ReadWrite.All"]
    cached = client.acquire_token_silent(scopes, account)
    assert cached is not None
    assert (cached["access_token"], cached["token_source"]) == (result["access_token"], "cache")
    fresh = await asyncio.to_thread(
        lambda: client.acquire_token_silent(scopes, account, force_refresh=True)
    )
    assert fresh is not None
    assert fresh["token_source"] == "identity_provider"
    assert fresh["access_token"] != result["access_token"]
    assert await companies(simulator, fresh["access_token"]) == 2


@pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")
async def test_the_code_may_come_in_the_query(simulator: Simulator) -> None:
    client = await asyncio.to_thread(application, simulator)
    result = await asyncio.to_thread(sign_in, client, requests.Session(), "query")
    assert await companies(simulator, result["access_token"]) == 2


async def test_default_scopes_are_found_in_the_cache(simulator: Simulator) -> None:
    def flow() -> Json | None:
        client = application(simulator)
        begun = client.initiate_auth_code_flow(
            DEFAULT, redirect_uri=REDIRECT, response_mode="form_post"
        )
        client.acquire_token_by_auth_code_flow(begun, consent(requests.Session(), begun))
        found: Json | None = client.acquire_token_silent(DEFAULT, client.get_accounts()[0])
        return found

    found = await asyncio.to_thread(flow)
    assert found is not None
    assert found["token_source"] == "cache"


def secret() -> object:
    return CLIENT_SECRET


def certificate() -> object:
    encoded = ssl.PEM_cert_to_DER_cert(pair().certificate)
    return {
        "private_key": pair().key,
        "thumbprint": hashlib.sha1(encoded).hexdigest(),  # noqa: S324 - the library's own term
        "public_certificate": pair().certificate,
    }


@pytest.mark.parametrize("credential", [secret, certificate])
@pytest.mark.parametrize("tenant", [TENANT_ID, TENANT_DOMAIN])
async def test_an_application_signs_in_by_itself(
    simulator: Simulator, credential: Callable[[], object], tenant: str
) -> None:
    def ask() -> tuple[Json, Json]:
        control = f"{simulator.url}/_simulator/certificates"
        requests.Session().post(control, json={"certificate": pair().certificate})
        client = application(simulator, tenant, credential())
        return client.acquire_token_for_client(DEFAULT), client.acquire_token_for_client(DEFAULT)

    first, second = await asyncio.to_thread(ask)
    assert (first.get("token_source"), second.get("token_source")) == ("identity_provider", "cache")
    assert await companies(simulator, first["access_token"]) == 2


@pytest.mark.filterwarnings("ignore:Using /common or /organizations")
async def test_the_refusals_are_what_the_library_expects(simulator: Simulator) -> None:
    def ask() -> tuple[Json, Json, str]:
        client = application(simulator, TENANT_ID, "wrong")
        refused = client.acquire_token_for_client(DEFAULT)
        shared = application(simulator).acquire_token_for_client(DEFAULT)
        try:
            application(simulator, "nowhere.example")
        except ValueError as error:
            return refused, shared, str(error)
        return refused, shared, ""

    refused, shared, unknown = await asyncio.to_thread(ask)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])
    assert shared["error_codes"] == [9001023]
    assert "double check your tenant name" in unknown


async def test_a_dead_refresh_token_asks_for_the_person(simulator: Simulator) -> None:
    def ask() -> Json | None:
        network = requests.Session()
        client = application(simulator)
        sign_in(client, network)
        fault: Json = {"kind": "token_error", "number": 50076}
        assert network.post(f"{simulator.url}/_simulator/faults", json=fault).status_code == 201
        result: Json | None = client.acquire_token_silent_with_error(
            [f"{RESOURCE}/Financials.ReadWrite.All"], client.get_accounts()[0], force_refresh=True
        )
        return result

    result = await asyncio.to_thread(ask)
    assert result is not None
    assert (result["error"], result["classification"]) == ("interaction_required", "basic_action")
    assert "capolids" in result["claims"]


async def test_nothing_tells_it_from_microsofts_own_hosts(simulator: Simulator) -> None:
    def flow() -> tuple[Json, Json | None, list[str]]:
        network = Redirected(simulator)
        client = msal.ConfidentialClientApplication(
            CLIENT_ID,
            client_credential=CLIENT_SECRET,
            authority="https://login.microsoftonline.com/organizations",
            http_client=network,
        )
        assert client.get_accounts() == []  # asks for the other names of the authority
        result = sign_in(client, network)
        again = client.acquire_token_silent(
            [f"{RESOURCE}/user_impersonation"], client.get_accounts()[0], force_refresh=True
        )
        return result, again, network.asked

    result, again, asked = await asyncio.to_thread(flow)
    issuer = f"https://login.microsoftonline.com/{TENANT_ID}/v2.0"
    assert result["id_token_claims"]["iss"] == issuer
    assert again is not None
    assert again["token_source"] == "identity_provider"
    assert "login.microsoftonline.com/common/discovery/instance" in asked


async def test_an_authority_is_looked_up_and_strangers_are_not_known(simulator: Simulator) -> None:
    def ask(authority: str) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            CLIENT_ID,
            client_credential=CLIENT_SECRET,
            authority=authority,
            instance_discovery=f"{simulator.url}/common/discovery/instance",
        )

    found = await asyncio.to_thread(ask, f"{simulator.url}/{TENANT_DOMAIN}")
    assert found.authority.token_endpoint == f"{simulator.url}/{TENANT_ID}/oauth2/v2.0/token"
    with pytest.raises(ValueError, match="invalid_instance"):
        await asyncio.to_thread(ask, "https://login.stranger.example/organizations")
