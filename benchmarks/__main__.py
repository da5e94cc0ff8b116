"""`make bench`: every measurement in one run; prints the report and writes RESULTS.md.

`--quick` runs each part for a moment and writes nothing: it proves that the parts still work.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import uvloop

from benchmarks import blocking, checking, mapping, pipeline, simulator
from benchmarks.machine import machine
from benchmarks.report import SLOWEST, report
from benchmarks.size import sizes
from benchmarks.stages import stages
from benchmarks.through import through

T = TypeVar("T")
RESULTS = Path(__file__).with_name("RESULTS.md")
HEAVIEST = 120  # megabytes resident


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="a moment of each, no RESULTS.md")
    quick: bool = arguments.parse_args().quick
    described = machine()
    print("mapping …", flush=True)
    mapped = mapping.rows(rounds=2 if quick else 25)
    piped = pipeline.rows(rounds=2 if quick else 25)
    print("checking …", flush=True)
    checked = checking.checked(rounds=1 if quick else 5)
    print("blocking …", flush=True)
    held = _run(lambda folder, port: blocking.held(folder, port, orders=2 if quick else 20))
    print("through …", flush=True)
    flow = _run(
        lambda folder, port: through(
            folder, port, seconds=0.2 if quick else 4.0, slices=1 if quick else 4
        )
    )
    print("stages …", flush=True)
    staged = _run(lambda folder, port: stages(folder, port, orders=5 if quick else 300))
    print("size …", flush=True)
    counts = (1, 10) if quick else (1, 100, 1_000, 10_000)
    started_in, sized = _run(lambda folder, port: sizes(folder, port, counts))
    print("simulator …", flush=True)
    simulated = _run(
        lambda _folder, _port: simulator.rows(
            items=100 if quick else 10_000,
            long_list=1_000 if quick else 20_000,
            seconds=0.2 if quick else 3.0,
        )
    )
    text = report(described, mapped, piped, checked, held, flow, staged, started_in, sized)
    text += simulator.section(simulated)
    print(text)
    if quick:
        return 0
    RESULTS.write_text(text, encoding="utf-8")
    bare, whole = flow.carried
    heaviest = max(flow.after_load, flow.at_start) / 1e6
    slow: list[mapping.Row] = [row for row in mapped if row.ratio > mapping.LIMIT]
    slow += [row for row in piped if row.ratio > pipeline.LIMIT]
    late = max(checked.checked, checked.started) > checking.LIMIT or started_in > checking.LIMIT
    missed = [row for row in simulated if not row.kept]
    return int(
        whole / bare < SLOWEST
        or heaviest > HEAVIEST
        or bool(slow)
        or late
        or held.ratio > blocking.LIMIT
        or bool(missed)
    )


def _run(measure: Callable[[Path, int], Awaitable[T]]) -> T:
    """One part, in a folder of its own and with a port for the gateway."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()

        async def measured() -> T:
            return await measure(Path(folder), port)

        return uvloop.run(measured())


if __name__ == "__main__":
    sys.exit(main())
