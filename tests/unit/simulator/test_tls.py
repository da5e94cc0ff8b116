"""https by an authority of one's own: trusted by its file, and by nothing else."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, TCPConnector
from cryptography import x509

from gateway.simulator import run_simulator
from gateway.simulator.tls import CA_FILE, make_tls


async def ask(url: str, context: ssl.SSLContext) -> str:
    async with (
        ClientSession(connector=TCPConnector(ssl=context)) as session,
        session.get(f"{url}/common/v2.0/.well-known/openid-configuration") as answer,
    ):
        metadata = await answer.json()
        return str(metadata["token_endpoint"])


async def test_who_trusts_the_file_is_served_under_every_name(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    async with run_simulator(tls=True, tls_folder=folder) as simulator:
        assert simulator.ca_file == folder / CA_FILE
        context = ssl.create_default_context(cafile=simulator.ca_file)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        assert simulator.url.startswith("https://127.0.0.1:")
        for url in (simulator.url, simulator.url.replace("127.0.0.1", "localhost")):
            assert await ask(url, context) == f"{url}/common/oauth2/v2.0/token"
    assert [path.name for path in folder.iterdir()] == [CA_FILE]
    assert b"PRIVATE" not in (folder / CA_FILE).read_bytes()


async def test_nobody_else_is(tmp_path: Path) -> None:
    _, other = make_tls(tmp_path, "127.0.0.1")
    async with run_simulator(tls=True) as simulator:
        with pytest.raises(ClientConnectorCertificateError):
            await ask(simulator.url, ssl.create_default_context(cafile=other))
        file = simulator.ca_file
    assert file is not None
    assert not file.exists()


def test_the_file_is_named_for_clients_that_start_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, ca_file = make_tls(Path("trust"), "127.0.0.1")
    assert ca_file == tmp_path / "trust" / CA_FILE


async def test_without_tls_there_is_no_file() -> None:
    async with run_simulator() as simulator:
        assert simulator.ca_file is None
        assert simulator.url.startswith("http://")


def test_another_host_is_named_in_the_certificate(tmp_path: Path) -> None:
    context, ca_file = make_tls(tmp_path, "simulator.test")
    assert context.get_ca_certs() == []
    authority = x509.load_pem_x509_certificate(ca_file.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    client, server = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cafile=ca_file)
    asking = trusting.wrap_bio(client, server, server_hostname="simulator.test")
    answering = context.wrap_bio(server, client, server_side=True)
    for _ in range(3):
        for side in (asking, answering):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert asking.getpeercert() is not None
