"""What the faults of Microsoft's sign-in refuse and change; ``menu.signin`` has the kinds."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.simulator.control.kinds import Details, Occasion
from gateway.simulator.entra.aadsts import REFUSALS
from gateway.simulator.entra.issuing import Changes
from gateway.simulator.entra.refusals import refuse
from gateway.simulator.errors import EntraError

_TOLD = "The simulator was told to refuse this."
_NONE = Details()


def unknown_number(details: Details) -> str | None:
    """The sentence for a number that is not in the table and comes without its error."""
    number = int(details.number("number"))
    if number in REFUSALS or details.text("error"):
        return None
    return f"AADSTS{number} is not in the simulator's table; say its error too."


def token_refusal(details: Details, _: Occasion) -> Exception:
    """What the token endpoint is to answer."""
    return _refusal(details)


def changes_of(faults: Mapping[str, Details]) -> Changes:
    """What changes inside of Entra's work, by the details of the kinds that strike."""
    refusal = faults.get("authorize_error")
    return Changes(
        without_roles="no_roles" in faults,
        audience=faults.get("wrong_audience", _NONE).text("audience") or None,
        tenant=faults.get("wrong_tenant", _NONE).text("tenant") or None,
        seconds=int(faults.get("clock_skew", _NONE).number("seconds")),
        refusal=None if refusal is None else _refusal(refusal),
    )


def _refusal(details: Details) -> EntraError:
    number, error = int(details.number("number")), details.text("error")
    if number not in REFUSALS:
        status = 401 if error == "invalid_client" else 400
        return EntraError(error, number, _TOLD, status)
    refusal = refuse(number)
    return refusal.of(error) if error else refusal
