"""Sealing: what is secret or personal is stored as AES-GCM ciphertext.

A sealed value is bound to its place (table, row, column): pasted into another row it does not
open. Layout: version (1 byte), key id (8), nonce (12), ciphertext with tag.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = b"\x01"
_KEY_ID: Final = slice(1, 9)
_NONCE: Final = slice(9, 21)
_CIPHERTEXT: Final = slice(21, None)


class Unopenable(Exception):
    """A sealed value does not open: damaged, moved from its place, or its key is not there."""


class Sealer:
    """Seals with the first key, opens with any of them. A key is 32 bytes."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(keys)}
        self._first = _key_id(keys[0])
        self._sealing = self._ciphers[self._first]
        self.header = _VERSION + self._first  # what everything begins with that the first one seals

    @property
    def first_key_id(self) -> str:
        """The id of the key that seals, in hex."""
        return self._first.hex()

    def seal(self, plain: bytes, *place: str) -> bytes:
        """`plain`, to be opened at the same place only."""
        nonce = os.urandom(12)
        return self.header + nonce + self._sealing.encrypt(nonce, plain, _place(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """What was sealed for this place. Raises `Unopenable`."""
        cipher = self._ciphers.get(sealed[_KEY_ID])
        if sealed[:1] != _VERSION or cipher is None:
            raise Unopenable
        try:
            return cipher.decrypt(sealed[_NONCE], sealed[_CIPHERTEXT], _place(place))
        except (InvalidTag, ValueError):
            raise Unopenable from None


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"bc-gateway key id\x00" + key).digest()[:8]


def _place(parts: Sequence[str]) -> bytes:
    """The associated data; lengths in front, so that no two places read the same."""
    return b"".join(map(_part, parts))


@lru_cache(maxsize=1000)  # names of tables and columns, and ids of rows under way
def _part(text: str) -> bytes:
    encoded = text.encode("utf-8")
    return len(encoded).to_bytes(4, "big") + encoded
