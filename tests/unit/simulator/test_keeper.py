from __future__ import annotations

import asyncio
import json
import shutil
import stat
from pathlib import Path

import pytest

from gateway.simulator import Unsaved, run_simulator
from gateway.simulator.entra.tokens import signing_key
from gateway.simulator.keeper import replace_file
from tests.unit.simulator.client import accept, redeem, sign_in, signed_in


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_records_and_consents_last(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    async with run_simulator(state_file=file, items=3) as running, signed_in(running) as client:
        tokens = await sign_in(client)
        made = (await client.post("customers", {"displayName": "Juniper Hall"})).json
        hashed = (await client.get("/_simulator/hash")).json
    assert names(tmp_path) == ["state.json"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    async with run_simulator(state_file=file, seed=5) as running, signed_in(running) as client:
        assert (await client.get("/_simulator/hash")).json == hashed
        assert (await client.get(f"customers({made['id']})")).json["number"] == "C00010"
        fields = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await redeem(client, "", **fields)).status == 200
        assert (await client.post("customers", {"displayName": "Kestrel"})).json[
            "number"
        ] == "C00020"


async def test_access_tokens_outlive_the_process(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    signing_key.cache_clear()
    async with run_simulator(state_file=file) as running, signed_in(running) as client:
        token, keys = client.token, await client.get("/common/discovery/v2.0/keys")
    signing_key.cache_clear()  # as in another process
    async with run_simulator() as running, signed_in(running) as client:
        client.token = token
        assert (await client.get("customers")).status == 401
    async with run_simulator(state_file=file) as running, signed_in(running) as client:
        client.token = token
        assert (await client.get("customers")).status == 200
        assert (await client.get("/common/discovery/v2.0/keys")).json == keys.json


async def test_it_is_saved_while_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    async with run_simulator(state_file=file) as running, signed_in(running) as client:
        await client.post("customers", {"displayName": "Juniper Hall"})
        for _ in range(100):
            if b"Juniper Hall" in file.read_bytes():
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("the customer was not saved")
        assert (await accept(client))["code"]


async def test_a_broken_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"state\.json is refused: it is no state"):
        async with run_simulator(state_file=file):
            pass
    assert file.read_text(encoding="utf-8") == "{"


async def test_one_file_is_kept_by_one_simulator(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    async with run_simulator(state_file=file) as first:
        assert not first.loaded
        with pytest.raises(ValueError, match=r"state\.json: another simulator keeps its state"):
            async with run_simulator(state_file=file):
                pass
    async with run_simulator(state_file=file, release="26.0") as second:
        assert second.loaded


async def test_a_save_that_fails_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"folder'$"):
        replace_file(tmp_path / "folder", b"")


async def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        async with run_simulator(state_file=tmp_path / "none" / "state.json"):
            pass


async def test_a_state_that_can_not_be_saved_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    file = folder / "state.json"

    def told() -> list[str]:
        return [one.getMessage() for one in caplog.records if one.name.endswith("keeper")]

    async def served() -> None:
        async with run_simulator(state_file=file) as running, signed_in(running) as client:
            shutil.rmtree(folder)
            for name in ("Juniper Hall", "Kestrel House"):
                await client.post("customers", {"displayName": name})
                async with asyncio.timeout(20):
                    while not told():  # noqa: ASYNC110 - nothing tells us but asking
                        await asyncio.sleep(0.05)

    with pytest.raises(Unsaved, match=r"No such file or directory: .*kept/state\.json"):
        await served()
    (warning,) = told()
    assert warning.startswith(f"The state can not be saved to {file}: No such file or directory.")


async def test_a_file_that_people_changed_is_refused_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    async with run_simulator(state_file=file):
        pass
    state = json.loads(file.read_text(encoding="utf-8"))
    state["parts"]["environments"][0]["companies"][1]["tables"]["items"][3][2]["unitPrice"] = "1"
    file.write_text(json.dumps(state), encoding="utf-8")
    sentence = (
        r"^The state in .*state\.json is refused: environments\[0\]\.companies\[1\]\.tables"
        r"\.items\[3\]: 'unitPrice' can not be '1'\.$"
    )
    with pytest.raises(ValueError, match=sentence):
        async with run_simulator(state_file=file):
            pass
