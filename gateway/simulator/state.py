"""All state of one simulator: environments, sign-ins, faults, journal, clock."""

from __future__ import annotations

from gateway.simulator.catalogue.entities import NEWEST, load_catalogue, load_stored
from gateway.simulator.clock import Clock
from gateway.simulator.control.faults import Faults
from gateway.simulator.control.journal import Journal
from gateway.simulator.entra.assertions import Certificates
from gateway.simulator.entra.endpoints import Entra
from gateway.simulator.entra.registrations import Registrations
from gateway.simulator.entra.signin import SignIns
from gateway.simulator.entra.tokens import Tokens
from gateway.simulator.records.history import History
from gateway.simulator.seed.companies import build_environments
from gateway.simulator.webhooks.delivery import Webhooks


class State:
    """What ``listener`` and ``control`` work on. ``url`` is the origin of the simulator.

    ``on_premises`` tells whether a server outside Microsoft's cloud is served as well,
    ``release`` is the one that every environment has.
    """

    def __init__(
        self,
        url: str,
        seed: int,
        clock: Clock,
        *,
        on_premises: bool = False,
        release: str = NEWEST,
    ) -> None:
        self.url = url
        self.clock = clock
        self.catalogue = load_catalogue(release)
        self.stored = load_stored()
        self.faults = Faults()
        self.journal = Journal()
        self.tokens = Tokens(clock)
        self.signins = SignIns()
        self.certificates = Certificates()
        self.registrations = Registrations()
        self.entra = Entra(clock, self.tokens, self.signins, self.certificates, self.registrations)
        self.on_premises = on_premises
        self.webhooks = Webhooks(clock)
        self.history = History(clock)
        self.seed = seed
        self._build()

    def reset(self) -> None:
        """Back to the seed: records, faults, journal, sign-ins and the clock's advances.

        Access tokens that were issued stay good for as long as they last.
        """
        self.clock.reset()
        self.faults.clear()
        self.journal.clear()
        self.signins.clear()
        self.certificates.keys.clear()
        self.registrations.reset()
        self._build()

    def _build(self) -> None:
        """Fresh environments, and nothing that happened to them."""
        self.environments = build_environments(self.stored, self.clock, self.seed)
        self.webhooks.watch(self.environments)
        self.history.clear()
        for environment in self.environments.values():
            self.history.watch(environment.companies.values())
