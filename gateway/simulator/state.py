"""All state of one simulator: environments, sign-ins, faults, journal, clock."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from gateway.simulator.catalogue.catalogues import Catalogues
from gateway.simulator.catalogue.entities import NEWEST, STANDARD, UNLISTED, EntitySet
from gateway.simulator.clock import Clock
from gateway.simulator.control.faults import Faults
from gateway.simulator.control.journal import Journal
from gateway.simulator.control.kinds import Occasion
from gateway.simulator.entra.assertions import Certificates
from gateway.simulator.entra.endpoints import Entra
from gateway.simulator.entra.registrations import Registrations
from gateway.simulator.entra.signin import SignIns
from gateway.simulator.entra.tokens import Tokens
from gateway.simulator.environments import Environment
from gateway.simulator.exchange import Call
from gateway.simulator.limits import Turns
from gateway.simulator.records.history import History
from gateway.simulator.routes import entity_named
from gateway.simulator.seed.companies import build_environments
from gateway.simulator.seed.seeding import Rows, Seeding
from gateway.simulator.webhooks.delivery import Webhooks


class State:
    """What ``listener`` and ``control`` work on. ``url`` is the origin of the simulator.

    ``on_premises`` tells whether a server outside Microsoft's cloud is served as well,
    ``release`` is the one that every environment has at first, ``items`` how many there are
    beside the invented ones, ``rows`` more of them and others, ``declared`` the entity sets of
    custom routes.
    """

    def __init__(
        self,
        url: str,
        seed: int,
        clock: Clock,
        *,
        items: int = 0,
        rows: Rows | None = None,
        on_premises: bool = False,
        release: str = NEWEST,
        declared: tuple[EntitySet, ...] = (),
    ) -> None:
        self.url = url
        self.clock = clock
        self.catalogues = Catalogues(declared)
        self.routes = {
            route: self.catalogues.of(release, route) for route in self.catalogues.routes
        }
        self.catalogue = self.routes[STANDARD]
        self.sets = {
            name: one for known in self.routes.values() for name, one in known.sets.items()
        }
        self.segments = frozenset(one.segment for one in self.sets.values())
        self.stored = self.catalogues.stored
        unlisted = {name: one for name, one in self.stored.sets.items() if one.route == UNLISTED}
        self.sets.update(unlisted)
        self.faults = Faults(
            {one.segment for name, one in self.stored.sets.items() if name not in unlisted}
        )
        self.journal = Journal()
        self.tokens = Tokens(clock)
        self.signins = SignIns()
        self.certificates = Certificates()
        self.registrations = Registrations()
        self.entra = Entra(clock, self.tokens, self.signins, self.certificates, self.registrations)
        self.on_premises = on_premises
        self.turns = Turns(clock)
        self.webhooks = Webhooks(clock, self._striking)
        self.release = release
        self.history = History(clock)
        # Counted up by whatever may change what is kept; see ``keeper``.
        self.changes = 0
        # Another one whenever all environments are; it is set when that is over, so that who waits
        # in it goes on, and finds that there is nothing left to do.
        self.era = asyncio.Event()
        self.seeding = Seeding(seed, items, rows or {})
        self.take(build_environments(self.stored, clock, self.seeding, release))

    def addressed(self, segments: list[str]) -> EntitySet | None:
        """The entity set that a path is about, as far as its names tell."""
        name, path = entity_named(segments, self.segments), "/".join(segments)
        for route, catalogue in reversed(self.routes.items()):
            if f"api/{route}/" in path:
                return catalogue.addressed.get(name or "")
        return None

    def _striking(self, url: str) -> dict[str, float]:
        """The faults that strike a letter to ``url``."""
        letter = Call("POST", urlsplit(url).path, "", {}, b"", url)
        occasion = Occasion(letter, None, None, self.clock.now(), notifying=True)
        struck = self.faults.striking(occasion)
        return {fault.kind.name: fault.details.number("seconds") for fault in struck}

    @property
    def seed(self) -> int:
        """The number that decides every id."""
        return self.seeding.number

    def reset(self, seeding: Seeding | None = None) -> None:
        """Back to the seed, or to another one: records, users, faults, journal, sign-ins, clock.

        Access tokens stay good, as if they had been issued now. Raises what
        ``build_environments`` raises, and is as before then.
        """
        seeding, setting = seeding or self.seeding, self.clock.setting
        self.clock.reset()
        try:
            environments = build_environments(self.stored, self.clock, seeding, self.release)
        except BaseException:  # the clock is as before, whatever it is; it is raised again
            self.clock.restore(*setting)
            raise
        self.seeding = seeding
        self.faults.clear()
        self.journal.clear()
        self.signins.clear()
        self.certificates.keys.clear()
        self.registrations.reset()
        self.turns.clear()
        self.tokens.renew()
        self.take(environments)

    def take(self, environments: dict[str, Environment]) -> None:
        """Have these environments, to which nothing has happened yet."""
        self.era.set()
        self.era = asyncio.Event()
        self.environments = environments
        self.webhooks.watch(environments)
        self.history.clear()
        for environment in environments.values():
            self.history.watch(environment.companies.values())
