"""Where a connection's API is: in Microsoft's cloud, or on a server of the configuration.

`client.py` builds every address through this module (bc/api.md §1).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from yarl import URL

from gateway.errors import ConnectionNotReady
from gateway.storage import Connection

STANDARD: Final = "v2.0"  # the route of Microsoft's own pages


class Addresses:
    """`url` is the origin of the cloud; `on_premises` leads from the name of a server outside it
    to the address of its instance. `schema_version` is asked for by every address of a company.
    """

    def __init__(
        self, url: str, on_premises: Mapping[str, str], schema_version: str | None = None
    ) -> None:
        self._url = url
        self._on_premises = on_premises
        self._version = "" if schema_version is None else f"$schemaversion={schema_version}"
        self.environments = f"{url}/environments/v1.2"

    def at(
        self,
        connection: Connection,
        path: str,
        query: str = "",
        environment: str | None = None,
        *,
        api: str = STANDARD,
    ) -> str:
        """Where `path` of the route `api` is. Raises `ConnectionNotReady`.

        A server that serves several tenants is told which by the query (bc/api.md §1).
        """
        name, tenant = environment or connection.environment, connection.tenant
        if self._version:
            query = f"{query}&{self._version}" if query else self._version
        if connection.grant == "basic":
            root = self._server(name)
            if tenant:
                own = f"tenant={_quoted(tenant)}"
                query = f"{query}&{own}" if query else own
        elif tenant is None or name is None:
            raise ConnectionNotReady
        else:
            root = f"{self._url}/v2.0/{tenant}/{_quoted(name)}"
        return f"{root}/api/{api}/{path}?{query}" if query else f"{root}/api/{api}/{path}"

    def pinned(self, schema_version: str) -> Addresses:
        """The same, for a version of Business Central's schemas (bc/api.md §1)."""
        return Addresses(self._url, self._on_premises, schema_version)

    def owns(self, connection: Connection, url: str) -> bool:
        """Whether `url`, which an answer named, is where the token of `connection` may go."""
        own = self._server(connection.environment) if connection.grant == "basic" else self._url
        try:
            return URL(url, encoded=True).origin() == URL(own).origin()
        except ValueError:
            return False

    def _server(self, name: str | None) -> str:
        url = self._on_premises.get(name or "")
        if url is None:
            raise ConnectionNotReady(
                "Its server does not stand in the gateway's configuration any more, under "
                "business_central.on_premises."
            )
        return url


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return quote(text, safe="")
