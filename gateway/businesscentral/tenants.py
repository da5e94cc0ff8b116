"""What a tenant has: environments, and their companies (bc/api.md §1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import UnexpectedAnswer


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment of a tenant, or a server outside Microsoft's cloud.

    `type` is Production or Sandbox, `country` the code of its localisation, `ring` the ring of
    updates, `web_client_url` where people sign in.
    """

    name: str
    type: str
    country: str | None = None
    ring: str | None = None
    web_client_url: str | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """A company. `name` is its key and cannot be blank; people know it by `display_name`."""

    id: str
    name: str
    display_name: str
    system_version: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


def environment_of(row: Mapping[str, object]) -> Environment:
    """An environment of the list. Raises `UnexpectedAnswer`."""
    return Environment(
        _text(row, "name"),
        _text(row, "type"),
        _optional(row, "countryCode"),
        _optional(row, "ringName"),
        _optional(row, "webClientLoginUrl"),
    )


def company_of(row: Mapping[str, object]) -> Company:
    """A company of the list. Raises `UnexpectedAnswer`."""
    name = _text(row, "name")
    return Company(
        _text(row, "id").lower(),
        name,
        _optional(row, "displayName") or name,
        _optional(row, "systemVersion"),
        _optional(row, "systemCreatedAt"),
        _optional(row, "systemModifiedAt"),
    )


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise UnexpectedAnswer(f"Business Central named something without a {name}.")
    return value


def _optional(row: Mapping[str, object], name: str) -> str | None:
    value = row.get(name)
    return value if isinstance(value, str) and value else None
