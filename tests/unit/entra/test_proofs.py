from __future__ import annotations

import base64
import hashlib
import ssl

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.config import Certificate, Entra
from gateway.entra.proofs import ASSERTION_TYPE, proofs_of
from gateway.errors import StartError
from tests.certificates import Pair, pair
from tests.clock import START

URL = "https://login.example/tenant/oauth2/v2.0/token"


def certificate(of: Pair) -> Certificate:
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(of.certificate)).digest()
    return Certificate(digest, of.key)


def test_a_secret_travels_as_it_is() -> None:
    (proof,) = proofs_of(Entra("client", ("secret",)))
    assert proof.fields(URL, START) == {"client_secret": "secret"}
    assert "secret'" not in repr(proof)


def test_a_certificate_signs_for_the_address_and_for_five_minutes() -> None:
    (proof,) = proofs_of(Entra("client", (), certificates=(certificate(pair()),)))
    fields = proof.fields(URL, START)
    assert fields["client_assertion_type"] == ASSERTION_TYPE
    assertion = fields["client_assertion"]
    key = x509.load_pem_x509_certificate(pair().certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    claims = jwt.decode(
        assertion,
        key,
        algorithms=["PS256"],
        audience=URL,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert (claims["iss"], claims["sub"]) == ("client", "client")
    assert (claims["nbf"], claims["exp"]) == (START.timestamp(), START.timestamp() + 300)
    thumbprint = base64.urlsafe_b64encode(certificate(pair()).thumbprint).decode().rstrip("=")
    assert jwt.get_unverified_header(assertion)["x5t#S256"] == thumbprint
    again = proof.fields(URL, START)["client_assertion"]
    assert jwt.decode(again, options={"verify_signature": False})["jti"] != claims["jti"]


def test_certificates_come_before_secrets() -> None:
    first, second = certificate(pair()), certificate(pair("second"))
    proofs = proofs_of(Entra("client", ("one", "two"), certificates=(first, second)))
    carried = [sorted(proof.fields(URL, START)) for proof in proofs]
    assert carried == [["client_assertion", "client_assertion_type"]] * 2 + [["client_secret"]] * 2


def test_a_key_of_another_kind_is_refused_at_start() -> None:
    with pytest.raises(StartError, match="RSA"):
        proofs_of(Entra("client", (), certificates=(certificate(pair("curve", curve=True)),)))
