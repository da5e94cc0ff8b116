"""The wheel carries all that the gateway needs, and runs without the checkout beside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(60)
def test_the_wheel_holds_mappings_schemas_pages_and_migrations_and_works(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own words
    (wheel,) = tmp_path.glob("bc_gateway-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entries,) = (name for name in names if name.endswith("/entry_points.txt"))
        assert b"[pytest11]\ngateway.pytest_plugin = gateway.pytest_plugin" in archive.read(entries)
        archive.extractall(tmp_path / "site")
    assert {
        "gateway/shipped/mappings/sales-orders.yaml",
        "gateway/shipped/mappings/sales-orders.test.yaml",
        "gateway/shipped/schemas/canonical/sales-order.schema.json",
        "gateway/shipped/schemas/gateway/config.schema.json",
        "gateway/shipped/schemas/bc/v2.0/salesOrders.schema.json",
        "gateway/simulator/catalogue/catalogue.json",
    } <= names
    assert any(name.endswith(".html") for name in names)
    assert any("storage/migrations/" in name for name in names)
    run = subprocess.run(
        [sys.executable, "-c", "from gateway.cli import main; main()", "check"],
        cwd=tmp_path / "site",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
