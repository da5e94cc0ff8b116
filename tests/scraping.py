"""Reads the page of figures as Prometheus does."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry import exposition

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(page: str) -> Series:
    """Every series of the page with its value."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(found: Series, name: str, **labels: str) -> float:
    """The sum of the series called `name` that have these labels, 0 if there is none."""
    wanted = set(labels.items())
    return sum(
        amount for (called, has), amount in found.items() if called == name and wanted <= has
    )


def shown() -> str:
    """The page of what this process has counted."""
    return exposition([]).decode()


def grown(before: str, name: str, **labels: str) -> float:
    """How much of it was counted since the page `before`."""
    return _value(shown(), name, labels) - _value(before, name, labels)


def _value(page: str, name: str, labels: dict[str, str]) -> float:
    """As `value`; of the page, which grows as a run goes on, only these series are read."""
    of_name = [line for line in page.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
    return value(series("".join(f"{line}\n" for line in of_name)), name, **labels)
