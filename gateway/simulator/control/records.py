"""The records as they are stored: shown, put in, and changed past the API."""

from __future__ import annotations

from typing import cast

import msgspec

from gateway.simulator.catalogue.entities import EntitySet
from gateway.simulator.clock import timestamp
from gateway.simulator.control.asking import body_of, company_of, number_of, query_of
from gateway.simulator.control.planting import plant, plant_stock
from gateway.simulator.documents.rules import ORDERS
from gateway.simulator.errors import BusinessCentralError, ControlError, bad_request, did_you_mean
from gateway.simulator.exchange import Answer, Call, json_answer
from gateway.simulator.records.store import Company, Values
from gateway.simulator.records.values import decode_json, read_value
from gateway.simulator.records.writes import Writer
from gateway.simulator.state import State


def show_state(state: State, call: Call) -> Answer:
    """How many records there are, or those of one entity set, page by page if asked."""
    query = query_of(call, "environment", "company", "entity", "skip", "top")
    if "company" not in query and "entity" in query:
        raise ControlError("Say of which company: company is an id or a name.")
    if "company" not in query:
        counts = {
            environment.name: {
                company.name: _counts(company) for company in environment.companies.values()
            }
            for environment in state.environments.values()
        }
        return json_answer(200, {"counts": counts})
    company = company_of(state, query.get("environment", "Production"), query["company"])
    entity = query.get("entity")
    if entity is None:
        return json_answer(200, {"counts": _counts(company)})
    if entity not in state.sets:
        raise ControlError(f"There is no entity set '{entity}'.", 404)
    records = company.table(entity).ordered()
    skip = number_of(query, "skip", 0)
    end = skip + number_of(query, "top", len(records))
    value = [{"@odata.etag": record.etag, **record.values} for record in records[skip:end]]
    more = {"next": end} if value and end < len(records) else {}
    return json_answer(200, {"count": len(records), "value": value, **more})


def put_in(state: State, call: Call) -> Answer:
    """Records as if people had made them: ``rows`` of fields, references by code or number."""
    body = body_of(call, "environment", "company", "entity", "rows")
    company = company_of(
        state, str(body.get("environment", "Production")), str(body.get("company"))
    )
    entity_set = state.sets.get(str(body.get("entity")))
    if entity_set is None or not isinstance(body.get("rows"), list):
        raise ControlError("entity is the name of an entity set, rows a list of objects.")
    moment = timestamp(state.clock.now())
    rows = cast("dict[str, list[object]]", decode_json(call.body))["rows"]  # exact decimals
    with company.transaction():
        for at, row in enumerate(rows):
            try:
                fields = _fields(entity_set, row)
                made = plant(company, state.seed, entity_set.name, fields, moment)
                if entity_set.name == "items":
                    plant_stock(company, state.seed, made, moment)
            except BusinessCentralError as error:
                raise ControlError(f"Nothing was put in: rows[{at}]: {error.text}") from None
    return json_answer(201, {"count": len(rows)})


def _fields(entity_set: EntitySet, row: object) -> Values:
    """The fields of a row. Raises BusinessCentralError."""
    if not isinstance(row, dict):
        raise bad_request("it is no object.")
    for name in row:
        if name not in entity_set.by_name:
            hint = did_you_mean(name, entity_set.by_name)
            raise bad_request(f"{entity_set.name} has no field '{name}'.{hint}")
    return {name: read_value(entity_set.by_name[name], value) for name, value in row.items()}


def type_in(state: State, call: Call) -> Answer:
    """Fields of one record as if a person had changed them just now."""
    body = body_of(call, "environment", "company", "entity", "id", "fields")
    company = company_of(
        state, str(body.get("environment", "Production")), str(body.get("company"))
    )
    entity_set = state.sets.get(str(body.get("entity")))
    record = company.get(entity_set.name, str(body.get("id"))) if entity_set else None
    if entity_set is None or record is None or not isinstance(body.get("fields"), dict):
        raise ControlError("entity and id name a record, fields is an object.")
    fields = cast("dict[str, Values]", decode_json(call.body))["fields"]
    try:
        Writer(company, state.routes.get(entity_set.route, state.stored), state.clock).change(
            _of_people(company.catalogue.sets[entity_set.name]), record, fields
        )
    except BusinessCentralError as error:
        raise ControlError(f"Nothing was changed: {error.text}") from None
    return json_answer(200, {"@odata.etag": record.etag})


def _of_people(entity_set: EntitySet) -> EntitySet:
    """The entity set as people can change it: what the API only shows, what it never shows, and
    whether an order is released or waits for approval.
    """
    told = "patch" in entity_set.verbs
    by_hand = {"status"} if entity_set.name in ORDERS else set[str]()
    fields = (
        field
        if field.name in entity_set.key or (told and not field.unseen and field.name not in by_hand)
        else msgspec.structs.replace(field, read_only=False)
        for field in entity_set.fields
    )
    return msgspec.structs.replace(entity_set, fields=tuple(fields))


def _counts(company: Company) -> dict[str, int]:
    return {name: len(table.records) for name, table in company.tables.items() if table.records}
