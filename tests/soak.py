"""How many cases a property gets: a seeded part in `make test`, thousands in `make soak`."""

from __future__ import annotations

import os
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

SECONDS: Final = int(os.environ.get("SOAK_SECONDS", "0"))
SOAK: Final = SECONDS > 0
SEED: Final = int(os.environ.get("SOAK_SEED", "1"))
"""Leads to the same cases again; `make soak` draws one and prints it."""
CASES: Final = int(os.environ.get("SOAK_CASES", "10000"))


def cases(few: int, *, margin: float = 1.0) -> settings:
    """Settings of a property: `few` cases, always the same, or in a soak `CASES` new ones.

    `margin` is how many are made for each one that counts. Only a soak looks for a smaller
    example of what it found.
    """
    if SOAK:
        return settings(
            max_examples=int(CASES * margin),
            derandomize=False,  # other ones for each SOAK_SEED
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
    return settings(
        max_examples=few,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


SLOW: Final = pytest.mark.timeout(1800 if SOAK else 10)
"""The mark of a test whose cases take longer than a test may in `make test`."""
