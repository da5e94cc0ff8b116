from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import StartError
from gateway.storage.addresses import address_of


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://host",
        "postgresql://host/",
        "mysql://user:hunter2@host/database",
        "postgresql://user:hunter2@host:port/database",
        "gateway.db",
    ],
)
def test_what_is_neither_a_file_nor_postgresql_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(StartError, match=r"storage\.url") as raised:
        address_of(url)
    assert "hunter2" not in str(raised.value)


def test_a_password_is_in_no_text() -> None:
    address = address_of("postgresql://gateway:hunter2@db.example/gateway?sslmode=verify-full")

    assert str(address) == "gateway at db.example"
    assert "hunter2" not in repr(address)


def test_a_link_leads_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "gateway.db")

    assert address_of(f"sqlite:///{tmp_path}/link.db") == address_of(
        f"sqlite:///{tmp_path}/gateway.db"
    )
