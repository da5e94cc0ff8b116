from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.config import shipped
from gateway.validation import Schemas, load_schemas
from gateway.wire import Entity


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return load_schemas([shipped("schemas")])


@pytest.fixture(scope="session")
def entity(schemas: Schemas) -> Callable[[str], Entity]:
    return lambda name: schemas.entity("v2.0", name)
