"""Opening the store: version, keys, lock, and everything closed again at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select

from gateway.clock import Clock
from gateway.errors import StartError
from gateway.storage import leases, schema, tables
from gateway.storage.addresses import address_of
from gateway.storage.database import Database
from gateway.storage.seal import Sealer, Unopenable
from gateway.storage.sqlite import SqliteFile
from gateway.storage.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

_CANARY: Final = b"bc-gateway"
_NO_KEY: Final = (
    "There is no encryption key: make one with `bc-gateway keys generate` and name it under "
    "encryption.keys."
)
_WRONG_KEY: Final = (
    "The encryption keys are not those this database was sealed with: put the earlier key back "
    "under encryption.keys (the first one seals, all of them open)."
)


@asynccontextmanager
async def open_store(
    url: str,
    keys: Sequence[bytes],
    clock: Clock,
    *,
    create: bool = True,
    serving: bool = False,
) -> AsyncIterator[Store]:
    """The store at `url` (`sqlite:///FILE` or `postgresql://…`), opened and closed.

    `create`: make the database if it is not there. `serving`: the caller runs operations; on a
    file nobody else may. Commands leave it out and work beside a serving process. A key is 32
    bytes.
    Raises `StartError`, a sentence that says what to do.
    """
    if not keys:
        raise StartError(_NO_KEY)
    if any(len(key) != 32 for key in keys):
        raise StartError("An encryption key is not 32 bytes: see `bc-gateway keys generate`.")
    address = address_of(url)
    async with AsyncExitStack() as stack:
        if serving:
            stack.enter_context(address.alone())
        schema.prepare(address, create=create, thorough=serving)
        sealer = Sealer(keys)
        database = Database(address, serving=serving)
        stack.push_async_callback(database.close)
        database.start()
        await database.write(lambda connection: _check_keys(connection, sealer))
        alone = serving and isinstance(address, SqliteFile)
        if alone:  # a process that was killed while it refreshed a token holds up nobody
            await database.write(lambda connection: leases.release_all(connection, clock.now()))
        yield Store(database, sealer, clock, alone=alone)


def _check_keys(connection: Connection, sealer: Sealer) -> None:
    """Every key that ever sealed here must be among ours, and must be the very same."""
    known = connection.execute(select(tables.canaries)).all()
    for key_id, sealed in known:
        try:
            plain = sealer.open(sealed, "canaries", key_id, "sealed")
        except Unopenable:
            raise StartError(_WRONG_KEY) from None
        if plain != _CANARY:
            raise StartError(_WRONG_KEY)
    first = sealer.first_key_id
    if first not in {key_id for key_id, _ in known}:
        sealed = sealer.seal(_CANARY, "canaries", first, "sealed")
        connection.execute(insert(tables.canaries).values(key_id=first, sealed=sealed))
