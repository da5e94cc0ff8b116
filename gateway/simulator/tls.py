"""A throw-away certificate authority, for clients that insist on https as MSAL does.

Its key is gone as soon as the certificate is made, and so is the certificate's key file; what
stays is the authority's certificate in a file, for clients to trust.
"""

from __future__ import annotations

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.simulator.clock import Clock

CA_FILE = "bc-gateway-simulator-ca.pem"
_HOSTS = ("localhost", "127.0.0.1", "::1")
_LIFE = timedelta(days=30)


def make_tls(folder: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context for ``host`` and the names of loopback, and the file to trust.

    The file is written to ``folder``, which is made where it is missing. Raises OSError.
    """
    authority, certificate, key = _issue(host)
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder.resolve() / CA_FILE  # clients may start in another folder
    ca_file.write_bytes(authority.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory(prefix="bc-gateway-") as hidden:
        chain = Path(hidden) / "server.pem"
        chain.touch(mode=0o600)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(chain)
    return context, ca_file


def _issue(
    host: str,
) -> tuple[x509.Certificate, x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The authority, and a certificate by it with its key."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    name = _name("bc-gateway simulator, throw-away authority")
    usage = _usage(signs_certificates=True)
    own = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = (
        _builder(name, name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(own, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    certificate = (
        _builder(_name("localhost"), name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_alternatives(host), critical=False)
        .add_extension(subject, critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return authority, certificate, key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = Clock().now()  # clients judge by the real time, not by the simulator's
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(host: str) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for each in dict.fromkeys((*_HOSTS, host)):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(each)))
        except ValueError:
            names.append(x509.DNSName(each))
    return x509.SubjectAlternativeName(names)
