"""What may not be changed or removed any more. Called by ``writes`` before it does."""

from __future__ import annotations

from gateway.simulator.catalogue.entities import ZERO_GUID, EntitySet
from gateway.simulator.documents.posting import is_posted
from gateway.simulator.documents.rules import DOCUMENTS, LINES, STILL_CHANGED
from gateway.simulator.errors import dialog
from gateway.simulator.records.store import Company, Record, Values


def refuse_used(company: Company, entity_set: EntitySet, record: Record) -> None:
    """Customers, vendors and items stay as long as a document names them."""
    for name in (*DOCUMENTS, *LINES):
        for field in company.catalogue.sets[name].fields:
            if field.ref != entity_set.name or field.type != "Edm.Guid":
                continue
            if company.table(name).where(field.name, record.id):
                document = company.catalogue.sets[name].caption
                number = record.values[entity_set.known_by]
                raise dialog(
                    f"You cannot delete {entity_set.caption} {number} because there is at "
                    f"least one outstanding {document} for it."
                )


def refuse_posted(company: Company, entity_set: EntitySet, values: Values, names: set[str]) -> None:
    """What is posted stays, with its lines, but for a few fields (bc/api.md §11)."""
    name = entity_set.name
    if name in LINES:
        header = company.get(LINES[name], values.get("documentId", ZERO_GUID))
        posted = header is not None and is_posted(LINES[name], header.values)
    else:
        still = STILL_CHANGED.get(name, frozenset())
        posted = bool(names - still) and is_posted(name, values)
    if posted:
        kind = DOCUMENTS[LINES.get(name, name)].kind.lower()
        raise dialog(f"The {kind} has been posted and can no longer be modified.")
