"""All the routes of one running simulator: Microsoft's own, and those that a seed declares."""

from __future__ import annotations

from gateway.simulator.catalogue.entities import (
    ROUTES,
    Catalogue,
    EntitySet,
    load_catalogue,
    load_stored,
)


class Catalogues:
    """What each route has in each release. ``declared`` are the entity sets of custom routes,
    which are there in every release.
    """

    def __init__(self, declared: tuple[EntitySet, ...] = ()) -> None:
        self._declared = declared
        self._made: dict[tuple[str, str], Catalogue] = {}
        self.routes = (*ROUTES, *dict.fromkeys(one.route for one in declared))
        self.stored = load_stored()
        if declared:
            self.stored = Catalogue((*self.stored.sets.values(), *declared), declared=declared)

    def of(self, release: str, route: str) -> Catalogue:
        """What ``route``, one of ``routes``, has in ``release``. Raises ValueError."""
        if not self._declared:
            return load_catalogue(release, route)
        known = self._made.get((release, route))
        if known is None:
            own = tuple(one for one in self._declared if one.route == route)
            shared = list(load_catalogue(release, route).sets.values())
            if route not in ROUTES:  # every route has its own (bc/api.md §9)
                shared.append(load_catalogue(release).sets["subscriptions"])
            known = Catalogue((*shared, *own), release, route, self._declared)
            self._made[release, route] = known
        return known
