"""The accounts of the directories: who can sign in, who is disabled, who has a licence.

Starts as the seed says and is changed by the control API.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.simulator.seed.companies import USERS, Tenant, User


class Accounts:
    """The users of every tenant, in the order they were added."""

    def __init__(self) -> None:
        self._by_name: dict[str, User] = {}
        self.reset()

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_name.values())

    def reset(self) -> None:
        """Back to the seed."""
        self._by_name = {user.username: user for user in USERS}

    def put(self, user: User) -> None:
        """Add a user, or change the one of this name."""
        self._by_name[user.username] = user

    def replace(self, users: list[User]) -> None:
        """Have these users and no others."""
        self._by_name = {user.username: user for user in users}

    def find(self, username: str, tenant: Tenant | None = None) -> User | None:
        """The user of this name, in any case; in ``tenant`` if one is given."""
        user = self._by_name.get(username.lower())
        return user if user and (tenant is None or user.tenant == tenant.id) else None

    def with_id(self, object_id: str) -> User | None:
        """The user with this object id; None for an application."""
        return next((user for user in self if user.object_id == object_id), None)
