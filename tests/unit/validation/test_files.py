from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.documents import Finding
from gateway.errors import InvalidFiles
from gateway.validation import load_schemas

Write = Callable[[str, object], None]

GADGET: dict[str, Any] = {
    "x-business-central": {
        "api": "contoso/sales/v1.0",
        "entitySet": "gadgets",
        "entityName": "gadget",
        "key": ["id"],
        "verbs": ["get"],
        "fields": {"id": {"type": "guid"}},
    },
    "$defs": {"create": False, "update": False, "record": {"type": "object"}},
}
FILE = "bc/contoso/sales/v1.0/gadgets.schema.json"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, value: object) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else json.dumps(value, indent=1)
        path.write_text(text, encoding="utf-8")

    return write_file


def findings(*folders: str) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidFiles) as caught:
        load_schemas([Path(folder) for folder in folders or (".",)])
    return [
        (found.rule, found.name, str(found.place))
        for found in caught.value.findings
        if isinstance(found, Finding)
    ]


def changed(**facts: object) -> dict[str, Any]:
    return GADGET | {"x-business-central": GADGET["x-business-central"] | facts}


def test_files_of_custom_apis_are_found_by_their_route(write: Write) -> None:
    write(FILE, GADGET)
    schemas = load_schemas([Path()])
    assert schemas.apis() == ["contoso/sales/v1.0"]
    assert schemas.entity("contoso/sales/v1.0", "gadgets").entity_name == "gadget"
    assert schemas.entity_file("contoso/sales/v1.0", "gadgets").file.endswith(FILE)


def test_a_file_of_a_later_folder_replaces_one_of_the_same_name(write: Write) -> None:
    for folder, title in (("shipped", "Ours"), ("own", "Theirs")):
        schema = {"title": title, "type": "object", "properties": {}}
        write(f"{folder}/canonical/thing.schema.json", schema)
    schemas = load_schemas([Path("shipped"), Path("own"), Path("nowhere")])
    value: Any = schemas.canonical("thing").value
    assert value["title"] == "Theirs"
    assert schemas.canonical_names() == ["thing"]


def test_every_finding_of_every_file_comes_at_once(write: Write) -> None:
    write("canonical/broken.schema.json", '{"title": 1,')
    write("canonical/typed.schema.json", '{\n "title": "T",\n "type": "objct"\n}')
    write("canonical/list.schema.json", {"title": "T", "type": "array", "properties": {}})
    write(FILE, changed(verbs=["fetch"]))
    assert findings() == [
        ("D120", "json-syntax", "canonical/broken.schema.json:1:13"),
        ("S102", "wrong-shape", "canonical/list.schema.json:3:10"),
        ("S101", "no-schema", "canonical/typed.schema.json:3:10"),
        ("S102", "wrong-shape", f"{FILE}:10:4"),
    ]


def test_a_reference_leads_to_something_beside_the_file(write: Write) -> None:
    write(
        "canonical/a.schema.json",
        {
            "title": "A",
            "type": "object",
            "properties": {
                "web": {"$ref": "https://example.com/x.json"},
                "other": {"$ref": "b.schema.json"},
                "gone": {"$ref": "#/$defs/nothing"},
                "own": {"$ref": "#/$defs/there"},
                "text": {"const": {"$ref": "https://example.com/is-data"}},
            },
            "$defs": {"there": {"type": "string"}},
        },
    )
    assert [rule for rule, _, _ in findings()] == ["S103", "S103", "S103"]


def test_entities_may_refer_to_entities_of_their_api(write: Write) -> None:
    record = {"properties": {"parts": {"items": {"$ref": "parts.schema.json#/$defs/record"}}}}
    write(FILE, GADGET | {"$defs": GADGET["$defs"] | {"record": record}})
    assert findings() == [("S103", "unknown-reference", f"{FILE}:25:15")]
    write(FILE.replace("gadgets", "parts"), changed(entitySet="parts"))
    validator = load_schemas([Path()]).entity_validator("contoso/sales/v1.0", "gadgets", "record")
    assert validator.violations({"parts": [{}]}) == []
    assert [one.pointer for one in validator.violations({"parts": [1]})] == ["/parts/0"]


