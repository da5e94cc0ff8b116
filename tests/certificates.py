"""A certificate and its key, as an operator makes one for the registration at Microsoft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tests.clock import START


@dataclass(frozen=True, slots=True)
class Pair:
    """Both as PEM; `sealed_key` opens with a password only."""

    certificate: str
    key: str
    sealed_key: str

    def file(self, folder: Path, name: str = "entra.pem") -> Path:
        """One file with both."""
        path = folder / name
        path.write_text(self.key + self.certificate)
        return path


def pair(name: str = "gateway", *, curve: bool = False) -> Pair:
    """One pair for each name, made once; with an RSA key, or one of an elliptic curve."""
    return _made(name, curve)


@cache
def _made(name: str, curve: bool) -> Pair:
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if curve:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    sealed = BestAvailableEncryption(b"password")
    return Pair(
        certificate.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode(),
    )
