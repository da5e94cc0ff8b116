"""What the directories know about the applications: secrets, and who has consented to what.

Starts as the seed says and is changed by the pages of ``authorize`` and ``adminconsent`` and by
the control API. Roles are the application's permissions in a tenant (bc/api.md §2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gateway.simulator.clock import Clock
from gateway.simulator.entra.refusals import refuse
from gateway.simulator.seed.companies import APPLICATIONS, TENANT_ID, Application, User

ROLES = ("API.ReadWrite.All", "app_access")
ADMIN_CENTER_ROLE = "AdminCenter.ReadWrite.All"
KNOWN_ROLES = (*ROLES, "Automation.ReadWrite.All", ADMIN_CENTER_ROLE)


@dataclass(slots=True)
class Registrations:
    """Secrets with their expiry by application; consents by tenant or user and application."""

    secrets: dict[str, dict[str, datetime | None]] = field(default_factory=dict, repr=False)
    roles: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    tenants: set[tuple[str, str]] = field(default_factory=set)
    users: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Back to the seed: the first tenant has given the application its roles.

        Nobody has agreed to be acted for yet, so the page asks everybody once.
        """
        self.secrets = {application.id: {application.secret: None} for application in APPLICATIONS}
        self.roles = {(TENANT_ID, application.id): ROLES for application in APPLICATIONS}
        self.tenants, self.users = set(), set()

    def check_secret(self, application: Application, secret: str, clock: Clock) -> None:
        """Refuse what is none of its secrets (7000215) or has expired (7000222).

        Raises EntraError.
        """
        secrets = self.secrets[application.id]
        if secret not in secrets:
            raise refuse(7000215, app=application.id)
        expires = secrets[secret]
        if expires is not None and expires <= clock.now():
            raise refuse(7000222, app=application.id)

    def consented(self, user: User, application: Application) -> bool:
        """Whether the user, or an administrator for everybody, has agreed already."""
        return (user.object_id, application.id) in self.users or (
            user.tenant,
            application.id,
        ) in self.tenants

    def consent(self, user: User, application: Application) -> None:
        """Remember that the user has agreed."""
        self.users.add((user.object_id, application.id))

    def consent_for_all(
        self, tenant: str, application: Application, roles: tuple[str, ...] = ROLES
    ) -> None:
        """Remember that an administrator has agreed for everybody, and to ``roles``."""
        self.tenants.add((tenant, application.id))
        self.roles[(tenant, application.id)] = roles

    def withdraw(self, tenant: str, application: Application, users: tuple[User, ...]) -> None:
        """Forget every consent of a tenant, of its administrators and of its users."""
        self.roles.pop((tenant, application.id), None)
        self.tenants.discard((tenant, application.id))
        for user in users:
            if user.tenant == tenant:
                self.users.discard((user.object_id, application.id))

    def roles_in(self, tenant: str, application: Application) -> tuple[str, ...]:
        """The application's permissions in a tenant; none before consent."""
        return self.roles.get((tenant, application.id), ())
