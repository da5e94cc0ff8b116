"""Every AADSTS number the simulator says, in one table: OAuth error, status, text.

The numbers are those of bc/api.md §2 and the ones the endpoints raise by themselves; the texts
are short forms of Entra's reference of error codes. Where the facts leave the OAuth error or the
status open the table is a choice: 401 for ``invalid_client``, 503 for what passes by itself, 429
for a throttled tenant, ``interaction_required`` where a person has to do something, else 400.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row of the table. ``text`` has the places ``{app}``, ``{name}``, ``{tenant}``,
    ``{user}`` and some of its own; ``status`` 0 follows from the error.
    """

    error: str
    text: str
    status: int = 0
    suberror: str = ""
    claims: str = ""


# A claims challenge: Conditional Access wants its policy satisfied, the client passes it on.
CHALLENGE = (
    '{"access_token":{"capolids":{"essential":true,'
    '"values":["5d1e7a52-0b6c-4c1f-9b0e-3f2a8c6d7e10"]}}}'
)


def _grant(text: str, suberror: str = "") -> Refusal:
    return Refusal("invalid_grant", text, suberror=suberror)


def _challenge(text: str) -> Refusal:
    return Refusal("interaction_required", text, suberror="basic_action", claims=CHALLENGE)


def _blocked(text: str) -> Refusal:
    return Refusal("invalid_grant", text, suberror="message_only", claims=CHALLENGE)


def _request(text: str) -> Refusal:
    return Refusal("invalid_request", text)


def _client(text: str) -> Refusal:
    return Refusal("invalid_client", text)


def _passing(text: str, status: int = 503) -> Refusal:
    return Refusal("temporarily_unavailable", text, status)


_DEAD_GRANTS = {
    54005: _grant(
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or "
        "use an existing refresh token."
    ),
    50089: _grant("Authentication failed due to flow token expired."),
    50132: _grant("The session is not valid: it was revoked.", "bad_token"),
    50133: _grant("The session is not valid due to a recent password change.", "bad_token"),
    50173: _grant(
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
        "The user might have changed or reset their password.",
        "bad_token",
    ),
    70000: _grant("The provided authorization code was issued to another application."),
    700005: _grant(
        "The provided authorization code is intended to use against another tenant, thus rejected."
    ),
    70008: _grant(
        "The provided authorization code or refresh token has expired due to inactivity. "
        "Send a new interactive authorization request for this user and resource."
    ),
    700082: _grant("The refresh token has expired due to inactivity.", "bad_token"),
    70043: _grant(
        "The refresh token has expired or is invalid due to sign-in frequency checks by "
        "conditional access.",
        "bad_token",
    ),
    700084: _grant(
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, "
        "limited lifetime of 1.00:00:00, which can't be extended. It is now expired and a new "
        "sign in request must be sent by the SPA to the sign in page.",
        "bad_token",
    ),
    500112: _grant(
        "The reply address '{uri}' does not match the reply address provided when requesting the "
        "authorization code."
    ),
    501481: _grant(
        "The Code_Verifier does not match the code_challenge supplied in the authorization request."
    ),
}

