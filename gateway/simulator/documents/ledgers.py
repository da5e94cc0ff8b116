"""The ledgers: entries of accounts that come to nothing together, and entries of items.

Called while a document or a journal is posted, inside the transaction of its company.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from gateway.simulator.catalogue.entities import BLANK_DATE, ZERO_GUID
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.documents.changing import changing
from gateway.simulator.documents.rules import ACCOUNTS
from gateway.simulator.documents.totals import round_amount
from gateway.simulator.errors import dialog, field_error
from gateway.simulator.records.declared import next_entry
from gateway.simulator.records.dimensions import attach
from gateway.simulator.records.store import Company, Record, Values


@dataclass(frozen=True, slots=True)
class Occasion:
    """What entries are written for: the day, the kind and number of the document, a text."""

    day: str
    kind: str
    number: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What goes to an account of the ledger, in the local currency: above nothing is a debit.

    ``source`` is the id of the customer or vendor that it comes from; ``text`` goes before that
    of the occasion; ``dimensions`` are set lines that it has.
    """

    account: Record
    amount: Decimal
    source: str = ZERO_GUID
    text: str = ""
    dimensions: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """The books of one company. Amounts are in its local currency; above nothing is a debit.

    ``broken`` are the faults of posting that strike now, by name.
    """

    company: Company
    clock: Clock
    broken: frozenset[str] = frozenset()

    @contextmanager
    def posting(self) -> Iterator[None]:
        """A transaction that stays, inside of a larger one as well (bc/api.md §6)."""
        with changing(self.company, self.clock):
            yield
        self.company.commit()

    def account(self, purpose: str) -> Record:
        """The account for a purpose of ``ACCOUNTS``, as posting groups would name it.

        Raises BusinessCentralError when it is not there any more.
        """
        return self.numbered(ACCOUNTS[purpose])

    def numbered(self, number: str) -> Record:
        """The account with this number. Raises BusinessCentralError for one that takes nothing."""
        found = self.company.table("accounts").lookup(number)
        if found is None:
            raise field_error(f"G/L Account No. must have a value: {number} is not there.")
        if found.values["accountType"] != "Posting":
            raise field_error(
                f"Account Type must be equal to 'Posting' in G/L Account: No.={number}."
            )
        if found.values["blocked"]:
            raise field_error(f"Blocked must be equal to 'No' in G/L Account: No.={number}.")
        return found

    def check_date(self, day: str) -> None:
        """Refuse a posting date that the general ledger setup does not allow."""
        if not self.takes(day):
            raise dialog("Posting Date is not within your range of allowed posting dates.")

    def takes(self, day: str) -> bool:
        """Whether the general ledger setup allows a posting date."""
        return all(
            setup.values["allowPostingFrom"] <= day
            and (
                setup.values["allowPostingTo"] == BLANK_DATE
                or day <= setup.values["allowPostingTo"]
            )
            for setup in self.company.table("generalLedgerSetup").records.values()
        )

    def enter(self, occasion: Occasion, wanted: Iterable[Entry]) -> None:
        """Write entries. What rounding leaves over goes into the last of them."""
        entries = [replace(one, amount=round_amount(one.amount)) for one in wanted if one.amount]
        left = sum((one.amount for one in entries), Decimal(0))
        if left and entries:
            entries[-1] = replace(entries[-1], amount=entries[-1].amount - left)
        for one in entries:
            if one.amount:
                self._enter(occasion, one)

    def _enter(self, occasion: Occasion, entry: Entry) -> None:
        account, amount = entry.account, entry.amount
        values = self._entry("generalLedgerEntries", occasion)
        values["sourceId"] = entry.source
        values["description"] = entry.text or occasion.text
        values["accountId"] = account.id
        values["accountNumber"] = account.values["number"]
        values["debitAmount" if amount > 0 else "creditAmount"] = abs(amount)
        self.company.edit("accounts", account)
        account.values["netChange"] = Decimal(account.values["netChange"]) + amount
        made = self.insert("generalLedgerEntries", values)
        attach(self.company, "generalLedgerEntries", made, entry.dimensions)

    def move(self, occasion: Occasion, item: Record, quantity: Decimal, **fields: str) -> None:
        """Goods that came (above nothing) or went; only what is kept in stock is counted."""
        if item.values["type"] != "Inventory" or not quantity:
            return
        values = self._entry("itemLedgerEntries", occasion)
        values.update(itemNumber=item.values["number"], quantity=quantity, **fields)
        self.insert("itemLedgerEntries", values)
        self.company.edit("items", item)
        item.values["inventory"] = Decimal(item.values["inventory"]) + quantity

    def insert(self, name: str, values: Values) -> Record:
        """Store a record under a new id."""
        values["id"] = self.company.new_id()
        if "lastModifiedDateTime" in values:
            values["lastModifiedDateTime"] = timestamp(self.clock.now())
        return self.company.insert(name, values, values["id"])

    def _entry(self, name: str, occasion: Occasion) -> Values:
        return {
            **self.company.table(name).entity_set.blanks,
            "entryNumber": next_entry(self.company, name),
            "postingDate": occasion.day,
            "documentType": occasion.kind,
            "documentNumber": occasion.number,
            "description": occasion.text,
        }
