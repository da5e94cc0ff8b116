"""OData clients and generators that others wrote take the simulator for any OData service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import ClientSession

from gateway.simulator import run_simulator
from tests.clients.conftest import FOLDER, Script, ran
from tests.unit.simulator.client import LTD, signed_in

pytestmark = pytest.mark.timeout(240)


async def test_a_public_client_reads_writes_and_posts(script: Script) -> None:
    async with run_simulator() as running, signed_in(running) as client:
        report = await script(
            "odata.js", {"ROOT": client.root, "COMPANY": LTD, "TOKEN": client.token}
        )
    assert report == {
        "made": "Folding stool",
        "read": "Folding bench",
        "found": 1,
        "counted": 1,
        "gone": 0,
        "page": 2,
        "total": 6,
        "keys": ["@odata.etag", "number"],
        "status": "Open",
        "refused": report["refused"],
    }
    assert "A customerNumber or a customerId must be provided." in report["refused"]


async def test_a_client_that_sends_batches_as_multipart(script: Script) -> None:
    async with run_simulator() as running, signed_in(running) as client:
        report = await script(
            "ojs.js", {"ROOT": client.root, "COMPANY": LTD, "TOKEN": client.token}
        )
    status, message = report.pop("sets")
    assert status == 500
    assert message.startswith("Multiple requests within the same change set are not supported")
    (found,) = report.pop("encoded")
    assert (found["number"], found["unitPrice"]) == ("1896-S", 1000.8)
    assert report == {
        "built": [["30000", "CM"], ["20000", "14 DAYS"]],
        "made": "STOOLS",
        "changed": "Benches",
        "removed": 204,
        "gone": 404,
        "plain": [200, 201, 400],
        "set": [[1, 201, "SET"]],
    }


@pytest.mark.parametrize("release", ["17.0", "28.0"])
async def test_a_strict_generator_makes_a_client_that_compiles(
    release: str, packages: Path, tmp_path: Path
) -> None:
    async with (
        run_simulator(release=release) as running,
        signed_in(running) as client,
        ClientSession(headers={"Authorization": f"Bearer {client.token}"}) as session,
        session.get(f"{client.root}/$metadata") as answer,
    ):
        (tmp_path / "bc.xml").write_bytes(await answer.read())
    made = FOLDER / "made" / release  # packages are found from there
    made.mkdir(parents=True, exist_ok=True)
    words = ("-s", str(tmp_path / "bc.xml"), "-o", str(made), "-m", "all", "-e", "ts")
    told = await ran("node", str(packages / ".bin" / "odata2ts"), *words)
    assert "Successfully generated services!" in told
    options = {
        "extends": str(FOLDER / "tsconfig.json"),
        "include": [f"{made}/*.ts"],
    }
    (made / "tsconfig.json").write_text(json.dumps(options))
    compiler = str(packages / "typescript" / "bin" / "tsc")
    # The types of eighty entity sets that lead to each other are deep.
    await ran("node", "--stack-size=16000", compiler, "-p", str(made / "tsconfig.json"))