def test_what_refers_to_a_file_that_cannot_be_read_is_not_told_too(write: Write) -> None:
    record = {"properties": {"parts": {"items": {"$ref": "parts.schema.json#/$defs/record"}}}}
    write(FILE, GADGET | {"$defs": GADGET["$defs"] | {"record": record}})
    write(FILE.replace("gadgets", "parts"), '{"x": 1,}')
    assert [rule for rule, _, _ in findings()] == ["D120"]


def test_a_file_says_what_its_place_says(write: Write) -> None:
    write(FILE, changed(entitySet="gizmos", api="v2.0"))
    assert [name for _, name, _ in findings()] == ["other-name", "other-name"]


def test_keys_and_required_fields_are_fields(write: Write) -> None:
    write(FILE, changed(key=["idd"], required=[["id", "nam"]]))
    assert [name for _, name, _ in findings()] == ["unknown-field", "unknown-field"]


def test_a_pattern_that_may_explode_is_refused(write: Write) -> None:
    schema = {"title": "T", "type": "object", "properties": {"a": {"pattern": "(?!x)y"}}}
    write("canonical/t.schema.json", schema)
    assert findings() == [("S106", "not-compiled", "canonical/t.schema.json:1:1")]


def test_files_that_have_not_changed_are_not_read_again(write: Write) -> None:
    write(FILE, GADGET)
    write("canonical/deal.schema.json", {"title": "Deal", "type": "object", "properties": {}})
    known = load_schemas([Path()])
    assert load_schemas([Path()]) is known
    write("canonical/deal.schema.json", {"title": "A deal", "type": "object", "properties": {}})
    changed = load_schemas([Path()])
    assert "A deal" in changed.canonical("deal").text
    assert "A deal" not in known.canonical("deal").text
    Path(FILE).unlink()
    assert load_schemas([Path()]).apis() == []


def deal(**more: object) -> dict[str, Any]:
    return {"title": "Deal", "type": "object", "properties": {"id": {"type": "string"}}} | more


@pytest.mark.parametrize(
    ("schema", "rule", "hint"),
    [
        (deal(additionalProperty=False), "S107", 'Did you mean "additionalProperties"?'),
        (deal(properties={"id": {"readonly": True}}), "S107", 'Did you mean "readOnly"?'),
        (deal(properties={"id": {"maxlength": 35}}), "S107", 'Did you mean "maxLength"?'),
        (deal(properties={"id": {"nullable": True}}), "S107", 'Write "type": ["string", "null"].'),
        (deal(properties={"id": {"format": "datetime"}}), "S107", 'Did you mean "date-time"?'),
        (deal(**{"$defs": {"a": {"anyOf": [{"enums": []}]}}}), "S107", 'Did you mean "enum"?'),
        (deal(required=["id", "ids"]), "S108", 'Did you mean "id"?'),
        (deal(required=["no"]), "S108", "Known here: id."),
        (deal(properties={"id": {"type": "int"}}), "S101", 'Did you mean "integer"?'),
        (
            deal(properties={"id": {"type": "day"}}),
            "S101",
            "Known are string, integer, number, boolean, object, array, null.",
        ),
        (
            deal(**{"$schema": "http://json-schema.org/draft-07/schema#"}),
            "S101",
            'Write "https://json-schema.org/draft/2020-12/schema", or leave it out.',
        ),
    ],
)
def test_typos_of_schemas_are_told(
    write: Write, schema: dict[str, Any], rule: str, hint: str
) -> None:
    write("canonical/deal.schema.json", schema)
    with pytest.raises(InvalidFiles) as caught:
        load_schemas([Path()])
    found = [one for one in caught.value.findings if isinstance(one, Finding)]
    assert [(one.rule, one.hint) for one in found] == [(rule, hint)]


@pytest.mark.parametrize(
    "more",
    [
        {"$schema": "https://json-schema.org/draft/2020-12/schema#"},
        {"x-owner": "sales"},
        {"properties": {"maxlength": {"type": "string"}, "id": {}}},
        {"anyOf": [{"required": ["name"]}, {"required": ["id"]}]},
        {"allOf": [{"properties": {"name": {}}}], "required": ["name"]},
        {"examples": [{"required": ["b"], "properties": {}}]},
    ],
)
def test_what_json_schema_has_is_no_typo(write: Write, more: dict[str, Any]) -> None:
    write("canonical/deal.schema.json", deal(**more))
    assert load_schemas([Path()]).canonical_names() == ["deal"]
