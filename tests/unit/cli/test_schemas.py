"""Schema files of a custom API, pulled from a tenant that has it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gateway.config import Config, shipped
from gateway.documents import load_document
from gateway.simulator import CLIENT_SECRET, run_simulator
from gateway.validation import load_schemas
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_connections import connect, point

SEED = Path(__file__).parents[2] / "contract" / "custom_apis" / "seed.json"
ROUTE = "harwick/pricing/v1.0"


def facts(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["x-business-central"]
    return found


async def test_what_a_tenant_has_becomes_schema_files(
    run: Run, config_file: Path, config: Config, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    pull = "schemas", "pull", "con_9", "--into", str(folder), "--api"
    async with run_simulator(seed_file=SEED) as simulator:
        point(config_file, simulator.url)
        await connect(config, "con_9")
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("ENTRA_CLIENT_SECRET", CLIENT_SECRET)
            first = await asyncio.to_thread(run, *pull, ROUTE)
            groups = folder / "bc" / ROUTE / "priceGroups.schema.json"
            known = json.loads(groups.read_text())
            known["x-business-central"]["fields"]["code"]["code"] = True
            known["x-business-central"]["required"] = [["code"]]
            groups.write_text(json.dumps(known))
            second = await asyncio.to_thread(run, *pull, ROUTE)
            third = await asyncio.to_thread(run, *pull, ROUTE)
            nowhere = await asyncio.to_thread(run, *pull, "harwick/other/v1.0")

    assert first.exit_code == 0, first.output
    assert sorted(line.split()[0] for line in first.output.splitlines()) == ["new", "new"]
    assert "changed" in second.output
    assert facts(groups)["key"] == ["code"]
    assert facts(groups)["actions"] == ["close"]
    reason = {"type": "string", "maxLength": 30}
    given = {"close": {"reason": reason, "final": {"type": "boolean"}}}
    assert facts(groups)["parameters"] == given
    body = json.loads(groups.read_text())["$defs"]["action.close"]
    assert body["properties"]["reason"]["maxLength"] == 30
    assert facts(groups)["fields"]["code"] == {"type": "string", "maxLength": 20, "code": True}
    assert facts(groups)["required"] == [["code"]]
    assert "changed" not in third.output
    lines = facts(folder / "bc" / ROUTE / "priceLines.schema.json")
    assert lines["key"] == ["groupCode", "lineNumber"]
    assert lines["fields"]["unitPrice"] == {"type": "decimal"}
    load_schemas([folder])
    assert nowhere.exit_code == 1
    assert "of con_9 has no API harwick/other/v1.0. Compare publisher" in nowhere.output
    assert "Traceback" not in nowhere.output


@pytest.mark.usefixtures("config_file")
def test_a_route_that_is_none_and_a_connection_that_is_not_there(run: Run) -> None:
    assert run("schemas", "pull", "con_9", "--api", "pricing").exit_code == 2
    assert run("db", "upgrade").exit_code == 0
    done = run("schemas", "pull", "con_none", "--api", ROUTE, "--into", "x")
    assert done.exit_code == 1
    assert "connections list" in done.output


def test_the_schemas_for_editors_are_written(run: Run, own: Path) -> None:
    result = run("schemas", "--into", "schemas")
    assert result.exit_code == 0
    assert result.stdout.count("      new  schemas/gateway/") == 2
    assert run("schemas", "--into", "schemas").stdout.count("as it was") == 2
    mapping = json.loads(Path("schemas/gateway/mapping.schema.json").read_text())
    case = json.loads(Path("schemas/gateway/case.schema.json").read_text())
    for path in sorted(own.glob("*.yaml")):
        shape = case if path.name.endswith(".test.yaml") else mapping
        errors = Draft202012Validator(shape).iter_errors(load_document(path).value)
        assert [error.message for error in errors] == []


def test_the_gateways_own_schemas_are_not_overwritten(run: Run, own: Path) -> None:  # noqa: ARG001 - it is the current folder
    before = (shipped("schemas") / "gateway" / "mapping.schema.json").read_bytes()
    assert run("schemas", "--into", shipped("schemas")).exit_code == 2
    assert run("schemas").exit_code == 2
    assert (shipped("schemas") / "gateway" / "mapping.schema.json").read_bytes() == before


def test_they_are_written_while_a_mapping_has_errors(
    run: Run, config_file: Path, tmp_path: Path
) -> None:
    mappings = tmp_path / "wrong"
    mappings.mkdir()
    (mappings / "things.yaml").write_text("resource: things\n")
    config_file.write_text(config_file.read_text() + f"mappings: {mappings}\n")
    result = run("schemas", "--into", str(tmp_path / "mine"), "--config", str(config_file))
    assert result.exit_code == 0, result.stderr
    assert "see bc-gateway check" in result.stderr
    case = json.loads((tmp_path / "mine/gateway/case.schema.json").read_text())
    assert "anyOf" not in case["properties"]["resource"]
    assert (tmp_path / "mine/gateway/mapping.schema.json").exists()