_PEOPLE = {
    50072: _challenge(
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must enroll in multi-factor authentication to access '{app}'."
    ),
    50074: _challenge("Strong Authentication is required."),
    50076: _challenge(
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must use multi-factor authentication to access '{app}'."
    ),
    50078: _challenge(
        "Presented multi-factor authentication has expired due to policies configured by your "
        "administrator, you must refresh your multi-factor authentication to access '{app}'."
    ),
    50079: _challenge(
        "Due to a configuration change made by your administrator, or because you moved to a new "
        "location, you must enroll in multi-factor authentication to access '{app}'."
    ),
    50097: _challenge("Device authentication is required."),
    50158: _challenge("External security challenge was not satisfied."),
    50131: _blocked("Conditional Access failed: the request was blocked by a policy decision."),
    53000: _blocked(
        "Your device is required to be managed to access this resource, and it is not compliant."
    ),
    53001: _blocked("Device is not in required device state: domain joined."),
    53002: _blocked("Application used is not an approved application for Conditional Access."),
    53003: _blocked(
        "Access has been blocked by Conditional Access policies. The access policy does not allow "
        "token issuance."
    ),
    53004: _blocked(
        "User needs to complete the multi-factor authentication registration process before "
        "accessing this content."
    ),
    530032: _blocked(
        "User blocked due to a security policy that the tenant's administrator has configured."
    ),
    50014: _grant("The user's redemption is in a pending state: {user} is a guest that waits."),
    50020: _grant(
        "User account '{user}' from identity provider does not exist in tenant '{tenant}' and "
        "cannot access the application '{app}'({name}) in that tenant. The account needs to be "
        "added as an external user in the tenant first."
    ),
    50034: _grant(
        "The user account {user} does not exist in the {tenant} directory. To sign into this "
        "application, the account must be added to the directory."
    ),
    50057: _grant("The user account is disabled."),
    50058: Refusal(
        "login_required",
        "A silent sign-in request was sent but no user is signed in.",
    ),
    50105: _grant(
        "Your administrator has configured the application {name} ('{app}') to block users unless "
        "they are specifically granted ('assigned') access to the application. The signed in user "
        "'{user}' is blocked because they are not assigned."
    ),
    51004: _grant("The user account {user} does not exist in the {tenant} directory."),
    90072: _grant(
        "User account '{user}' from external identity provider does not exist in tenant "
        "'{tenant}' and cannot access the application '{app}'({name}) in that tenant. The account "
        "needs to be added as an external user in the tenant first."
    ),
    16000: Refusal(
        "interaction_required",
        "Either multiple user identities are available for the current request or selected "
        "account is not supported for the scenario.",
    ),
}

_CONSENT = {
    65001: _grant(
        "The user or administrator has not consented to use the application with ID '{app}' named "
        "'{name}'. Send an interactive authorization request for this user and resource.",
        "consent_required",
    ),
    65004: Refusal("access_denied", "User declined to consent to access the app."),
    90094: _grant(
        "The grant requires admin permission: an administrator of {tenant} must consent to "
        "'{app}'.",
        "consent_required",
    ),
    90095: _grant(
        "Admin consent is required: the request for it was sent to the administrators.",
        "consent_required",
    ),
    90099: Refusal(
        "unauthorized_client",
        "The application '{app}' ({name}) has not been authorized in the tenant '{tenant}'. "
        "Applications must be authorized to access the customer tenant before partner delegated "
        "administrators can use them.",
    ),
}

_APPLICATION = {
    50011: _request(
        "The redirect URI '{uri}' specified in the request does not match the redirect URIs "
        "configured for the application '{app}'. Make sure the redirect URI sent in the request "
        "matches one added to your application in the Azure portal."
    ),
    50012: _client("Authentication failed: the client_assertion_type must be jwt-bearer."),
    50027: _client("The client assertion is no valid JWT token."),
    50194: _request(
        "Application '{app}'({name}) is not configured as a multi-tenant application. Usage of "
        "the /common endpoint is not supported for such apps created after '10/15/2018'. Use a "
        "tenant-specific endpoint or configure the application to be multi-tenant."
    ),
    65005: Refusal(
        "invalid_resource",
        "The application '{app}' asked for scope '{scope}' that is not in its requested "
        "permissions.",
    ),
    650052: _client(
        "The app is trying to access a service '996def3d-b36c-4153-8607-a6fd3c01b89f'(Dynamics "
        "365 Business Central) that your organization '{tenant}' lacks a service principal for. "
        "Contact your IT Admin to review the configuration of your service subscriptions or "
        "consent to the application in order to create the required service principal."
    ),
    650053: _client(
        "The application '{name}' asked for scope '{scope}' that doesn't exist on the resource "
        "'996def3d-b36c-4153-8607-a6fd3c01b89f'. Contact the app vendor."
    ),
    650056: _client(
        "Misconfigured application. The client has not listed any permissions in the requested "
        "permissions in the client's application registration, or the admin has not consented in "
        "the tenant."
    ),
    650057: Refusal(
        "invalid_resource",
        "Invalid resource. The client has requested access to a resource which is not listed in "
        "the requested permissions in the client's application registration. Client app ID: "
        "{app}({name}). Resource value from request: {scope}.",
    ),
    500011: Refusal(
        "invalid_resource",
        "The resource principal named {scope} was not found in the tenant named {tenant}. This "
        "can happen if the application has not been installed by the administrator of the tenant "
        "or consented to by any user in the tenant. You might have sent your authentication "
        "request to the wrong tenant.",
    ),
    70001: Refusal(
        "unauthorized_client", "Application with identifier '{app}' is disabled or unknown."
    ),
    70002: _client("The client application must provide valid credentials."),
    70004: _request("The app returned an invalid redirect URI '{uri}'."),
    700016: Refusal(
        "unauthorized_client",
        "Application with identifier '{app}' was not found in the directory '{tenant}'. This can "
        "happen if the application has not been installed by the administrator of the tenant or "
        "consented to by any user in the tenant. You may have sent your authentication request to "
        "the wrong tenant.",
    ),
    7000112: Refusal("unauthorized_client", "Application '{app}'({name}) is disabled."),
    7000215: _client(
        "Invalid client secret provided. Ensure the secret being sent in the request is the "
        "client secret value, not the client secret ID, for a secret added to app '{app}'."
    ),
    7000218: _client(
        "The request body must contain the following parameter: 'client_assertion' or "
        "'client_secret'."
    ),
    7000222: _client(
        "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to "
        "create new keys for your app, or consider using certificate credentials for added "
        "security."
    ),
    7000229: Refusal(
        "unauthorized_client",
        "The client application '{app}' is missing service principal in the tenant '{tenant}'.",
    ),
    700021: _client("Client assertion application identifier doesn't match 'client_id' parameter."),
    700023: _client("Client assertion audience claim does not match Realm issuer."),
    700024: _client("Client assertion is not within its valid time range."),
    700027: _client(
        "The certificate with identifier used to sign the client assertion is not registered on "
        "application, or the signature is not valid."
    ),
    900971: _request("No reply address provided."),
}

