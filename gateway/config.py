"""The configuration file → `Config`, frozen; secrets by reference only.

`app.py` and the commands read it through `load_config`. The file is checked as a whole before
anything starts, and relative paths in it are relative to its folder.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, cast

from yarl import URL

from gateway.documents import Document, Finding, check_shape, load_document
from gateway.errors import InvalidFiles, StartError

ENVIRONMENT_VARIABLE: Final = "BC_GATEWAY_CONFIG"
KEY_BYTES: Final = 32
LISTEN: Final = "127.0.0.1:8080"
CONSOLE_LISTEN: Final = "127.0.0.1:8081"
STORAGE_URL: Final = "sqlite:///bc-gateway.db"
POSTGRESQL: Final = "postgresql://"
AUTHORITY: Final = "https://login.microsoftonline.com"
BUSINESS_CENTRAL_URL: Final = "https://api.businesscentral.dynamics.com"
MOST_BODY_BYTES: Final = 5 * 1024 * 1024

_SQLITE = "sqlite:///"
_NEW_KEY = "`bc-gateway keys generate` prints a new one."
_ODD = re.compile(r'key "(?![A-Za-z0-9_.-]*").*', re.DOTALL)  # not one of a configuration
_PORT = re.compile(r"[0-9]{1,5}")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (RSA )?PRIVATE KEY-----.+?-----END (RSA )?PRIVATE KEY-----", re.DOTALL
)
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Public:
    """Where the public listener listens, and the address callers and browsers know it by.

    `product_name` is what the administrators' pages call the product; without it they describe it.
    """

    host: str
    port: int
    url: str
    product_name: str | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the operators' listener listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return _is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What can prove who the application is instead of a secret.

    `thumbprint` is the SHA-256 of the certificate, as Microsoft looks it up by; the key is PEM.
    """

    thumbprint: bytes
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entra:
    """The app registration. Certificates are tried before secrets, each in order, for a
    roll-over; there is at least one of them.
    """

    client_id: str
    client_secrets: tuple[str, ...] = field(repr=False)
    authority: str = AUTHORITY
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked. The first encryption key writes, all of them read.
    Without `console` there is no operators' listener.

    `on_premises` leads from a name to the address of a server, up to its instance.
    """

    entra: Entra
    encryption_keys: tuple[bytes, ...] = field(repr=False)
    public: Public
    console: Listener | None = None
    storage_url: str = field(default=STORAGE_URL, repr=False)
    workers: int = 1
    business_central_url: str = BUSINESS_CENTRAL_URL
    on_premises: Mapping[str, str] = field(default_factory=dict)
    mappings: Path | None = None
    schemas: Path | None = None
    overrides: Path | None = None
    most_body_bytes: int = MOST_BODY_BYTES


@cache
def shipped(name: Literal["mappings", "schemas"]) -> Path:
    """The folder of the files that come with the gateway, in a wheel or in a checkout."""
    package = Path(__file__).parent
    inside = package / "shipped" / name
    return inside if inside.is_dir() else package.parent / name


def folders(name: Literal["mappings", "schemas"], own: Path | None) -> tuple[Path, ...]:
    """The shipped folder and, after it, the one of the configuration: the later one wins."""
    return (shipped(name),) if own is None else (shipped(name), own)


def load_config(path: Path | None = None) -> Config:
    """Read the file at `path`, else the one that `BC_GATEWAY_CONFIG` names.

    Raises `StartError` when no file is named, `InvalidFiles` with every finding.
    """
    if path is None:
        named = os.environ.get(ENVIRONMENT_VARIABLE)
        if not named:
            raise StartError(
                "No configuration file: give --config FILE or set BC_GATEWAY_CONFIG. "
                "config.example.yaml is a file to start from."
            )
        path = Path(named)
    schema = load_document(shipped("schemas") / "gateway" / "config.schema.json")
    try:
        document = load_document(path)
        findings = check_shape(document, cast("dict[str, object]", schema.value), "C101")
        if findings:
            raise InvalidFiles(findings)
    except InvalidFiles as error:
        raise InvalidFiles(
            [_discreet(one) for one in cast("list[Finding]", error.findings)]
        ) from None
    reader = _Reader(document, path.resolve().parent)
    config = reader.config()
    if reader.findings:
        raise InvalidFiles(reader.findings)
    return config


def _discreet(finding: Finding) -> Finding:
    """A finding that shows neither its line nor what is no key: a secret may stand there."""
    return replace(finding, message=_ODD.sub('key "…".', finding.message), quoted=False)


class _Reader:
    """Turns a document of the right shape into a `Config`, collecting what is wrong with it."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self.findings: list[Finding] = []

    def config(self) -> Config:
        authority = self._url(("entra", "authority"), AUTHORITY)
        storage_url = self._storage_url()
        entra = Entra(self._client_id(), self._client_secrets(), authority, self._certificates())
        return Config(
            entra=entra,
            encryption_keys=self._encryption_keys(),
            public=self._public(),
            console=self._console(),
            storage_url=storage_url,
            workers=self._workers(storage_url),
            business_central_url=self._url(("business_central", "url"), BUSINESS_CENTRAL_URL),
            on_premises=self._on_premises(),
            mappings=self._own_folder("mappings"),
            schemas=self._own_folder("schemas"),
            overrides=self._own_folder("overrides"),
            most_body_bytes=cast("int", self._value(("public", "most_body_bytes")))
            or MOST_BODY_BYTES,
        )

    def _value(self, path: _Path) -> object:
        value = self._document.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int):
                value = value[step]
            else:
                return None
        return value

    def _public(self) -> Public:
        address = self._address(("public", "listen"), LISTEN)
        if address is None:
            return Public("127.0.0.1", 8080, f"http://{LISTEN}")
        listen = str(self._value(("public", "listen")) or LISTEN)
        name = cast("str | None", self._value(("public", "product_name")))
        return Public(*address, self._url(("public", "url"), f"http://{listen}"), name)

    def _console(self) -> Listener | None:
        """The default where nothing is said; null says that there is to be none."""
        path: _Path = ("console", "listen")
        if self._value(("console",)) is not None and self._value(path) is None:
            return None
        address = self._address(path, CONSOLE_LISTEN)
        return None if address is None else Listener(*address)

    def _address(self, path: _Path, default: str) -> tuple[str, int] | None:
        host, _, port = str(self._value(path) or default).rpartition(":")
        host = host.strip("[]")
        if not host or not _PORT.fullmatch(port) or int(port) > 65535:
            self._wrong(path, "This must be an address and a port.", default)
            return None
        return host, int(port)

    def _url(self, path: _Path, default: str) -> str:
        """An http(s) address without a trailing slash; plain http only on this machine."""
        text = str(self._value(path) or default)
        try:
            url = URL(text)
        except ValueError:
            url = URL()
        if url.scheme not in {"http", "https"} or not url.host or url.query_string or url.fragment:
            self._wrong(path, "This must be an http or https address.", default)
        elif url.scheme == "http" and self._value(path) and not _is_loopback(url.host):
            self._wrong(path, "Plain http is for this machine alone.", f"https://{url.host}")
        return text.rstrip("/")

    def _storage_url(self) -> str:
        """The address of the database. It may hold a password, so no finding quotes it."""
        path: _Path = ("storage", "url")
        value = self._value(path)
        text = self._secret(path) if isinstance(value, dict) else str(value or STORAGE_URL)
        if text.startswith(POSTGRESQL):
            if text.removeprefix(POSTGRESQL).partition("/")[0].count("@") > 1:
                self._wrong(
                    path, "There is an `@` too many.", "In a password `@` is written `%40`."
                )
            return text
        file = text.removeprefix(_SQLITE)
        if text.startswith(_SQLITE) and file:
            return f"{_SQLITE}{self._folder / file}"
        if text:
            message = "This must be a SQLite file or a PostgreSQL database."
            self._wrong(path, message, f"{STORAGE_URL} or {POSTGRESQL}USER:PASSWORD@HOST/DATABASE")
        return ""

    def _workers(self, storage_url: str) -> int:
        workers = cast("int", self._value(("workers",)) or 1)
        if workers > 1 and storage_url.startswith(_SQLITE):
            message = "More than one worker needs PostgreSQL: a SQLite file has one writer."
            self._wrong(("workers",), message, "Set storage.url to a PostgreSQL database.")
        return workers

    def _client_id(self) -> str:
        value = self._value(("entra", "client_id"))
        return value if isinstance(value, str) else self._secret(("entra", "client_id"))

    def _client_secrets(self) -> tuple[str, ...]:
        return tuple(self._secret(path) for path in self._each(("entra", "client_secret")))

    def _certificates(self) -> tuple[Certificate, ...]:
        return tuple(self._certificate(path) for path in self._each(("entra", "certificate")))

    def _each(self, path: _Path) -> list[_Path]:
        """The paths of what stands there: nothing, one reference, or a list of them."""
        value = self._value(path)
        if value is None:
            return []
        if isinstance(value, list):
            return [(*path, index) for index in range(len(value))]
        return [path]

    def _certificate(self, path: _Path) -> Certificate:
        """The certificate and its key in one PEM file; that they belong together is proven."""
        name = cast("dict[str, str]", self._value(path))["file"]
        file = self._folder / name
        try:
            text = file.read_text(encoding="ascii")
            # An empty password keeps a sealed key from being asked for at the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(file, password="")
        except (OSError, ValueError):  # ssl.SSLError and UnicodeDecodeError are these too
            self._wrong(
                path,
                f"The file {name} holds no certificate with its key.",
                "One PEM file: the certificate, and its RSA key without a password.",
            )
            return Certificate(b"", "")
        certificate, key = _CERTIFICATE.search(text), _PRIVATE_KEY.search(text)
        if certificate is None or key is None:
            self._wrong(path, f"The file {name} cannot be read as PEM.")
            return Certificate(b"", "")
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.group()))
        return Certificate(digest.digest(), key.group())

    def _on_premises(self) -> dict[str, str]:
        path: _Path = ("business_central", "on_premises")
        names = cast("dict[str, object]", self._value(path) or {})
        return {name: self._url((*path, name), "https://server:7048/BC") for name in names}

    def _encryption_keys(self) -> tuple[bytes, ...]:
        path: _Path = ("encryption", "keys")
        references = cast("list[object]", self._value(path))
        return tuple(self._key((*path, index)) for index in range(len(references)))

    def _key(self, path: _Path) -> bytes:
        known = len(self.findings)
        text = self._secret(path, _NEW_KEY)
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES and len(self.findings) == known:
            self._wrong(path, "The key is not 32 bytes in base64.", _NEW_KEY)
        return key

    def _secret(self, path: _Path, hint: str | None = None) -> str:
        """The text a reference leads to: `{env: NAME}` or `{file: PATH}`."""
        reference = cast("dict[str, str]", self._value(path))
        if "env" in reference:
            text = os.environ.get(reference["env"], "")
            if not text:
                self._wrong(path, f"The environment variable {reference['env']} is not set.", hint)
            return text
        file = self._folder / reference["file"]
        try:
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self._wrong(path, f"The file {reference['file']} cannot be read.", hint)
            return ""
        if not text:
            self._wrong(path, f"The file {reference['file']} is empty.", hint)
        return text

    def _own_folder(self, name: str) -> Path | None:
        value = self._value((name,))
        if value is None:
            return None
        folder = self._folder / str(value)
        if not folder.is_dir():
            self._wrong((name,), f"There is no folder {value}.", "Make it, or leave the key out.")
        return folder

    def _wrong(self, path: _Path, message: str, hint: str | None = None) -> None:
        place, length = self._document.place(path), self._document.length(path)
        self.findings.append(
            Finding("C102", "wrong-value", message, place, length=length, hint=hint, quoted=False)
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
