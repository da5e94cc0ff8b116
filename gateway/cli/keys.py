"""`bc-gateway keys`: the API keys of callers, and fresh encryption keys."""

from __future__ import annotations

import asyncio
import base64
import secrets
from pathlib import Path

import click

from gateway.api.access import ROLES, new_key
from gateway.cli.group import Format, with_config, with_format
from gateway.cli.printing import print_json, print_rows
from gateway.cli.stored import opened_store
from gateway.clock import Clock, timestamp
from gateway.config import KEY_BYTES, load_config
from gateway.errors import StartError
from gateway.storage import ApiKey, Role, new_id, open_store

_COLUMNS = ("id", "role", "organization", "created_at", "revoked_at")


@click.group()
def keys() -> None:
    """The keys of callers, and fresh encryption keys."""


@keys.command(epilog="Example: export BC_GATEWAY_KEY=$(bc-gateway keys generate)")
def generate() -> None:
    """Print a fresh encryption key: 32 random bytes in base64.

    Keep it where `encryption.keys` of the configuration finds it, and keep a copy: without it
    nothing that was sealed can be opened again.
    """
    click.echo(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii"))


@keys.command(epilog="Example: bc-gateway keys create --role product --organization harwick")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the key may do.")
@click.option("--organization", help="Limit the key to this organization.")
@with_config
@with_format
def create(role: Role, organization: str | None, config: Path | None, fmt: Format) -> None:
    """Make an API key and show it, once.

    It can be made while the gateway runs. `product` reads and writes data, `integrator` also
    tries drafts, `admin` does everything.
    """
    asyncio.run(_create(role, organization, config, fmt))


@keys.command(name="list", epilog="Example: bc-gateway keys list --format json")
@with_config
@with_format
def list_keys(config: Path | None, fmt: Format) -> None:
    """List the keys, without the keys themselves."""
    asyncio.run(_list(config, fmt))


@keys.command(epilog="Example: bc-gateway keys revoke key_1f0c…")
@click.argument("key_id", metavar="ID")
@with_config
def revoke(key_id: str, config: Path | None) -> None:
    """Revoke the key with this id, at once."""
    asyncio.run(_revoke(key_id, config))


async def _create(
    role: Role, organization: str | None, config_file: Path | None, fmt: Format
) -> None:
    config, clock = load_config(config_file), Clock()
    text, hashed = new_key()
    key = ApiKey(
        id=new_id("key"),
        hash=hashed,
        role=role,
        organization=organization,
        created_at=clock.now(),
        revoked_at=None,
    )
    async with open_store(config.storage_url, config.encryption_keys, clock) as store:
        await store.add_key(key)
    if fmt == "json":
        print_json({**_row(key), "key": text})
        return
    click.echo(f"Key {key.id} with the role {role}. It is shown this once:", err=True)
    click.echo(text)


async def _list(config_file: Path | None, fmt: Format) -> None:
    async with opened_store(config_file) as store:
        found = await store.keys()
    print_rows([_row(key) for key in found], _COLUMNS, fmt)


async def _revoke(key_id: str, config_file: Path | None) -> None:
    async with opened_store(config_file) as store:
        if not await store.revoke_key(key_id):
            raise StartError(f"There is no key {key_id}. `bc-gateway keys list` shows them.")
    click.echo(f"Revoked {key_id}.")


def _row(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "role": key.role,
        "organization": key.organization,
        "created_at": timestamp(key.created_at),
        "revoked_at": timestamp(key.revoked_at) if key.revoked_at else None,
    }
