"""Payments and credit memos that name the invoice they are for (bc/api.md §11, source A).

Called by ``writes`` after such a property was stored.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.simulator.catalogue.entities import ZERO_GUID
from gateway.simulator.documents.headers import is_posted
from gateway.simulator.documents.rules import AGAINST, PAYMENTS
from gateway.simulator.errors import dialog
from gateway.simulator.records.store import Company, Values

_PAID = {name: ("appliesToInvoice", payment.invoices) for name, payment in PAYMENTS.items()}
_TAKEN_BACK = {name: ("invoice", target) for name, target in AGAINST.items() if "Memo" in name}
_NAMING = _PAID | _TAKEN_BACK


def refer(company: Company, name: str, values: Values, field: str, given: Collection[str]) -> None:
    """Fill the number of the invoice from its id, or the id from the number.

    ``given`` names the properties that the caller sent already. A number that no invoice has
    stays, until it is posted. Raises BusinessCentralError.
    """
    stem, invoices = _NAMING.get(name, ("", ""))
    if field not in {f"{stem}Id", f"{stem}Number"} or not stem:
        return
    by_id = field.endswith("Id")
    found = (
        company.get(invoices, values[field])
        if by_id
        else company.table(invoices).lookup(values[field])
    )
    if found is not None and not is_posted(invoices, found.values):
        found = None
    if by_id and found is None and values[field] != ZERO_GUID:
        raise dialog(
            f'The "{field}" should be the ID of an Open, Paid, Corrective, or Canceled Invoice.'
            if name in PAYMENTS
            else f'The "{field}" does not match to an Invoice.'
        )
    mine = {
        f"{stem}Id": found.id if found else ZERO_GUID,
        f"{stem}Number": found.values["number"] if found else ("" if by_id else values[field]),
    }
    if any(other in given and values[other] != mine[other] for other in mine if other != field):
        raise dialog(
            "The Applies To Invoice values do not match to the same Invoice."
            if name in PAYMENTS
            else f'The "{stem}Id" and "{stem}Number" do not match to a specific Invoice.'
        )
    values.update(mine)
    if found is not None and name in PAYMENTS:
        party = PAYMENTS[name].party
        if values[f"{party}Id"] == ZERO_GUID:
            values.update({key: found.values[key] for key in (f"{party}Id", f"{party}Number")})
