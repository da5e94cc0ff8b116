"""The report of a run: what RESULTS.md holds and the terminal shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks import blocking, checking, mapping, pipeline
from benchmarks.blocking import Held
from benchmarks.checking import Checked
from benchmarks.machine import Machine
from benchmarks.order import LINES
from benchmarks.size import Size
from benchmarks.stages import Spent
from benchmarks.through import Row, Through

SLOWEST = 0.3  # of what the pass-through carries, as the issue asks

HEAD = """# Results of the last `make bench`

Everything here was measured in one run on loopback, on a machine that other work shares: trust
the ratios more than the figures. One core has the process that is measured, the other one the
load and the stub of Business Central, which answers at once.

"""


def report(
    machine: Machine,
    mapped: Sequence[mapping.Row],
    piped: Sequence[mapping.Row],
    checked: Checked,
    held: Held,
    flow: Through,
    staged: Sequence[Spent],
    started_in: float,
    sized: Sequence[Size],
) -> str:
    parts = [
        HEAD,
        _machine(machine),
        _through(flow),
        _stages(staged),
        _mapping(mapped),
        _pipeline(piped, held),
        _checking(checked),
        _size(flow, started_in, sized),
    ]
    return "".join(parts)


def _machine(machine: Machine) -> str:
    rows = [
        ("day", machine.day),
        ("processor", machine.processor),
        ("memory", machine.memory),
        ("system", machine.system),
        ("Python", machine.python),
        ("libraries", machine.libraries),
        ("one fsync of 4 KiB", f"{machine.fsync * 1e6:.0f} µs"),
    ]
    return "## Machine\n\n" + _table(("", ""), rows)


def _through(flow: Through) -> str:
    text = (
        f"## An order of {LINES} lines, per process\n\n"
        "*Bare* is an aiohttp proxy on uvloop that makes the same upstream calls and nothing else; "
        "*gateway* is the whole way: API key, canonical validation, lookups, mapping, validation "
        "against Business Central, journal on SQLite with `synchronous=FULL`, write, read back, "
        "answer mapped and validated. They took turns; every order has a reference of its own.\n\n"
    )
    head = (
        "callers",
        "bare",
        "gateway",
        "ratio",
        "of the slices",
        "processor time",
        "p50",
        "p95",
        "p99",
    )
    bare, whole = flow.carried
    end = (
        f"One process carries {whole:.0f} orders a second at most, and {bare:.0f} of the "
        f"pass-through: {whole / bare:.2f} times as many, where {SLOWEST} is asked for. With few "
        "callers there is less: an order waits for the disk four times, and shares each wait with "
        "as many others as there are just then.\n\n"
    )
    return text + _table(head, [_row(row) for row in flow.rows]) + end


def _row(row: Row) -> tuple[str, ...]:
    bare, whole = row.bare, row.whole
    ratios = sorted(row.ratios)
    return (
        str(row.callers),
        f"{bare.rate:.0f}/s",
        f"{whole.rate:.0f}/s",
        f"{whole.rate / bare.rate:.2f}",
        f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        f"{whole.cpu_each * 1e6:.0f} µs against {bare.cpu_each * 1e6:.0f} µs",
        *(f"{whole.percentile(share) * 1e3:.1f} ms" for share in (0.5, 0.95, 0.99)),
    )


def _stages(staged: Sequence[Spent]) -> str:
    text = (
        "## Where the time of one order goes\n\n"
        "One order at a time, the median of each stage's own time. What waits for the disk, a "
        "thread or the stub is marked; the rest is Python.\n\n"
    )
    rows = [
        (
            one.name,
            f"{one.seconds * 1e6:.0f} µs",
            f"{one.calls:.0f}",
            "waits" if one.waits else "",
        )
        for one in staged
        if one.calls
    ]
    return text + _table(("stage", "time", "calls", ""), rows)


def _mapping(mapped: Sequence[mapping.Row]) -> str:
    return "## The mapping beside hand-written Python\n\n" + _compared(mapped)


def _pipeline(piped: Sequence[mapping.Row], held: Held) -> str:
    return (
        "## From bytes to bytes beside hand-written Python\n\n"
        "Parsed, validated, mapped, validated, encoded; by hand with the same libraries and the "
        f"same compiled schemas. At most {pipeline.LIMIT} is asked for.\n\n"
        + _compared(piped)
        + f"An order of {blocking.LINES:,} lines holds the event loop for "
        f"{held.gateway * 1e3:.1f} ms at most, from the request to the answer; all of the "
        f"pipeline by hand, in one go, for {held.by_hand * 1e3:.1f} ms: {held.ratio:.2f} times as "
        f"long, where {blocking.LIMIT} is asked for.\n\n"
    )


def _checking(checked: Checked) -> str:
    return (
        "## The check\n\n"
        f"Of {checking.MAPPINGS} mappings with {checking.LEAVES} expressions each: "
        f"{checked.checked:.2f} s. Loading, checking and compiling all that is shipped: "
        f"{checked.started:.2f} s. Of both at most {checking.LIMIT:.0f} s is asked for.\n\n"
    )


def _compared(mapped: Sequence[mapping.Row]) -> str:
    rows = [
        (
            str(row.lines),
            f"{row.by_hand * 1e6:.1f} µs",
            f"{row.generated * 1e6:.1f} µs",
            f"{row.ratio:.2f}",
        )
        for row in mapped
    ]
    head = ("lines", "by hand", "generated", "ratio")
    return _table(head, rows)


def _size(flow: Through, started_in: float, sized: Sequence[Size]) -> str:
    first = sized[0]
    rows = [
        (
            f"{size.connections:,}",
            f"{size.resident / 1e6:.0f} MB",
            "" if size is first else f"{_each(size, first) / 1e3:.1f} kB",
            f"{size.median * 1e3:.2f} ms",
            f"{size.slowest * 1e3:.2f} ms",
        )
        for size in sized
    ]
    text = (
        "## Start and size\n\n"
        f"From the command to the first good answer of `/health/ready`: {started_in:.2f} s. "
        f"Resident after the start {flow.at_start / 1e6:.0f} MB, after all the orders above "
        f"{flow.after_load / 1e6:.0f} MB.\n\n"
        "Open connections on the public listener, all but one idle; the one asks for "
        "`/v1/resources`.\n\n"
    )
    return text + _table(("connections", "resident", "each", "median", "slowest"), rows)


def _each(size: Size, first: Size) -> float:
    return (size.resident - first.resident) / (size.connections - first.connections)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"