_REQUESTS = {
    50049: Refusal("invalid_instance", "Unknown or invalid instance."),
    50059: _request(
        "No tenant-identifying information found in either the request or implied by any provided "
        "credentials."
    ),
    70003: Refusal(
        "unsupported_grant_type", "The app requested an unsupported grant type '{value}'."
    ),
    70011: Refusal(
        "invalid_scope",
        "The provided value for the input parameter 'scope' is not valid. The scope {scope} is "
        "not valid.",
    ),
    700022: Refusal(
        "invalid_scope",
        "The provided value for the input parameter 'scope' is not valid: it names more than one "
        "resource.",
    ),
    700054: Refusal(
        "unsupported_response_type",
        "The response_type '{value}' is not enabled for the application.",
    ),
    1002012: Refusal(
        "invalid_scope",
        "The provided value for scope {scope} is not valid. Client credential flows must have a "
        "scope value with /.default suffixed to the resource identifier (application ID URI).",
    ),
    90002: _request(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud. Check with your subscription administrator, this may "
        "happen if there are no active subscriptions for the tenant."
    ),
    90023: _request("Unsupported '{value}' value."),
    90124: _request(
        "Resource '996def3d-b36c-4153-8607-a6fd3c01b89f' is not supported over the /common or "
        "/consumers endpoints. Please use the /organizations or tenant-specific endpoint."
    ),
    501491: _request("Invalid size of Code_Challenge parameter."),
    900144: _request("The request body must contain the following parameter: '{value}'."),
    9001023: _request(
        "The grant type is not supported over the /common or /consumers endpoints. Please use the "
        "/organizations or tenant-specific endpoint."
    ),
    9002313: _request("Invalid request. Request is malformed or invalid."),
    9002331: _request(
        "Application '{app}'({name}) is configured for use by Azure Active Directory users only. "
        "Please do not use the /consumers endpoint to serve this request."
    ),
}

_TRANSIENT = {
    50033: Refusal("server_error", "A transient error has occurred. Please try again."),
    50196: _grant(
        "The server terminated an operation because it encountered a client request loop. Please "
        "contact your app vendor."
    ),
    90006: _passing("The service is temporarily unavailable."),
    90012: _passing("The request has timed out."),
    90024: _passing("A transient error has occurred. Please try again: request budget exceeded."),
    90033: _passing("A transient error has occurred. Please try again."),
    90055: _passing("There are too many incoming requests for this tenant.", 429),
    90090: _passing("The service is temporarily unavailable. Please retry later."),
}

REFUSALS: dict[int, Refusal] = {
    **_DEAD_GRANTS,
    **_PEOPLE,
    **_CONSENT,
    **_APPLICATION,
    **_REQUESTS,
    **_TRANSIENT,
}
