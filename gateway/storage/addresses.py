"""`storage.url` → the database behind it, with all that is particular to its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.errors import StartError
from gateway.storage.postgresql import PostgresqlDatabase
from gateway.storage.sqlite import SqliteFile

Address = SqliteFile | PostgresqlDatabase

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = "postgresql://"
_WRONG: Final = (
    "The storage must be a SQLite file or a PostgreSQL database: set storage.url to "
    "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."
)


def address_of(url: str) -> Address:
    """The database at `url`. Raises `StartError`, which quotes nothing of it."""
    if url.startswith(_SQLITE):
        file = url.removeprefix(_SQLITE)
        if not file or file == ":memory:":
            raise StartError(_WRONG)
        return SqliteFile(Path(file).resolve())
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StartError(_WRONG) from None
    if not url.startswith(_POSTGRESQL) or not parsed.database:
        raise StartError(_WRONG)
    return PostgresqlDatabase(parsed)
