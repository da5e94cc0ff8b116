"""Client assertions: an application proves itself with a certificate (bc/api.md §2).

``grants`` verifies through this module; certificates are registered by the control API.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.simulator.clock import Clock
from gateway.simulator.entra.refusals import refuse
from gateway.simulator.errors import ControlError

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ["PS256", "RS256"]
_LEEWAY = 300  # seconds


@dataclass(slots=True)
class Certificates:
    """The registered certificates of the application: public keys by thumbprint."""

    keys: dict[str, rsa.RSAPublicKey] = field(default_factory=dict, repr=False)

    def register(self, pem: str) -> str:
        """Register a certificate; its SHA-256 thumbprint. Raises ControlError."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            raise ControlError("certificate is one certificate as PEM.") from None
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise ControlError("The certificate needs an RSA key.")
        encoded = certificate.public_bytes(Encoding.DER)
        thumbprint = _text(hashlib.sha256(encoded).digest())
        self.keys[thumbprint] = key
        self.keys[_text(hashlib.sha1(encoded).digest())] = key  # noqa: S324 - the older header is SHA-1
        return thumbprint

    def verify(
        self, form: Mapping[str, str], client_id: str, audiences: list[str], clock: Clock
    ) -> None:
        """Refuse an assertion that does not prove ``client_id``. Raises EntraError."""
        if form.get("client_assertion_type") != JWT_BEARER:
            raise refuse(50012)
        assertion = form["client_assertion"]
        claims = self._claims(assertion, self._key(assertion), audiences)
        if claims["iss"] != client_id or claims["sub"] != client_id:
            raise refuse(700021)
        now = clock.now().timestamp()
        begins, ends = claims.get("nbf", now), claims["exp"]
        if not isinstance(begins, int | float) or not isinstance(ends, int | float):
            raise refuse(50027)
        if not begins - _LEEWAY <= now < ends + _LEEWAY:
            raise refuse(700024)

    def _key(self, assertion: str) -> rsa.RSAPublicKey:
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.InvalidTokenError:
            raise refuse(50027) from None
        thumbprint = str(header.get("x5t#S256") or header.get("x5t") or "").rstrip("=")
        key = self.keys.get(thumbprint)
        if key is None:
            raise refuse(700027)
        return key

    def _claims(
        self, assertion: str, key: rsa.RSAPublicKey, audiences: list[str]
    ) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key,
                algorithms=_ALGORITHMS,
                audience=audiences,
                options={
                    "verify_exp": False,  # judged by the simulator's clock
                    "verify_nbf": False,
                    "verify_iat": False,
                    # Microsoft's own library for Python leaves nbf out.
                    "require": ["aud", "exp", "iss", "jti", "sub"],
                },
            )
        except jwt.InvalidAudienceError:
            raise refuse(700023) from None
        except jwt.InvalidTokenError:
            raise refuse(700027) from None
        return claims


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
