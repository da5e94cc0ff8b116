from __future__ import annotations

import json
from pathlib import Path

from gateway.documents import Finding, check_shape, format_findings, read_document, suggest
from gateway.errors import Place

TOO_LONG = Finding(
    "M204",
    "too-long",
    "The text may be longer than the field.",
    Place("order.yaml", 3, 16),
    length=9,
    input="order.text (up to 250 characters)",
    target="salesOrders.description (100)",
    hint='"{{ order.text | truncate_to(100) }}"',
)


def test_text_shows_the_line_and_a_caret(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text('create:\n  body:\n    text?: "{{ order.text }}"\n')
    finding = Finding("M204", "too-long", "Too long.", Place(str(file), 3, 16), length=10)
    lines = format_findings([finding]).splitlines()
    assert lines[0].endswith("order.yaml:3:16  M204 too-long")
    assert lines[3] == '  3 |     text?: "{{ order.text }}"'
    assert lines[4] == "    |                ^^^^^^^^^^"


def test_text_names_both_ends_and_the_remedy() -> None:
    text = format_findings([TOO_LONG])
    assert "  from  order.text (up to 250 characters)  →  salesOrders.description (100)" in text
    assert text.splitlines()[-1] == '  do    "{{ order.text | truncate_to(100) }}"'


def test_findings_come_by_file_and_place() -> None:
    places = [Place("b.yaml", 1, 1), Place("a.yaml", 9, 1), Place("a.yaml", 2, 5)]
    findings = [Finding("M101", "x", "x", place) for place in places]
    shown = [(each["file"], each["line"]) for each in json.loads(format_findings(findings, "json"))]
    assert shown == [("a.yaml", 2), ("a.yaml", 9), ("b.yaml", 1)]


def test_github_annotations_escape_new_lines() -> None:
    finding = Finding("M101", "x", "50 %\nmore", Place("a.yaml", 2, 5))
    assert format_findings([finding], "github") == (
        "::error file=a.yaml,line=2,col=5,title=M101 x::50 %25%0Amore"
    )


def test_suggest_finds_the_near_miss_only() -> None:
    assert suggest("custmer", ["customer", "vendor"]) == "customer"
    assert suggest("zzz", ["customer", "vendor"]) is None


def test_a_shape_is_checked_with_places_and_suggestions() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "kind": {"enum": ["read", "write"]},
            "list": {"type": "array", "items": {"type": "integer"}},
        },
    }
    document = read_document("a.yaml", "nmae: x\nkind: wriet\nlist: [1, two]\n")
    found = {
        (finding.name, finding.place.line, finding.place.column, finding.hint)
        for finding in check_shape(document, schema, "C101")
    }
    assert found == {
        ("unknown-key", 1, 1, 'Did you mean "name"?'),
        ("wrong-shape", 2, 7, 'Did you mean "write"?'),
        ("wrong-type", 3, 11, None),
    }


def test_a_word_within_one_other_is_meant_by_it() -> None:
    assert suggest("price", ["unitPrice", "quantity"]) == "unitPrice"
    assert suggest("date", ["orderDateFrom", "shipmentDateFrom"]) is None
    assert suggest("id", ["customerIdentity"]) is None


def test_an_annotation_escapes_what_would_end_a_property() -> None:
    found = Finding("D110", "yaml-syntax", "100 %\nmore, and: so", Place("a,b:c.yaml", 2, 3))
    assert format_findings([found], "github") == (
        "::error file=a%2Cb%3Ac.yaml,line=2,col=3,title=D110 yaml-syntax::100 %25%0Amore, and: so"
    )


def test_a_needed_key_that_is_misspelt_is_one_finding_and_says_which_it_is() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "size"],
        "properties": {"name": {}, "size": {}, "kind": {}},
    }
    document = read_document("a.yaml", "nmae: x\nknid: y\n")
    found = [
        (finding.name, finding.message, finding.expected)
        for finding in check_shape(document, schema, "C101")
    ]
    assert sorted(found) == [
        ("missing-key", 'Missing here: "size".', None),
        ("unknown-key", 'There is no key "knid" here.', None),
        ("unknown-key", 'There is no key "nmae" here.', 'the key "name"'),
    ]


def test_of_several_shapes_the_one_of_the_values_type_tells_what_is_wrong() -> None:
    inner = {
        "type": "object",
        "additionalProperties": False,
        "required": ["reject"],
        "properties": {"reject": {"type": "string"}},
    }
    schema = {"properties": {"a": {"anyOf": [{"type": "null"}, inner], "description": "b."}}}
    document = read_document("a.yaml", "a: {rejct: x}\n")
    (found,) = check_shape(document, schema, "C101")
    assert (found.name, found.place.column, found.hint) == (
        "unknown-key",
        5,
        'Did you mean "reject"?',
    )
    (found,) = check_shape(read_document("a.yaml", "a: x\n"), schema, "C101")
    assert (found.name, found.place.column) == ("wrong-shape", 4)
