"""The machine and the versions a run was made with, and what its disk takes for one fsync."""

from __future__ import annotations

import os
import platform
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import psutil

LIBRARIES = ("aiohttp", "uvloop", "msgspec", "jsonschema-rs", "sqlalchemy", "cryptography")
SYNCS = 100


@dataclass(frozen=True, slots=True)
class Machine:
    """In words, but for `fsync`: the median in seconds."""

    day: str
    processor: str
    memory: str
    system: str
    python: str
    libraries: str
    fsync: float


def machine() -> Machine:
    return Machine(
        datetime.now(UTC).date().isoformat(),
        f"{_processor()}, {os.cpu_count()} cores",
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        f"{platform.system()} {platform.release()}",
        f"{platform.python_implementation()} {platform.python_version()}",
        ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        _fsync(),
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _fsync() -> float:
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            started = perf_counter()
            os.fsync(file.fileno())
            times.append(perf_counter() - started)
    return sorted(times)[SYNCS // 2]
