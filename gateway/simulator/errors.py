"""What goes wrong in the simulator, as the two servers it plays would say it.

``BusinessCentralError`` carries status, code and text of one refusal; ``EntraError`` carries an
OAuth error with its AADSTS number. Rooms below the web raise them, ``listener`` writes the bodies.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


class BusinessCentralError(Exception):
    """One refusal of Business Central (bc/api.md §4).

    ``status`` is the HTTP status, ``code`` the error code, ``text`` the message without the
    correlation id, which is added when the body is written. ``retry_after`` is in seconds.
    """

    def __init__(
        self, status: int, code: str, text: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.retry_after = retry_after

    def at(self, place: str) -> BusinessCentralError:
        """The same refusal, of what stands at a place of a file."""
        return BusinessCentralError(self.status, self.code, f"{place}: {self.text}")


class EntraError(Exception):
    """One refusal of Microsoft Entra (bc/api.md §2): OAuth error, AADSTS number, text.

    ``suberror`` and ``claims`` stand in the body where they are not empty. ``entra.aadsts``
    has the table of them.
    """

    def __init__(
        self,
        error: str,
        number: int,
        text: str,
        status: int = 400,
        *,
        suberror: str = "",
        claims: str = "",
    ) -> None:
        super().__init__(text)
        self.error = error
        self.number = number
        self.text = text
        self.status = status
        self.suberror = suberror
        self.claims = claims

    def of(self, error: str) -> EntraError:
        """The same refusal under another OAuth error."""
        return EntraError(
            error,
            self.number,
            self.text,
            self.status,
            suberror=self.suberror,
            claims=self.claims,
        )


class ControlError(Exception):
    """A mistake in a call of the control API; the text says what to change."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def bad_request(text: str) -> BusinessCentralError:
    """The body or the query can not be understood."""
    return BusinessCentralError(400, "BadRequest", text)


def dialog(text: str) -> BusinessCentralError:
    """A business rule of the application refuses: AL's ``Error('…')``."""
    return BusinessCentralError(400, "Application_DialogException", text)


def field_error(text: str) -> BusinessCentralError:
    """A field does not have the value that it must have: AL's ``TestField`` (bc/api.md §4)."""
    return BusinessCentralError(400, "Application_FieldValidationException", text)


def not_found(caption: str, identification: str) -> BusinessCentralError:
    """The addressed record is not there."""
    text = f"The {caption} does not exist. Identification fields and values: {identification}"
    return BusinessCentralError(404, "Internal_RecordNotFound", text)


def already_exists(caption: str, identification: str) -> BusinessCentralError:
    """A record with this key is there already; 400 was seen live (bc/api.md §3)."""
    text = f"The {caption} already exists. Identification fields and values: {identification}"
    return BusinessCentralError(400, "Internal_EntityWithSameKeyExists", text)


def unknown_segment(segment: str) -> BusinessCentralError:
    """The path names an entity set or part that does not exist."""
    text = f"Resource not found for the segment '{segment}'."
    return BusinessCentralError(404, "BadRequest_ResourceNotFound", text)


def bad_key() -> BusinessCentralError:
    """A key in the path can not be read."""
    text = "Bad Request - Error in query syntax."
    return BusinessCentralError(404, "BadRequest_NotFound", text)


def blank_refused(field: str) -> BusinessCentralError:
    """A field that must carry a value is blank."""
    text = f"Field '{field}' must not be blank or empty."
    return BusinessCentralError(400, "BadRequest_RequiredParamNotProvided", text)


def unrelated(field: str, table: str, value: str, related: str) -> BusinessCentralError:
    """A code names a record of another table that is not there."""
    text = (
        f"The field {field} of table {table} contains a value ({value}) "
        f"that cannot be found in the related table ({related})."
    )
    return BusinessCentralError(400, "Internal_InvalidTableRelation", text)


def method_not_allowed(method: str, resource: str) -> BusinessCentralError:
    """The entity set does not have this verb."""
    text = (
        f"'{method}' requests for '{resource}' of EdmType 'Entity' are not allowed "
        "within Microsoft Dynamics NAV OData web services."
    )
    return BusinessCentralError(405, "BadRequest_MethodNotAllowed", text)


def no_actions(resource: str) -> BusinessCentralError:
    """The entity set has no bound actions at all (bc/api.md §4)."""
    text = f"The resource '{resource}' does not support bound actions."
    return BusinessCentralError(501, "BadRequest_MethodNotImplemented", text)


def filter_unsupported(
    text: str = "The OData filter expression is not supported.",
) -> BusinessCentralError:
    """A filter or an order that has no AL form (bc/api.md §5)."""
    return BusinessCentralError(501, "BadRequest_MethodNotImplemented", text)


def not_simulated(what: str) -> BusinessCentralError:
    """Business Central can do this, the simulator can not yet; see ``coverage``."""
    text = f"The simulator does not do this yet: {what}. See GET /_simulator/coverage."
    return BusinessCentralError(501, "BadRequest_MethodNotImplemented", text)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A sentence with what a word that is not known may have meant; blank without an idea."""
    near = get_close_matches(word, known, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
