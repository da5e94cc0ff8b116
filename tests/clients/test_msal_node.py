"""Microsoft's own library for Node signs in at the simulator and notices nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector

from gateway.simulator import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Simulator, run_simulator
from tests.certificates import pair
from tests.clients.conftest import Script

pytestmark = pytest.mark.timeout(60)

PERSON = {
    "username": "admin@harwick.example",
    "tenant": TENANT_ID,
    "companies": 2,
    "cached": True,
    "fresh": True,
    "companies_afterwards": 2,
}


def environment(simulator: Simulator, folder: Path) -> dict[str, str]:
    """What the script is told; it trusts the simulator as the command says."""
    (folder / "certificate.pem").write_text(pair().certificate)
    (folder / "key.pem").write_text(pair().key)
    return {
        "NODE_EXTRA_CA_CERTS": str(simulator.ca_file),
        "SIMULATOR": simulator.url,
        "TENANT": TENANT_ID,
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
        "CERTIFICATE": str(folder / "certificate.pem"),
        "KEY": str(folder / "key.pem"),
    }


async def test_every_flow(script: Script, tmp_path: Path) -> None:
    async with run_simulator(tls=True, tls_folder=tmp_path) as simulator:
        async with ClientSession(connector=TCPConnector(ssl=False)) as control:
            certificate = {"certificate": pair().certificate}
            async with control.post(
                f"{simulator.url}/_simulator/certificates", json=certificate
            ) as answer:
                assert answer.status == 201
        report = await script("msal.js", environment(simulator, tmp_path))
    person = PERSON | {"issuer": f"{simulator.url}/{TENANT_ID}/v2.0"}
    for path in ("organizations", "tenant", "domain"):
        assert report[path] == person, path
    assert report["secret"] == report["certificate"] == {"companies": 2, "cached": True}
    wrong, asked = report["wrong_secret"], report["multi_factor"]
    assert (wrong["name"], wrong["code"]) == ("ServerError", "invalid_client")
    assert str(wrong["number"]) == "7000215"
    assert (asked["name"], asked["code"]) == (
        "InteractionRequiredAuthError",
        "interaction_required",
    )
    assert asked["sub"] == "basic_action"
