"""Create, change, delete: the generic write, with the rules it consults.

Properties are validated one by one in the order they were received, as Business Central's
pages do (bc/pitfalls.md 4). Everything happens in one transaction of the company.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from gateway.simulator.catalogue.entities import (
    ZERO_GUID,
    Catalogue,
    EntitySet,
    Field,
    Navigation,
    Value,
)
from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.documents.accounts import journal_line_changed
from gateway.simulator.documents.changing import changing
from gateway.simulator.documents.headers import (
    default_dates,
    header_changed,
    line_changed,
    recalculate,
    refuse_invoice_discount,
)
from gateway.simulator.documents.journals import batch_name
from gateway.simulator.documents.recreating import recreate_lines
from gateway.simulator.documents.rules import (
    BLANK_TEXT,
    DEFAULTS,
    DOCUMENTS,
    JOURNAL_LINES,
    LINES,
    MISSING_TEXT,
    REQUIRED_TEXTS,
)
from gateway.simulator.errors import bad_request, blank_refused, dialog
from gateway.simulator.records.applied import refer
from gateway.simulator.records.belongings import remove
from gateway.simulator.records.bodies import Body, Parts, split
from gateway.simulator.records.bounds import taken
from gateway.simulator.records.declared import follow, next_entry
from gateway.simulator.records.dimensions import SET_LINES, inherit, mark_parent, settle_dimension
from gateway.simulator.records.guards import (
    refuse_contradiction,
    refuse_identity,
    refuse_no_party,
    refuse_posted,
    refuse_released,
    refuse_template,
    refuse_used,
    refuse_view,
)
from gateway.simulator.records.names import settle_name
from gateway.simulator.records.numbering import give_number, refuse_same
from gateway.simulator.records.references import partner_of, relate, rename
from gateway.simulator.records.store import Company, Record, Values
from gateway.simulator.records.streams import refuse_move, repicture, settle_file
from gateway.simulator.records.templates import fill
from gateway.simulator.records.values import is_zero, read_value, stamp


@dataclass(frozen=True, slots=True)
class Parent:
    """Whose part a new entity becomes: the record and the way from it."""

    record: Record
    way: Navigation


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes into one company. ``untaken`` names properties that are silently not taken;
    ``templates`` tells whether those of API Setup fill in what new records lack.
    """

    company: Company
    catalogue: Catalogue
    clock: Clock
    untaken: frozenset[str] = frozenset()
    templates: bool = True

    def create(
        self, entity_set: EntitySet, body: Body, parent: Parent | None = None
    ) -> tuple[Record, Record]:
        """Insert an entity with its parts.

        Gives the record, and a copy of it from before its parts were written: that is what
        the answer to a deep insert shows (bc/api.md §7). Raises BusinessCentralError.
        """
        with changing(self.company, self.clock):
            record, parts = self._create(entity_set, body, parent)
            self._settle(entity_set, record)
            shown = Record(record.id, dict(record.values), record.version)
            if parts:
                self._create_parts(record, parts)
                self._settle(entity_set, record)
            refuse_invoice_discount(self.company, entity_set.name, record)
            return record, shown

    def change(self, entity_set: EntitySet, record: Record, body: Body) -> None:
        """Apply the properties of ``body`` to the record. Raises BusinessCentralError."""
        properties, parts = split(entity_set, body)
        if parts:
            raise bad_request("Deep updates are not supported; send one request for each entity.")
        refuse_view(self.company, entity_set, record)
        refuse_posted(self.company, entity_set, record.values, {field.name for field in properties})
        if entity_set.name == "applyVendorEntries":
            self._apply(record, properties)
            return
        with changing(self.company, self.clock):
            before = dict(record.values)
            self.company.edit(entity_set.name, record)
            self._assign(entity_set, record.values, properties, creating=False)
            refuse_move(entity_set, before, record.values)
            refuse_template(entity_set, record.values)
            sent = {field.name for field in properties}
            settle_dimension(self.company, entity_set, record.values, sent, before)
            self._check_blanks(entity_set, record.values, sent)
            refuse_no_party(entity_set, record.values, sent)
            self._after_change(entity_set, record, before)
            if entity_set.name in DOCUMENTS:
                recreate_lines(self.company, entity_set.name, record, before)
            self._settle(entity_set, record)
            if "discountAmount" in sent:
                refuse_invoice_discount(self.company, entity_set.name, record)

    def delete(self, entity_set: EntitySet, record: Record) -> None:
        """Remove the record and all that belongs to it."""
        refuse_view(self.company, entity_set, record)
        refuse_used(self.company, entity_set, record)
        refuse_posted(self.company, entity_set, record.values, {"id"})
        if entity_set.name in LINES:
            refuse_released(self.company, entity_set, record.values, None)
        with changing(self.company, self.clock):
            repicture(self.company, entity_set.name, record, self.clock)
            remove(self.company, entity_set.name, record)
            self._settle(entity_set, record)

    def _apply(self, entry: Record, properties: dict[Field, object]) -> None:
        """Apply the payment that an entry was read through to its invoice, or not any more."""
        applied = {field.name: value for field, value in properties.items()}.get("applied")
        payments = self.company.table("vendorPayments")
        for payment in list(payments.where("documentNumber", entry.values["appliesToId"])):
            with self.company.transaction():
                self.company.edit("vendorPayments", payment)
                payment.values["appliesToInvoiceId"] = entry.id if applied else ZERO_GUID
                payment.values["appliesToInvoiceNumber"] = (
                    entry.values["documentNumber"] if applied else ""
                )
                stamp(payment.values, timestamp(self.clock.now()))
        entry.values["applied"] = bool(applied)

    def _create(
        self, entity_set: EntitySet, body: Body, parent: Parent | None
    ) -> tuple[Record, Parts]:
        properties, parts = split(entity_set, body)
        values = self._blank(entity_set)
        if parent is None:
            self._take_parent(entity_set, values, properties)
        else:
            self._join(entity_set, values, properties, parent)
        if entity_set.name in JOURNAL_LINES:
            values["journalDisplayName"] = batch_name(self.company, values["journalId"])
        self._assign(entity_set, values, properties, creating=True)
        self._require(entity_set, values, properties)
        refuse_template(entity_set, values)
        give_number(self.company, self.catalogue, entity_set, values)
        refuse_posted(self.company, entity_set, values, set())
        if entity_set.name in LINES:
            refuse_released(self.company, entity_set, values, None)
        settle_file(self.company, entity_set, values)
        sent = {field.name for field in properties}
        settle_dimension(self.company, entity_set, values, sent)
        if self.templates:
            fill(self.company, entity_set, values, sent)
        self._check_blanks(entity_set, values, sent | {"code"})
        refuse_same(self.company, self.catalogue, entity_set, values, None)
        record = self._insert(entity_set, values)
        if entity_set.name in DOCUMENTS:
            party = DOCUMENTS[entity_set.name].party
            inherit(self.company, entity_set.name, record, party)
        return record, parts

    def _create_parts(self, record: Record, parts: Parts) -> None:
        for way, entities in parts:
            target = self.catalogue.sets[way.target]
            for entity in entities:
                part, inner = self._create(target, entity, Parent(record, way))
                self._create_parts(part, inner)

    def _blank(self, entity_set: EntitySet) -> Values:
        values: Values = dict(self.company.catalogue.sets[entity_set.name].blanks)
        values.update(DEFAULTS.get(entity_set.name, {}))
        currency = entity_set.by_name.get("currencyCode")
        if currency is not None and currency.ref and not entity_set.custom:
            values["currencyCode"] = self.company.currency
        if entity_set.name in DOCUMENTS:
            default_dates(entity_set.name, entity_set, values, self.clock.today())
        if entity_set.name in JOURNAL_LINES:
            values["postingDate"] = self.clock.today().isoformat()
        return values

    def _join(
        self, entity_set: EntitySet, values: Values, sent: dict[Field, object], parent: Parent
    ) -> None:
        """Make the new entity a part of its parent; the body may not name another one."""
        values.update(parent.way.fixed)
        linked = dict(parent.way.link)
        for mine, theirs in linked.items():
            values[theirs] = parent.record.values[mine]
        for field, raw in sent.items():
            if field.name in linked.values() and raw != values[field.name]:
                raise dialog(f"The {field.name} does not match the parent in the request.")
        for theirs in linked.values() if not entity_set.custom else ():
            relate(self.company, entity_set, values, entity_set.by_name[theirs], set())

    def _take_parent(
        self, entity_set: EntitySet, values: Values, sent: dict[Field, object]
    ) -> None:
        """A part posted to its own set names its parent, by id or number (bc/api.md §11)."""
        if entity_set.needs_filter is None:
            return
        ids = [entity_set.by_name[name] for name in self.catalogue.scope(entity_set.name)]
        named = {one: own for own in ids for one in (own, partner_of(entity_set, own)) if one}
        given = [field for field in sent if field in named]
        if not given:
            raise dialog(entity_set.needs_filter)
        owners = self.catalogue.owners(entity_set.name)
        for field in given:
            values[field.name] = read_value(field, sent[field])
            relate(self.company, entity_set, values, field, set())
            parent_id = values[named[field].name]
            if not any(self.company.get(owner.name, parent_id) for owner, _ in owners):
                raise dialog(f'The "{field.name}" does not match to a {owners[0][0].caption}.')

    def _assign(
        self,
        entity_set: EntitySet,
        values: Values,
        properties: dict[Field, object],
        *,
        creating: bool,
    ) -> None:
        given: dict[str, Value] = {}
        for field, raw in properties.items():
            value = taken(entity_set, field, raw)
            if field.name in self.untaken:
                continue
            if not creating:
                refuse_identity(entity_set, values, field, value)
            elif field.name == "inventory" and value and not entity_set.custom:
                raise dialog("Inventory cannot be changed during on insert.")
            if values[field.name] != value:
                if not creating:
                    refuse_released(self.company, entity_set, values, field.name)
                before = dict(values) if entity_set.name in JOURNAL_LINES else values
                values[field.name] = value
                relate(self.company, entity_set, values, field, given)
                refer(self.company, entity_set.name, values, field.name, given)
                self._react(entity_set, values, field, before)
            given[field.name] = value
        if creating:
            refuse_contradiction(entity_set, values, given)

    def _react(self, entity_set: EntitySet, values: Values, field: Field, before: Values) -> None:
        if entity_set.name in DOCUMENTS:
            header_changed(self.company, entity_set, values, field.name)
        elif entity_set.name in LINES:
            line_changed(self.company, entity_set, values, field.name)
        elif entity_set.name in JOURNAL_LINES:
            journal_line_changed(self.company, entity_set.name, values, field.name, before)

    def _require(
        self, entity_set: EntitySet, values: Values, properties: dict[Field, object]
    ) -> None:
        sent = {field.name for field in properties}
        for group in entity_set.required:
            if not any(not is_zero(values[name]) for name in group):
                missing = BLANK_TEXT if sent & set(group) else MISSING_TEXT
                text = REQUIRED_TEXTS.get(group) or missing.format(field=group[0])
                raise dialog(text)

    def _check_blanks(self, entity_set: EntitySet, values: Values, names: set[str]) -> None:
        for name in names:
            field = entity_set.by_name.get(name)
            by_name = name in {"code", "number"} and not entity_set.custom
            if field is None or not (field.blank_refused or by_name):
                continue
            if values[name] == field.blank:
                raise blank_refused(name)

    def _insert(self, entity_set: EntitySet, values: Values) -> Record:
        record_id = self.company.new_id()
        key = entity_set.identity
        if key is not None and entity_set.name != SET_LINES:
            if is_zero(values[key]) or values[key] in self.company.table(entity_set.name).records:
                values[key] = record_id
            record_id = values[key]
        settle_name(entity_set.name, values)
        stamp(values, timestamp(self.clock.now()), new=True)
        return self.company.insert(entity_set.name, values, record_id)

    def _after_change(self, entity_set: EntitySet, record: Record, before: Values) -> None:
        key = entity_set.natural_key
        refuse_same(self.company, self.catalogue, entity_set, record.values, record.id)
        self.company.table(entity_set.name).moved(record, before)
        single = len(entity_set.unique) < 2
        if key is not None and single and record.values[key] != before[key]:
            rename(self.company, entity_set, before[key], record)
        if entity_set.custom:
            follow(self.company, self.catalogue, entity_set, record.values, before)
        elif record.values.get("inventory", 0) != before.get("inventory", 0):
            self._adjust(record, before)
        settle_name(entity_set.name, record.values)
        stamp(record.values, timestamp(self.clock.now()))

    def _adjust(self, record: Record, before: Values) -> None:
        """A changed inventory posts an adjustment dated today (bc/api.md §10)."""
        ledger = self.company.catalogue.sets["itemLedgerEntries"]
        quantity = Decimal(record.values["inventory"]) - Decimal(before["inventory"])
        kind = "Positive" if quantity > 0 else "Negative"
        values: Values = dict(ledger.blanks)
        values.update(
            itemNumber=record.values["number"],
            postingDate=self.clock.today().isoformat(),
            entryType=f"{kind}_x0020_Adjmt_x002E_",
            quantity=quantity,
            entryNumber=next_entry(self.company, ledger.name),
        )
        self._insert(ledger, values)

    def _settle(self, entity_set: EntitySet, record: Record) -> None:
        """Totals of the document that was touched; its ETag changes with every line write."""
        name, record = mark_parent(self.company, self.clock, entity_set.name, record)
        header_set, header = LINES.get(name, name), record
        if name in LINES:
            found = self.company.get(header_set, record.values.get("documentId", ZERO_GUID))
            header = found or record
        if header_set in DOCUMENTS and header.id in self.company.table(header_set).records:
            recalculate(self.company, header_set, header)
