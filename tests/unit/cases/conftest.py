from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.config import shipped
from gateway.snapshot import Snapshot, load_snapshot

THING = {
    "title": "Thing",
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string", "maxLength": 100},
        "terms": {"type": "string", "maxLength": 10, "writeOnly": True},
    },
}
MAPPING = """\
resource: things
title: Things
schema: thing
entity: customers
api: v2.0
rejections:
  unknown_terms: {title: There are no such terms}
  bad_name: {title: Nobody is called that}
record:
  id: "{{ bc.id }}"
  name: "{{ bc.displayName }}"
list:
  filters: {name: {field: displayName}}
read: {}
create:
  input: thing
  anchor: {field: displayName, value: "{{ thing.name }}"}
  lookups:
    terms:
      entity: paymentTerms
      where: {code: "{{ thing.terms | default('NET') }}"}
      on_missing: {reject: unknown_terms}
  guards:
    - {when: thing.name == 'Nobody', reject: bad_name}
  body:
    displayName: "{{ thing.name }}"
    paymentTermsId: "{{ lookups.terms.id }}"
update:
  input: thing
  body: {displayName: "{{ thing.name }}"}
upsert:
  input: thing
  by: {email: "{{ target.key }}"}
  create_only: [email]
  body: {email: "{{ target.key }}", displayName: "{{ thing.name }}"}
delete: {}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Snapshot]:
    """A folder with a mapping of its own, its schema, and a document; and its snapshot."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "schemas" / "canonical").mkdir(parents=True)
    (folder / "schemas" / "canonical" / "thing.schema.json").write_text(json.dumps(THING))
    (folder / "mappings").mkdir()
    (folder / "mappings" / "things.yaml").write_text(MAPPING)
    (folder / "mappings" / "thing.json").write_text('{"name": "Adatum"}')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        schemas = [shipped("schemas"), folder / "schemas"]
        return folder, load_snapshot(mappings=[folder / "mappings"], schemas=schemas)


@pytest.fixture
def folder(made: tuple[Path, Snapshot], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder; it is the current one."""
    monkeypatch.chdir(made[0])
    return made[0]


@pytest.fixture
def snapshot(made: tuple[Path, Snapshot]) -> Snapshot:
    """The snapshot of the folder."""
    return made[1]
