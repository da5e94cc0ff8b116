from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import jsonschema
import pytest
from click.testing import Result

from gateway.config import shipped
from gateway.documents import load_document

Run = Callable[..., Result]
Replace = Callable[[Path, Mapping[str, str]], None]


@pytest.fixture(autouse=True)
def _somewhere_else(own: Path) -> None:
    """No configuration of the developer's gets in."""


def test_the_shipped_files_are_fine(run: Run) -> None:
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "Everything is fine.\n")


def test_a_folder_of_ones_own_is_checked_over_the_shipped_one(
    run: Run, own: Path, replace: Replace
) -> None:
    assert run("check", own).exit_code == 0
    replace(own / "customers.yaml", {"bc.displayName": "bc.displayNam"})
    replace(own / "sales-orders.yaml", {"customerId:": "custmerId:"})
    result = run("check", own)
    assert result.exit_code == 1
    assert "own/customers.yaml:22:13" in result.stdout
    assert "own/sales-orders.yaml:" in result.stdout
    assert 'Did you mean "displayName"?' in result.stdout
    assert "^^^" in result.stdout
    assert "Traceback" not in result.output


def test_a_file_is_checked_alone(run: Run, own: Path, replace: Replace) -> None:
    replace(own / "customers.yaml", {"bc.displayName": "bc.displayNam"})
    assert run("check", own / "items.yaml").exit_code == 0
    assert run("check", own / "customers.yaml").exit_code == 1


def test_tests_are_checked_too(run: Run, own: Path, replace: Replace) -> None:
    replace(
        own / "items.test.yaml", {"verb: read": "verb: red", "given: fixtures/item": "given: x"}
    )
    result = run("check", own)
    assert result.exit_code == 1
    assert "T104 no-document" in result.stdout


def test_findings_for_programs_and_for_github(run: Run, own: Path, replace: Replace) -> None:
    assert json.loads(run("check", "--format", "json").stdout) == []
    replace(own / "items.test.yaml", {"verb: read": "verb: red"})
    found = json.loads(run("check", own, "--format", "json").stdout)
    assert [(one["rule"], one["file"]) for one in found] == [("T103", "own/items.test.yaml")]
    annotations = run("check", own, "--format", "github").stdout
    assert annotations.startswith("::error file=own/items.test.yaml,line=")


def test_the_findings_for_programs_have_the_documented_form(
    run: Run, own: Path, replace: Replace
) -> None:
    schema = load_document(shipped("schemas") / "gateway" / "findings.schema.json").value
    replace(
        own / "customers.yaml",
        {"bc.displayName": "bc.displayNam", "resource: customers\n": "resource: customers\nx: 1\n"},
    )
    found = json.loads(run("check", own, "--format", "json").stdout)
    assert {one["rule"] for one in found} == {"M101", "M201"}
    jsonschema.validate(found, cast("dict[str, object]", schema))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{**found[0], "value": 1}], cast("dict[str, object]", schema))


def test_warnings_alone_end_with_0(run: Run, own: Path, replace: Replace) -> None:
    replace(own / "items.yaml", {"tables:\n": "tables:\n  spare: {a: b}\n"})
    result = run("check", own)
    assert result.exit_code == 0
    assert "M312 table-never-used (warning)" in result.stdout
    assert run("check", own, "--format", "github").stdout.startswith(
        "::warning file=own/items.yaml"
    )


PAGE = """\
# Our items

1. The mapping:

   ```yaml
   resource: our-items
   title: Our items
   schema: item
   entity: items
   api: v2.0
   record:
     id: "{{ bc.id }}"
     number: "{{ bc.numbr }}"
     name: "{{ bc.displayName | default('') }}"
     type: "{{ bc.type | choose(tables.type) }}"
     unit_price: "{{ bc.unitPrice }}"
   ```

   It can be read:

   ```yaml
   read: {}
   tables: {type: {Inventory: inventory, Service: service, Non-Inventory: non_inventory}}
   ```

2. Its test:

   ```yaml
   resource: our-items
   tests:
     - {name: it is read, verb: read, expect: {writes: 0}}
     - {name: it is read, verb: raed, expect: {writes: 0}}
   ```

Never do this:

```yaml wrong
resource: [
```

```yaml
update: *nowhere
```
"""


def test_the_yaml_blocks_of_a_page_are_checked(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    result = run("check", "page.md", "--format", "json")
    found = json.loads(result.stdout)
    assert [(one["rule"], one["file"], one["line"], one["column"]) for one in found] == [
        ("M201", "page.md", 13, 18),
        ("T106", "page.md", 32, 15),
        ("D112", "page.md", 42, 9),
    ]
    assert result.exit_code == 1
    assert "  13 |      number: " in run("check", "page.md").stdout
    page.write_text(PAGE.replace("numbr", "number").replace("*nowhere", "{}"), encoding="utf-8")
    assert [
        one["rule"] for one in json.loads(run("check", "page.md", "--format", "json").stdout)
    ] == [
        "T106",
    ]
    page.write_text(
        PAGE.replace("numbr", "number")
        .replace("*nowhere", "{}")
        .replace("it is read, verb: ra", "x, verb: ra"),
        encoding="utf-8",
    )
    (found,) = json.loads(run("check", "page.md", "--format", "json").stdout)
    assert (found["rule"], found["line"], found["hint"]) == ("T103", 32, 'Did you mean "read"?')


def test_neither_thousands_of_keys_nor_a_pipe_hold_it_up(run: Run, own: Path) -> None:
    for name in ("pipe.yaml", "pipe.test.yaml"):
        os.mkfifo(own / name)
    stopped = run("check", own)
    assert stopped.exit_code == 1
    assert "pipe.yaml:1:1  D101 unreadable" in stopped.stdout
    for name in ("pipe.yaml", "pipe.test.yaml"):
        (own / name).unlink()
    keys = "".join(f"key{at}: 1\n" for at in range(4_000))
    fields = "".join(f"  field{at}: 1\n" for at in range(4_000))
    items, customers = own / "items.yaml", own / "customers.yaml"
    items.write_text(items.read_text() + keys)
    customers.write_text(customers.read_text().replace("record:\n", f"record:\n{fields}"))
    found = json.loads(run("check", own, "--format", "json").stdout)
    assert len(found) < 1_000
    assert "There are 3900 more keys that are unknown here." in {one["message"] for one in found}


def test_schemas_and_the_configuration_are_checked(run: Run, own: Path, tmp_path: Path) -> None:
    broken = tmp_path / "schemas" / "canonical" / "customer.schema.json"
    broken.parent.mkdir(parents=True)
    broken.write_text('{"title": "Customer", "type": "object", "properties": {"a": {"type": 1}}}')
    result = run("check", own, "--schemas", "schemas")
    assert result.exit_code == 1
    assert "customer.schema.json:1:" in result.stdout
    (tmp_path / "config.yaml").write_text("pubic: {}\n")
    result = run("check", "--config", "config.yaml")
    assert result.exit_code == 1
    assert "config.yaml:1:1" in result.stdout


def test_help_has_an_example_and_wrong_use_ends_with_2(run: Run) -> None:
    assert "Example: bc-gateway check" in run("check", "--help").stdout
    assert run("check", "nowhere").exit_code == 2
    assert run("check", "--format", "xml").exit_code == 2
