"""How the gateway proves to Microsoft that it is the application: secrets and certificates.

Every request to the token endpoint carries one proof; `Exchange` tries them in order. A secret
travels as it is. The key of a certificate stays here and signs an assertion for each request.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import uuid4

import jwt
from jwt.algorithms import RSAPSSAlgorithm

from gateway.config import Certificate, Entra
from gateway.errors import StartError

ASSERTION_LIFE: Final = timedelta(minutes=5)
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Proof(Protocol):
    """One way to prove who we are."""

    def fields(self, url: str, now: datetime) -> Mapping[str, str]:
        """What a request to the token endpoint at `url` carries."""
        ...


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret."""

    text: str = field(repr=False)

    def fields(self, url: str, now: datetime) -> Mapping[str, str]:  # noqa: ARG002 - a secret is the same everywhere
        """The secret."""
        return {"client_secret": self.text}


@dataclass(frozen=True, slots=True)
class Signature:
    """A certificate: PS256 over an assertion that names it by its SHA-256 thumbprint.

    Microsoft takes an assertion for the very endpoint it is sent to (bc/api.md §2).
    """

    client_id: str
    thumbprint: str
    key: Any = field(repr=False)  # an RSA key, whose library is not this room's

    def fields(self, url: str, now: datetime) -> Mapping[str, str]:
        """A fresh assertion, good for five minutes."""
        begins = int(now.timestamp())
        claims = {
            "aud": url,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": str(uuid4()),
            "iat": begins,
            "nbf": begins,
            "exp": begins + int(ASSERTION_LIFE.total_seconds()),
        }
        assertion = jwt.encode(claims, self.key, "PS256", headers={"x5t#S256": self.thumbprint})
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def proofs_of(entra: Entra) -> tuple[Proof, ...]:
    """Every proof of the configuration, certificates first. Raises `StartError`."""
    signatures = [_signature(entra.client_id, certificate) for certificate in entra.certificates]
    return (*signatures, *(Secret(text) for text in entra.client_secrets))


def _signature(client_id: str, certificate: Certificate) -> Signature:
    thumbprint = base64.urlsafe_b64encode(certificate.thumbprint).rstrip(b"=").decode("ascii")
    try:
        key = RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256).prepare_key(certificate.private_key)
    except jwt.PyJWTError:
        raise StartError("entra.certificate needs an RSA key, and this one is another.") from None
    return Signature(client_id, thumbprint, key)
