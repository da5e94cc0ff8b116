"""The fixture ``business_central``, for whoever has bc-gateway installed: a simulator for a test.

pytest loads this module in every run, so it imports nothing but pytest; the simulator is imported
when a test first asks for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gateway.simulator.threaded import BusinessCentral

MARKER = "business_central"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(seed, items, release, on_premises, tls, seed_file, now): how the simulator of the "
        "fixture business_central starts.",
    )


@pytest.fixture
def business_central(request: pytest.FixtureRequest) -> Iterator[BusinessCentral]:
    """Business Central and Microsoft's sign-in on loopback, freshly seeded, for this test."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is not None and marker.args:
        raise pytest.UsageError(f"The marker {MARKER} takes options by their names.")
    module = importlib.import_module("gateway.simulator.threaded")
    running: Callable[[Mapping[str, object]], AbstractContextManager[BusinessCentral]]
    running = module.running
    with ExitStack() as stack:
        try:
            simulator = stack.enter_context(running(marker.kwargs if marker is not None else {}))
        except (TypeError, ValueError) as error:
            raise pytest.UsageError(f"The marker {MARKER} is wrong: {error}") from None
        yield simulator
