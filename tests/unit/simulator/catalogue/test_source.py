from __future__ import annotations

import json
from pathlib import Path

import msgspec

from gateway.simulator.catalogue.entities import EntitySet
from gateway.simulator.catalogue.source import write_catalogue


def test_the_catalogue_is_written_from_a_description(tmp_path: Path) -> None:
    entity = {
        "entitySet": "things",
        "entityName": "thing",
        "route": "v2.0",
        "key": ["id"],
        "verbs": ["get"],
        "since": "17.0",
        "fields": [
            {"name": "id", "type": "Edm.Guid", "readOnly": True},
            {"name": "currencyId", "type": "Edm.Guid", "relatesTo": "Currency"},
            {"name": "ownerName", "type": "Edm.String", "relatesTo": "Customer"},
        ],
        "parts": [],
        "actions": [{"name": "post", "params": []}],
        "listNeedsFilter": ["Say which."],
    }
    other = {
        **entity,
        "entitySet": "automationThings",
        "route": "microsoft/automation/v2.0",
        "key": ["SystemId"],
        "fields": [{"name": "isInstalled", "type": "?"}],
        "parts": [{"name": "file", "entitySet": "file", "multiplicity": "Many"}],
    }
    elsewhere = {**entity, "route": "harwick/sales/v1.0"}
    source, target = tmp_path / "source.json", tmp_path / "target.json"
    source.write_text(json.dumps({"entities": [entity, other, elsewhere], "drift": []}))
    assert write_catalogue(source, target) == 3
    _, written, automation = msgspec.json.decode(target.read_bytes(), type=tuple[EntitySet, ...])
    assert [field.ref for field in written.fields] == [None, "currencies", None]
    assert (written.actions, written.needs_filter) == (("post",), "Say which.")
    assert (written.route, automation.route) == ("v2.0", "microsoft/automation/v2.0")
    types = {field.name: field.type for field in automation.fields}
    assert types == {"SystemId": "Edm.Guid", "isInstalled": "Edm.Boolean"}
    assert automation.navigation == ()
