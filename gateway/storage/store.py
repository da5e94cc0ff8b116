"""The store: the one door of this room.

Everything it takes and gives is a record. What it cannot do is `StorageUnavailable`; a record
that is not there is None. A method that writes returns when the write is durable.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock
from gateway.errors import InvalidQuery, UnknownConnection
from gateway.storage import leases, match_rows, rows, tables
from gateway.storage.database import Database
from gateway.storage.figures import Figures, read_figures
from gateway.storage.journal import Journal
from gateway.storage.kept import Kept
from gateway.storage.records import (
    ApiKey,
    Connection,
    ConnectionStatus,
    Lease,
    Match,
    MatchFilter,
    MatchProgress,
    RefreshToken,
    SignIn,
)
from gateway.storage.rotation import rotate
from gateway.storage.rows import Seals
from gateway.storage.seal import Sealer, Unopenable

FEW: Final = 100  # rows that are read by their keys at once


class Store(Journal):
    """What must survive a restart. Made by `open_store` only."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock, *, alone: bool) -> None:
        super().__init__(database, Seals(sealer), clock, alone=alone)
        self._sealer = sealer
        self._known_keys = Kept[ApiKey]()
        self._known_connections = Kept[Connection]()

    async def ping(self) -> None:
        """Prove that the database can be read and written. Raises `StorageUnavailable`."""
        await self._database.prove()

    # Keys of callers

    async def add_key(self, key: ApiKey) -> None:
        """Keep a fresh key."""
        await self._database.write(lambda c: rows.add_key(c, key))

    async def key_by_hash(self, hashed: str) -> ApiKey | None:
        """The key with this hash, revoked or not, as it was a second ago at the earliest."""
        known = self._known_keys.get(hashed)
        if known is not None:
            return known
        found = await self._database.read_rows(lambda c: rows.key_by_hash(c, hashed))
        return self._known_keys.keep(hashed, found)

    async def keys(self) -> list[ApiKey]:
        """Every key, the oldest first."""
        return await self._database.read(rows.keys)

    async def revoke_key(self, key_id: str) -> bool:
        """Revoke a key; False if there is none with this id that is still good."""
        now = self._clock.now()
        revoked = await self._database.write(lambda c: rows.revoke_key(c, key_id, now))
        self._known_keys.forget()
        return revoked

    # Connections

    async def add_connection(self, record: Connection) -> None:
        """Keep a fresh connection."""
        await self._database.write(lambda c: rows.add_connection(c, record))

    async def connection(self, connection_id: str) -> Connection | None:
        """The connection with this id, as it was a second ago at the earliest."""
        known = self._known_connections.get(connection_id)
        if known is not None:
            return known
        found = await self._database.read_rows(lambda c: rows.connection_by_id(c, connection_id))
        return self._known_connections.keep(connection_id, found)

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
        self._known_connections.forget()
        if record is None:
            raise UnknownConnection
        return record

    async def delete_connection(self, connection_id: str) -> bool:
        """Erase a connection with its tokens, sign-ins and item matches; its journal stays."""
        deleted = await self._database.write(
            lambda c: rows.delete_by(c, tables.connections, id=connection_id)
        )
        self._known_connections.forget()
        return deleted

    # Sign-ins under way

    async def save_sign_in(self, sign_in: SignIn) -> None:
        """Keep a sign-in, or replace the one of the same ticket. Those long over go away."""
        now = self._clock.now()
        await self._database.write(lambda c: rows.save_sign_in(c, self._seals, sign_in, now))

    async def sign_in_by_ticket(self, ticket: str) -> SignIn | None:
        """The sign-in whose ticket has this hash."""
        return await self._database.read(
            lambda c: rows.sign_in_by(c, self._seals, "ticket", ticket)
        )

    async def sign_in_by_state(self, state: str) -> SignIn | None:
        """The sign-in whose state has this hash."""
        return await self._database.read(lambda c: rows.sign_in_by(c, self._seals, "state", state))

    async def delete_sign_ins(self, connection_id: str) -> None:
        """Forget every sign-in of a connection: its addresses lead nowhere any more."""
        await self._database.write(
            lambda c: rows.delete_by(c, tables.sign_ins, connection_id=connection_id)
        )

    # Refresh tokens

    async def refresh_token(self, connection_id: str) -> RefreshToken | None:
        """The newest refresh token of a connection."""
        return await self._database.read(
            lambda c: rows.refresh_token(c, self._seals, connection_id)
        )

    async def save_refresh_token(
        self,
        connection_id: str,
        token: str,
        expected_version: int | None,
        *,
        lease: Lease | None = None,
    ) -> RefreshToken | None:
        """Replace the token of that version (None: there is none yet), while `lease` is ours.

        None back: somebody else stored one meanwhile, which stands, or took the lease.
        """
        version = 1 if expected_version is None else expected_version + 1
        record = RefreshToken(connection_id, token, version, self._clock.now())
        saved = await self._database.write(
            lambda c: (
                (lease is None or leases.holds(c, lease))
                and rows.save_refresh_token(c, self._seals, record, expected_version)
            )
        )
        return record if saved else None

    # Leases

    async def take_lease(self, name: str, seconds: float) -> Lease | None:
        """Be the one process that does what `name` stands for; None while another one is.

        It ends by itself after `seconds`, for a holder that died.
        """
        now, life = self._clock.now(), timedelta(seconds=seconds)
        lease = await self._database.write(lambda c: leases.take(c, name, now, life))
        self._known_connections.forget()  # whoever had it before may have changed one
        return lease

    async def release_lease(self, lease: Lease) -> None:
        """Let others have it. One that has passed on already is left to who has it now."""
        now = self._clock.now()
        await self._database.write(lambda c: leases.release(c, lease, now))

    # Item matches

    async def matches(self, connection_id: str, skus: Collection[str] | None = None) -> list[Match]:
        """What is known of these SKUs (None: of all), by SKU."""
        few = skus is not None and len(skus) <= FEW
        read = self._database.read_rows if few else self._database.read
        return await read(lambda c: match_rows.matches(c, connection_id, skus))

    async def list_matches(
        self, connection_id: str, wanted: MatchFilter, *, after: str | None, limit: int
    ) -> list[Match]:
        """A page of matches by SKU, of those behind the SKU `after`."""
        return await self._database.read(
            lambda c: match_rows.listed(c, connection_id, wanted, after, limit)
        )

    async def save_matches(self, matches: Sequence[Match]) -> None:
        """Keep all of these. Only a person's decision replaces a person's decision."""
        await self._database.write(lambda c: match_rows.save_matches(c, matches))

    async def match_progress(self, connection_id: str) -> MatchProgress | None:
        """How far the latest matching of a connection is."""
        return await self._database.read(lambda c: match_rows.progress(c, connection_id))

    async def begin_matching(self, progress: MatchProgress, silent_since: datetime) -> bool:
        """Note that a matching begins; False while another one is under way.

        One that has said nothing since `silent_since` is dead, and gives way.
        """
        return await self._database.write(lambda c: match_rows.begin(c, progress, silent_since))

    async def advance_matching(self, progress: MatchProgress) -> bool:
        """Note how far a matching is; False when another one has taken its place."""
        return await self._database.write(lambda c: match_rows.advance(c, progress))

    async def delete_match(self, connection_id: str, sku: str) -> bool:
        """Forget what is known of a SKU."""
        return await self._database.write(
            lambda c: rows.delete_by(c, tables.matches, connection_id=connection_id, sku=sku)
        )

    async def figures(self) -> Figures:
        """How many operations and connections stand where, for those who watch."""
        now = self._clock.now()
        return await self._database.read(lambda c: read_figures(c, now))

    async def reseal(self, told: Callable[[int, int], None]) -> int:
        """Seal again with the first key what an older one sealed; how many rows are left.

        `told` is given how many rows are done, and of how many. Others may use the database.
        """
        return await rotate(self._database, self._sealer, told)

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
