"""What a line of a journal takes from the account, customer or vendor that it names.

``writes`` tells this room about every property right after it was stored (BCApps,
GenJournalLine.Table.al: Account No., Bal. Account No.).
"""

from __future__ import annotations

from gateway.simulator.catalogue.entities import ZERO_GUID
from gateway.simulator.documents.rules import ACCOUNT_SETS, BALANCES, PAYMENTS
from gateway.simulator.errors import field_error
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.values import decode_member

_TYPES = {"account": "accountType", "balancingAccount": "balanceAccountType"}


def journal_line_changed(
    company: Company, name: str, values: Values, field: str, before: Values
) -> None:
    """React to a property of a line of the set ``name`` that was stored as ``field``.

    An account of another type is another account: the one that was named is forgotten. Raises
    BusinessCentralError for an account that is not posted to.
    """
    for stem, kind in _TYPES.items():
        if field == kind:
            values.update({f"{stem}Id": ZERO_GUID, f"{stem}Number": ""})
        if field in {f"{stem}Id", f"{stem}Number"} and values[kind] == "G_x002F_L_x0020_Account":
            _refuse_unposted(company, values[f"{stem}Id"])
    found, last = _named(company, name, values), _named(company, name, before)
    if found is None or (last is not None and last.id == found.id):
        return
    own = values["description"]
    if not own or (last is not None and own == last.values["displayName"]):
        values["description"] = found.values["displayName"]


def _named(company: Company, name: str, values: Values) -> Record | None:
    """Whose line it is: of an account, a customer or a vendor."""
    if name in PAYMENTS:
        party = PAYMENTS[name].party
        return company.get(BALANCES[party][0], values[f"{party}Id"])
    accounts = ACCOUNT_SETS.get(values["accountType"])
    return None if accounts is None else company.get(accounts, values["accountId"])


def _refuse_unposted(company: Company, account_id: str) -> None:
    """Journals post to accounts that are open for it (BCApps, CheckGLAcc)."""
    account = company.get("accounts", account_id)
    if account is None:
        return
    number, values = account.values["number"], account.values
    for caption, wanted, found in (
        ("Account Type", "Posting", decode_member(values["accountType"])),
        ("Blocked", "No", "Yes" if values["blocked"] else "No"),
        ("Direct Posting", "Yes", "Yes" if values["directPosting"] else "No"),
    ):
        if found != wanted:
            raise field_error(
                f"{caption} must be equal to '{wanted}'  in G/L Account: No.={number}. "
                f"Current value is '{found}'."
            )
