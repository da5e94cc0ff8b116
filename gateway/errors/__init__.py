"""The error tree. One class is one problem code, and exists because somebody reacts to it.

    GatewayError                     internal_error               500
    ├── InvalidFiles                 invalid_files                500  the findings of a check; exit 1
    ├── StartError                   cannot_start                 500  one sentence, exit 1
    ├── CallerError
    │   ├── Unauthenticated          unauthenticated              401
    │   ├── Forbidden                forbidden                    403
    │   ├── NotFound                 not_found                    404
    │   │   └── AddressExpired       not_found                    404
    │   ├── UnknownResource          unknown_resource             404
    │   ├── UnknownConnection        unknown_connection           404
    │   ├── MethodNotAllowed         method_not_allowed           405
    │   ├── MalformedRequest         malformed_request            400
    │   ├── InvalidJson              invalid_json                 400
    │   ├── InvalidQuery             invalid_query                400
    │   ├── UnsupportedMediaType     unsupported_media_type       415
    │   ├── TooLarge                 too_large                    413
    │   ├── TooSlow                  too_slow                     408
    │   ├── InvalidInput             invalid_input                422
    │   ├── Rejected                 (the mapping's own code)     422
    │   ├── OperationInProgress      operation_in_progress        409
    │   ├── IdempotencyKeyReused     idempotency_key_reused       409
    │   ├── Ambiguous                ambiguous                    409
    │   └── Conflict                 conflict                     409
    │       └── PreconditionFailed   conflict                     412
    ├── ConnectionStateError
    │   ├── ConnectionNotReady       connection_not_ready         409
    │   ├── ConnectionNeedsConsent   connection_needs_consent     409
    │   ├── ConnectionUnauthorized   connection_unauthorized      409
    │   └── TargetChanged            target_changed               409
    ├── BusinessCentralError
    │   ├── BusinessCentralRefused   business_central_refused     422
    │   ├── RecordGone               not_found                    404
    │   ├── RecordLocked             record_locked                503
    │   ├── RecordChanged            conflict                     409
    │   ├── AlreadyExists            conflict                     409
    │   ├── UnexpectedAnswer         unexpected_answer            502
    │   ├── FilterNotApplied         filter_not_applied           502
    │   ├── OutcomeUnknown           outcome_unknown              409
    │   ├── RateLimited              rate_limited                 503
    │   └── BusinessCentralUnavailable  business_central_unavailable  503
    ├── SignInFailed                 sign_in_failed               502
    ├── StorageUnavailable           storage_unavailable          503
    └── MappingError                 mapping_error                500

The docstring of a class is the text a caller sees when nothing better is given. Facts ride as
keyword arguments and never hold a secret or a personal value. `api/problems.py` is the only
place that turns an error into an answer, the command line the only one that prints it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from gateway.errors.facts import Fault as Fault
from gateway.errors.facts import Place as Place
from gateway.errors.facts import Violation as Violation


class GatewayError(Exception):
    """Something went wrong inside the gateway. The request id leads to the log entry."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        violations: Sequence[Violation] = (),
        retry_after: float | None = None,
        operation: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        self.detail = detail or " ".join((type(self).__doc__ or "").split())
        self.violations = tuple(violations)
        self.retry_after = retry_after
        self.operation = operation
        self.fault = fault
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        """The class in words: `UnknownResource` is "Unknown resource"."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self).__name__).capitalize()
        return words.replace("Business central", "Business Central").replace("json", "JSON")


class InvalidFiles(GatewayError):
    """The configuration, a schema or a mapping has findings. Run `bc-gateway check`."""

    code = "invalid_files"

    def __init__(self, findings: Sequence[object]) -> None:
        self.findings = tuple(findings)
        super().__init__()


class StartError(GatewayError):
    """The gateway cannot start."""

    code = "cannot_start"


class CallerError(GatewayError):
    """The request cannot be served as it is."""

    code = "bad_request"
    status = 400


class Unauthenticated(CallerError):
    """Send `Authorization: Bearer <key>` with a key made by `bc-gateway keys create`."""

    code = "unauthenticated"
    status = 401


class Forbidden(CallerError):
    """This key may not do that. Ask the operator for a key with the role it needs."""

    code = "forbidden"
    status = 403


class NotFound(CallerError):
    """There is nothing at this address."""

    code = "not_found"
    status = 404


class AddressExpired(NotFound):
    """This address has expired. Ask whoever gave it to you for a new one."""


class UnknownResource(CallerError):
    """No mapping of this gateway has that resource. `GET /v1/resources` lists them."""

    code = "unknown_resource"
    status = 404


class UnknownConnection(CallerError):
    """There is no such connection. `GET /v1/connections` lists them."""

    code = "unknown_connection"
    status = 404


class MethodNotAllowed(CallerError):
    """This address does not take that method."""

    code = "method_not_allowed"
    status = 405


class MalformedRequest(CallerError):
    """The request cannot be read as HTTP: its first line, its headers, or where its body ends."""

    code = "malformed_request"


class InvalidJson(CallerError):
    """The body is not JSON as RFC 8259 has it."""

    code = "invalid_json"


class InvalidQuery(CallerError):
    """A query parameter or header is not as this address takes it."""

    code = "invalid_query"


class UnsupportedMediaType(CallerError):
    """Send the body as `Content-Type: application/json` in UTF-8."""

    code = "unsupported_media_type"
    status = 415


class TooLarge(CallerError):
    """The body is larger than this gateway takes."""

    code = "too_large"
    status = 413


class TooSlow(CallerError):
    """The body did not come in time."""

    code = "too_slow"
    status = 408
    retryable = True


class InvalidInput(CallerError):
    """The document does not fit the schema of its resource."""

    code = "invalid_input"
    status = 422


class Rejected(CallerError):
    """A rule of the mapping refuses this document."""

    code = "rejected"
    status = 422

    def __init__(
        self,
        code: str,
        title: str,
        *,
        remedy: str | None = None,
        violations: Sequence[Violation] = (),
        fault: Fault | None = None,
    ) -> None:
        super().__init__(
            f"{title}. {remedy}." if remedy else f"{title}.", violations=violations, fault=fault
        )
        self.own_code = code
        self.own_title = title
        self.remedy = remedy


class OperationInProgress(CallerError):
    """An operation with this idempotency key is under way. Ask for it, or repeat later."""

    code = "operation_in_progress"
    status = 409
    retryable = True


class IdempotencyKeyReused(CallerError):
    """This idempotency key, or the reference it is taken from, was used with another document.
    Give a new document a new key and a new reference; `operation` is what became of the first.
    """

    code = "idempotency_key_reused"
    status = 409


class Conflict(CallerError):
    """The record is not as the request assumes."""

    code = "conflict"
    status = 409


class PreconditionFailed(Conflict):
    """The record has none of the ETags in `If-Match`: it was changed since it was read."""

    status = 412


class Ambiguous(CallerError):
    """Business Central has several records with this key. Change one by its id instead."""

    code = "ambiguous"
    status = 409


class ConnectionStateError(GatewayError):
    """The connection cannot be used as it stands."""

    code = "connection_not_ready"
    status = 409


class ConnectionNotReady(ConnectionStateError):
    """The connection is not set up. Its administrator finishes at its connect page;
    `POST …/reconnect` gives a new address for it.
    """


class ConnectionNeedsConsent(ConnectionStateError):
    """Microsoft wants the administrator to sign in again. `POST …/reconnect` gives the address."""

    code = "connection_needs_consent"


class ConnectionUnauthorized(ConnectionStateError):
    """Business Central refuses this user or application. The permissions there need a look."""

    code = "connection_unauthorized"


class TargetChanged(ConnectionStateError):
    """The environment or the company is not the one that was connected. Writes have stopped."""

    code = "target_changed"


class BusinessCentralError(GatewayError):
    """A call to Business Central did not do what was asked."""

    code = "business_central_refused"
    status = 502


class BusinessCentralRefused(BusinessCentralError):
    """Business Central refused the request."""

    status = 422


class RecordGone(BusinessCentralError):
    """Business Central has no such record: deleted, posted, or not visible to this user."""

    code = "not_found"
    status = 404


class RecordLocked(BusinessCentralError):
    """Somebody holds a lock on the record in Business Central. Nothing was written."""

    code = "record_locked"
    status = 503
    retryable = True


class RecordChanged(BusinessCentralError):
    """Somebody changed the record in Business Central meanwhile."""

    code = "conflict"
    status = 409


class AlreadyExists(BusinessCentralError):
    """Business Central already has a record with this key."""

    code = "conflict"
    status = 409


class UnexpectedAnswer(BusinessCentralError):
    """Business Central's answer cannot be read."""

    code = "unexpected_answer"
    retryable = True


class FilterNotApplied(BusinessCentralError):
    """Business Central answered with records that were not asked for; they were not used."""

    code = "filter_not_applied"


class OutcomeUnknown(BusinessCentralError):
    """The write was sent and no trustworthy answer came back. The gateway is finding out."""

    code = "outcome_unknown"
    status = 409


class RateLimited(BusinessCentralError):
    """Business Central takes no more requests for now. Nothing was sent."""

    code = "rate_limited"
    status = 503
    retryable = True


class BusinessCentralUnavailable(BusinessCentralError):
    """Business Central or Microsoft's sign-in cannot be reached. Nothing was written. Try again
    later.
    """

    code = "business_central_unavailable"
    status = 503
    retryable = True


class SignInFailed(GatewayError):
    """Microsoft's sign-in did not succeed."""

    code = "sign_in_failed"
    status = 502


class StorageUnavailable(GatewayError):
    """The gateway's database cannot be used. Nothing was sent."""

    code = "storage_unavailable"
    status = 503
    retryable = True


class MappingError(GatewayError):
    """The mapping cannot translate this document."""

    code = "mapping_error"
