"""What clients ask before they sign anybody in: metadata, instances, realms (bc/api.md §2)."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.simulator.entra.refusals import refuse
from gateway.simulator.entra.signin import SHARED, tenant_of
from gateway.simulator.exchange import Call
from gateway.simulator.seed.companies import TENANTS

# Microsoft's own names of the public cloud, for clients whose network leads them here.
_PUBLIC = (
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
)
_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of all personal accounts


def openid_configuration(origin: str, path: str) -> dict[str, object]:
    """The metadata of a tenant; the issuer of shared paths is a pattern. Raises EntraError."""
    tenant = tenant_of(path)
    root = f"{origin}/{tenant.id if tenant else path.lower()}"
    return {
        "token_endpoint": f"{root}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "jwks_uri": f"{root}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": _issuer(origin, path),
        "request_uri_parameter_supported": False,
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        "end_session_endpoint": f"{root}/oauth2/v2.0/logout",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "code_challenge_methods_supported": ["plain", "S256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "tid", "oid"],
        "tenant_region_scope": "EU" if tenant else None,
        "cloud_instance_name": "microsoftonline.com",
    }


def _issuer(origin: str, path: str) -> str:
    name = path.lower()
    if name == "consumers":
        return f"{origin}/{_CONSUMERS}/v2.0"
    tenant = tenant_of(path)
    return f"{origin}/{tenant.id if tenant else '{tenantid}'}/v2.0"


def instance_metadata(call: Call) -> dict[str, object]:
    """Whether an authority is one of Microsoft's, and its other names.

    The simulator's own names, with and without the port, are one such instance. Raises
    EntraError (50049) for any other host, and for a tenant that does not exist.
    """
    own = urlsplit(call.origin)
    try:
        asked = urlsplit(dict(call.pairs).get("authorization_endpoint", ""))
        aliases = _aliases(own.netloc, own.hostname or "", own.port)
    except ValueError:
        raise refuse(50049) from None
    if asked.scheme != "https" or asked.netloc.lower() not in {*aliases, *_PUBLIC}:
        raise refuse(50049)
    path = asked.path.strip("/").partition("/")[0] or "common"
    tenant = tenant_of(path)
    root = f"{call.origin}/{path.lower() if path.lower() in SHARED or not tenant else tenant.id}"
    preferred = _PUBLIC[0] if own.hostname in _PUBLIC else own.netloc
    return {
        "tenant_discovery_endpoint": f"{root}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [
            {
                "preferred_network": preferred,
                "preferred_cache": _PUBLIC[1] if preferred in _PUBLIC else preferred,
                "aliases": aliases,
            }
        ],
    }


def _aliases(netloc: str, hostname: str, port: int | None) -> list[str]:
    if hostname in _PUBLIC:
        return list(_PUBLIC)
    hosts = dict.fromkeys([hostname, "localhost", "127.0.0.1", "[::1]"])
    return list(dict.fromkeys([netloc, *hosts, *(f"{host}:{port}" for host in hosts)]))


def user_realm(username: str) -> dict[str, object]:
    """Who keeps an account's password: ``Managed`` is Entra itself."""
    domain = username.rpartition("@")[2].lower()
    known = any(tenant.domain == domain for tenant in TENANTS)
    realm: dict[str, object] = {"ver": "1.0", "account_type": "Managed" if known else "Unknown"}
    if known:
        realm |= {"domain_name": domain}
    return realm | {
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }
