"""Bringing an older database to this program's version. `schema.py` loads it when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from gateway.storage.schema import MIGRATIONS

if TYPE_CHECKING:
    from sqlalchemy import Connection


def migrate(connection: Connection, version: str) -> None:
    """Run the migrations up to `version` (`head`: the newest), inside an open transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
