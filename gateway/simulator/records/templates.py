"""What the templates of API Setup fill in of new customers, items and vendors (bc/api.md §10).

Called by ``writes`` and by the control API's planting, after what the caller sent.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.simulator.catalogue.entities import EntitySet
from gateway.simulator.documents.rules import NEW_RECORDS
from gateway.simulator.records.references import partner_of, relate
from gateway.simulator.records.store import Company, Values
from gateway.simulator.records.values import is_zero

_STOCKED = "inventoryPostingGroupCode"


def fill(company: Company, entity_set: EntitySet, values: Values, sent: Collection[str]) -> None:
    """Give blank fields that were not ``sent`` what the template has for them.

    A code that the company does not have is left out, and goods alone have a group for stock.
    """
    for name, code in NEW_RECORDS.get(entity_set.name, {}).items():
        field = company.catalogue.sets[entity_set.name].by_name[name]
        partner = partner_of(entity_set, field)
        told = name in sent or (partner is not None and partner.name in sent)
        if (
            told
            or not is_zero(values[name])
            or (name == _STOCKED and values["type"] != "Inventory")
        ):
            continue
        found = company.table(field.ref).lookup(code) if field.ref is not None else None
        if field.ref is None or found is not None:
            values[name] = found.id if found is not None and field.type == "Edm.Guid" else code
            relate(company, entity_set, values, field, set())
