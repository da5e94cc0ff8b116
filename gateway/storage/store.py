"""The store: the one door of this room.

Everything it takes and gives is a record. What it cannot do is `StorageUnavailable`; a record
that is not there is None. A method that writes returns when the write is durable.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.clock import Clock
from gateway.errors import InvalidQuery, UnknownConnection
from gateway.storage import journal_rows, rows, tables
from gateway.storage.database import Database
from gateway.storage.journal_rows import LEASE, OperationFilter
from gateway.storage.records import (
    ApiKey,
    Began,
    Call,
    Connection,
    ConnectionStatus,
    Match,
    Operation,
    RefreshToken,
    SignIn,
    new_id,
)
from gateway.storage.rows import Seals
from gateway.storage.seal import Sealer, Unopenable

MOST_DUE: Final = 100  # operations taken up in one go
HEARTBEAT: Final = LEASE.total_seconds() / 3  # seconds between two renewals of leases


class Store:
    """What must survive a restart. Made by `open_store` only.

    `owner` names this process in the leases of operations; `alone` says that it holds the lock
    of the database, so no other owner can be alive.
    """

    def __init__(self, database: Database, sealer: Sealer, clock: Clock, *, alone: bool) -> None:
        self._database = database
        self._sealer = sealer
        self._seals = Seals(sealer)
        self._clock = clock
        self._alone = alone
        self.owner = new_id("own")

    async def ping(self) -> None:
        """Prove that the database can be read and written. Raises `StorageUnavailable`."""
        await self._database.write(lambda c: c.exec_driver_sql("SELECT 1").scalar_one())

    # Keys of callers

    async def add_key(self, key: ApiKey) -> None:
        """Keep a fresh key."""
        await self._database.write(lambda c: rows.add_key(c, key))

    async def key_by_hash(self, hashed: str) -> ApiKey | None:
        """The key with this hash, revoked or not."""
        return await self._database.read(lambda c: rows.key_by_hash(c, hashed))

    async def keys(self) -> list[ApiKey]:
        """Every key, the oldest first."""
        return await self._database.read(rows.keys)

    async def revoke_key(self, key_id: str) -> bool:
        """Revoke a key; False if there is none with this id that is still good."""
        now = self._clock.now()
        return await self._database.write(lambda c: rows.revoke_key(c, key_id, now))

    # Connections

    async def add_connection(self, record: Connection) -> None:
        """Keep a fresh connection."""
        await self._database.write(lambda c: rows.add_connection(c, record))

    async def connection(self, connection_id: str) -> Connection | None:
        """The connection with this id."""
        return await self._database.read(lambda c: rows.connection_by_id(c, connection_id))

    async def connections(
        self, *, organization: str | None = None, status: ConnectionStatus | None = None
    ) -> list[Connection]:
        """Connections, the oldest first."""
        return await self._database.read(lambda c: rows.connections(c, organization, status))

    async def update_connection(self, connection_id: str, **changes: object) -> Connection:
        """Change fields of a connection; its `updated_at` follows. Raises `UnknownConnection`."""
        values = {**changes, "updated_at": self._clock.now()}
        record = await self._database.write(
            lambda c: rows.update_connection(c, connection_id, values)
        )
        if record is None:
            raise UnknownConnection
        return record

    async def delete_connection(self, connection_id: str) -> bool:
        """Erase a connection with its tokens, sign-ins and item matches; its journal stays."""
        return await self._database.write(
            lambda c: rows.delete_by(c, tables.connections, id=connection_id)
        )

    # Sign-ins under way

    async def save_sign_in(self, sign_in: SignIn) -> None:
        """Keep a sign-in, or replace the one of the same ticket."""
        await self._database.write(lambda c: rows.save_sign_in(c, self._seals, sign_in))

    async def sign_in_by_ticket(self, ticket: str) -> SignIn | None:
        """The sign-in whose ticket has this hash."""
        return await self._database.read(
            lambda c: rows.sign_in_by(c, self._seals, "ticket", ticket)
        )

    async def sign_in_by_state(self, state: str) -> SignIn | None:
        """The sign-in whose state has this hash."""
        return await self._database.read(lambda c: rows.sign_in_by(c, self._seals, "state", state))

    # Refresh tokens

    async def refresh_token(self, connection_id: str) -> RefreshToken | None:
        """The newest refresh token of a connection."""
        return await self._database.read(
            lambda c: rows.refresh_token(c, self._seals, connection_id)
        )

    async def save_refresh_token(
        self, connection_id: str, token: str, expected_version: int | None
    ) -> RefreshToken | None:
        """Replace the token of that version (None: there is none yet).

        None back: somebody else stored one meanwhile, and that one stands.
        """
        version = 1 if expected_version is None else expected_version + 1
        record = RefreshToken(connection_id, token, version, self._clock.now())
        saved = await self._database.write(
            lambda c: rows.save_refresh_token(c, self._seals, record, expected_version)
        )
        return record if saved else None

    async def delete_refresh_token(self, connection_id: str) -> bool:
        """Forget the token of a connection."""
        return await self._database.write(
            lambda c: rows.delete_by(c, tables.refresh_tokens, connection_id=connection_id)
        )

    # Item matches

    async def matches(self, connection_id: str, skus: Collection[str] | None = None) -> list[Match]:
        """What people decided for these SKUs (None: for all), by SKU."""
        return await self._database.read(lambda c: rows.matches(c, connection_id, skus))

    async def save_match(self, match: Match) -> None:
        """Keep a decision; it replaces the one for the same SKU."""
        await self._database.write(lambda c: rows.save_match(c, match))

    async def delete_match(self, connection_id: str, sku: str) -> bool:
        """Forget a decision."""
        return await self._database.write(
            lambda c: rows.delete_by(c, tables.matches, connection_id=connection_id, sku=sku)
        )

    # The journal

    async def begin(self, new: Operation) -> Began:
        """Make the row of an operation ours, or say what stands there under the same id.

        One atomic statement: inserted, or started over where the key is not bound and nothing is
        under way, or left as it is.
        """
        now = self._clock.now()
        ours = replace(new, owner=self.owner, lease_until=now + LEASE)
        return await self._database.write(lambda c: journal_rows.begin(c, self._seals, ours))

    async def intent(
        self,
        operation: Operation,
        step: str,
        request: Mapping[str, object],
        *,
        entity: str,
        anchor: str | None,
        snapshot: str,
    ) -> tuple[Operation, Call]:
        """Note that `request` is about to be sent. Send it only after this has returned.

        `snapshot` is the hash of the one that rendered it. Raises `Conflict` when another
        operation has the anchor, `LeaseLost`.
        """
        call = Call(operation.id, step, operation.attempt, request, self._clock.now())
        before = replace(operation, entity=entity, anchor=anchor, snapshot=snapshot)
        after = await self._database.write(
            lambda c: journal_rows.intent(c, self._seals, before, call)
        )
        return after, call

    async def result(
        self, operation: Operation, call: Call, answer: Mapping[str, object], **changes: object
    ) -> tuple[Operation, Call]:
        """Note what Business Central answered to `call`, as it came; by default back to running.

        Raises `LeaseLost`.
        """
        answered = replace(call, answer=answer, answered_at=self._clock.now())
        values = self._values({"state": "running", **changes})
        after = await self._database.write(
            lambda c: journal_rows.result(c, self._seals, operation, answered, values)
        )
        return after, answered

    async def advance(self, operation: Operation, **changes: object) -> Operation:
        """Change an operation of ours; `owner=None` gives it back. Raises `LeaseLost`."""
        values = self._values(changes)
        return await self._database.write(
            lambda c: journal_rows.advance(c, self._seals, operation, values)
        )

    async def accept(self, operation_id: str) -> Operation:
        """Note that the caller was told to come back, unless the operation has ended."""
        return await self._database.write(
            lambda c: journal_rows.accept(c, self._seals, operation_id)
        )

    async def claim(self, operation_id: str) -> Operation | None:
        """Take up an abandoned or waiting operation; None if somebody else has it.

        What was queued or running runs with the next attempt; what was sending is uncertain.
        """
        now = self._clock.now()
        return await self._database.write(
            lambda c: journal_rows.claim(
                c, self._seals, operation_id, owner=self.owner, now=now, alone=self._alone
            )
        )

    async def due(self) -> list[str]:
        """Ids of at most 100 operations that `claim` would give now, the longest waiting first."""
        now = self._clock.now()
        return await self._database.read(
            lambda c: journal_rows.due(c, self.owner, now, self._alone, MOST_DUE)
        )

    async def renew_leases(self, ids: Sequence[str]) -> None:
        """Say that these operations still live here."""
        now = self._clock.now()
        await self._database.write(lambda c: journal_rows.renew(c, self.owner, ids, now))

    async def release_parked(self, causes: Collection[str]) -> int:
        """Queue what is parked for one of these causes and whose connection is active again."""
        now = self._clock.now()
        return await self._database.write(lambda c: journal_rows.release_parked(c, causes, now))

    async def operation(self, operation_id: str) -> Operation | None:
        """The operation with this id."""
        return await self._database.read(
            lambda c: journal_rows.operation_by_id(c, self._seals, operation_id)
        )

    async def operations(
        self,
        wanted: OperationFilter | None = None,
        *,
        before: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> list[Operation]:
        """The newest first; `before` is `created_at` and `id` of the last one already given."""
        limits = wanted or OperationFilter()
        return await self._database.read(
            lambda c: journal_rows.listed(c, self._seals, limits, before, limit)
        )

    async def calls(self, operation_id: str) -> list[Call]:
        """What an operation sent and what came back, in order."""
        return await self._database.read(
            lambda c: journal_rows.calls_of(c, self._seals, operation_id)
        )

    # Opaque texts

    def seal(self, purpose: str, text: str) -> str:
        """`text` sealed for `purpose`, fit for a URL."""
        sealed = self._sealer.seal(text.encode("utf-8"), "opaque", purpose)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def open(self, purpose: str, sealed: str) -> str:
        """What `seal` made for the same purpose. Raises `InvalidQuery`."""
        try:
            data = base64.b64decode(
                sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True
            )
            return self._sealer.open(data, "opaque", purpose).decode("utf-8")
        except (Unopenable, binascii.Error, ValueError):
            raise InvalidQuery(
                "The cursor is not one that this list gave. Start again without it."
            ) from None

    def _values(self, changes: Mapping[str, object]) -> dict[str, object]:
        return {**changes, "updated_at": self._clock.now()}
