"""An environment: its companies, and who subscribed to what happens in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.simulator.catalogue.entities import NEWEST
from gateway.simulator.records.store import Company
from gateway.simulator.webhooks.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of a tenant; ``type`` is Production or Sandbox, ``release`` its version."""

    name: str
    type: str
    companies: dict[str, Company]
    release: str = NEWEST
    subscriptions: Subscriptions = field(default_factory=Subscriptions)

    @property
    def version(self) -> str:
        """Its version in four parts, such as ``28.0.0.0`` (a choice: no build number)."""
        return f"{self.release}.0.0"

    def company(self, name_or_id: str) -> Company | None:
        """The company with this id or name, in any case."""
        wanted = name_or_id.lower()
        found = (c for c in self.companies.values() if wanted in {c.id, c.name.lower()})
        return next(found, None)
