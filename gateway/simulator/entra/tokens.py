"""Signed tokens: issued by the simulator's Entra, verified by its Business Central."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.simulator.clock import Clock

AUDIENCE = "https://api.businesscentral.dynamics.com"
AUDIENCE_ID = "996def3d-b36c-4153-8607-a6fd3c01b89f"
_REMEMBERED = 1000
_BITS = 2048

Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key with its id and the public half as a JWK."""

    id: str
    private: rsa.RSAPrivateKey = field(repr=False)
    public: dict[str, str]
    pem: str = field(repr=False)


@lru_cache(maxsize=1)
def signing_key() -> SigningKey:
    """The key of this process; making one takes a moment, so there is one."""
    return _described(rsa.generate_private_key(public_exponent=65537, key_size=_BITS))


def _described(private: rsa.RSAPrivateKey) -> SigningKey:
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    thumbprint = hashlib.sha256(jwk["n"].encode()).digest()
    key_id = base64.urlsafe_b64encode(thumbprint).decode().rstrip("=")[:27]
    public = {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key_id,
        "n": jwk["n"],
        "e": jwk["e"],
    }
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return SigningKey(key_id, private, public, pem)


class Tokens:
    """Issues tokens, and tells which bearer tokens are good at this moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = signing_key()
        self._verified: dict[str, Claims] = {}
        # The newest tokens, the oldest first, and since when those count that a reset renewed.
        self._issued: dict[str, float | None] = {}

    @property
    def key(self) -> str:
        """The private key that signs, as PEM: with it, tokens outlive a process."""
        return self._key.pem

    @key.setter
    def key(self, pem: str) -> None:
        """Sign with another key from now on. Raises ValueError for what is no RSA key."""
        if pem == self._key.pem:
            return
        try:
            private = load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < _BITS:
            raise ValueError("it is no private RSA key of 2048 bits or more")
        self._key = _described(private)
        self._verified.clear()

    @property
    def jwks(self) -> dict[str, object]:
        """The public keys as a JWK set."""
        return {"keys": [self._key.public]}

    def issue(self, claims: Claims, lifetime: int, skew: int = 0) -> str:
        """A token with ``claims`` that is good for ``lifetime`` seconds of the clock.

        ``skew`` seconds is how far the issuer's clock is ahead.
        """
        now = int(self._clock.now().timestamp()) + skew
        timed = {"iat": now, "nbf": now, "exp": now + lifetime, **claims}
        token = jwt.encode(timed, self._key.private, "RS256", headers={"kid": self._key.id})
        if len(self._issued) >= _REMEMBERED:
            del self._issued[next(iter(self._issued))]
        self._issued[token] = None
        return token

    def renew(self) -> None:
        """The clock went back to the beginning: the newest 1,000 tokens count from now on.

        They were issued by a clock that may have been ahead of this one, or behind it.
        """
        now = self._clock.now().timestamp()
        self._issued = dict.fromkeys(self._issued, now)

    def verify(self, token: str) -> Claims | None:
        """The claims of an access token for Business Central, None if it is not good."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._decode(token)
            if claims is None:
                return None
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = claims
        now, renewed = self._clock.now().timestamp(), self._issued.get(token)
        start = claims["nbf"] if renewed is None else renewed
        lasts = claims["exp"] - claims["nbf"]
        return claims if start <= now < start + lasts else None

    def _decode(self, token: str) -> Claims | None:
        # Expiry is judged by the simulator's clock, not by the library's.
        try:
            claims: Claims = jwt.decode(
                token,
                self._key.private.public_key(),
                algorithms=["RS256"],
                audience=[AUDIENCE, AUDIENCE_ID],
                options={
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "require": ["exp", "nbf", "tid", "oid"],
                },
            )
        except jwt.InvalidTokenError:
            return None
        return claims
