from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.unit.operations.conftest import snapshot

Run = Callable[..., Result]
ID = "5f8c0000-0000-4000-8000-000000000010"


@pytest.fixture(autouse=True)
def _somewhere_else(own: Path) -> None:
    """No configuration of the developer's gets in."""


def test_the_requests_are_printed_in_the_order_of_sending(run: Run, own: Path) -> None:
    result = run("render", "sales-orders", "create", own / "fixtures" / "two-lines.json")
    assert result.exit_code == 0
    call, _, body = result.stdout.partition("\n")
    assert call == "POST salesOrders"
    document = json.loads(body)
    assert list(document) == [
        "customerId",
        "orderDate",
        "externalDocumentNumber",
        "salesOrderLines",
    ]
    assert list(document["salesOrderLines"][0]) == [
        *("sequence", "lineType", "lineObjectNumber", "quantity", "unitPrice"),
    ]
    assert '"unitPrice": 1000.80' in body


def test_answers_may_be_given(run: Run, own: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "params: {freight_charge: S-FREIGHT}\n"
        "lookups:\n"
        "  customer: {id: 5f8c0000-0000-4000-8000-000000000001, blocked: null}\n"
        "  items: {DESK-ATHENS: {number: '000'}}\n"
    )
    order = own / "fixtures" / "whole-order.json"
    result = run(
        "render", "sales-orders", "create", order, "--answers", answers, "--format", "json"
    )
    assert result.exit_code == 0
    rendered = json.loads(result.stdout)
    assert rendered["problem"] is None
    (request,) = rendered["requests"]
    assert (request["method"], request["path"]) == ("POST", "salesOrders")
    assert [line["lineObjectNumber"] for line in request["body"]["salesOrderLines"]] == [
        "000",
        "S-FREIGHT",
    ]


def test_a_refusal_is_told_with_its_places(run: Run, own: Path) -> None:
    order = own / "fixtures" / "whole-order.json"
    result = run("render", "sales-orders", "create", order)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Refused as freight_not_configured" in result.stderr
    assert "/shipping/amount" in result.stderr
    told = json.loads(run("render", "sales-orders", "create", order, "--format", "json").stdout)
    assert told["requests"] == []
    assert told["problem"]["code"] == "freight_not_configured"


def test_an_answer_that_is_missing_is_told(run: Run, own: Path, tmp_path: Path) -> None:
    (tmp_path / "none.yaml").write_text("lookups: {}\n")
    order = own / "fixtures" / "two-lines.json"
    result = run("render", "sales-orders", "create", order, "--answers", "none.yaml")
    assert result.exit_code == 1
    assert result.stderr.startswith("Answers that this needs are missing in none.yaml.")
    assert result.stdout == (
        "lookups:\n"
        "  customer: {id: …, number: …, blocked: …}\n"
        "  items:\n"
        "    DESK-ATHENS: {number: …, variant_id: …, unit_of_measure: …}\n"
        "    CHAIR-PARIS: {number: …, variant_id: …, unit_of_measure: …}\n"
    )


def test_answers_that_are_lacking_are_filled_in(run: Run, tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    order.write_text(
        '{"customer": {"number": "10000"}, "lines": ['
        '{"sku": "CHAIR-PARIS", "quantity": 1}, {"sku": "1896-S", "quantity": 2}]}'
    )
    result = run("render", "sales-orders", "create", order)
    assert result.exit_code == 1
    assert "mappings/sales-orders.test.yaml.\n" in result.stderr
    filled = result.stdout.replace(
        '"1896-S": {number: …, variant_id: …, unit_of_measure: …}', '"1896-S": {number: 1896-S}'
    )
    (tmp_path / "answers.yaml").write_text(filled)
    result = run("render", "sales-orders", "create", order, "--answers", "answers.yaml")
    assert result.exit_code == 0
    assert '"lineObjectNumber": "1896-S"' in result.stdout


def test_mappings_of_ones_own(run: Run, own: Path) -> None:
    mapping = own / "items.yaml"
    mapping.write_text(mapping.read_text().replace("resource: items", "resource: goods"))
    item = own / "fixtures" / "item.json"
    assert run("render", "goods", "create", item).exit_code == 1
    result = run("render", "goods", "create", item, "--mappings", own)
    assert (result.exit_code, result.stdout.partition("\n")[0]) == (0, "POST items")


def test_a_change_is_held_against_the_record_that_is_there(
    run: Run, own: Path, tmp_path: Path
) -> None:
    (tmp_path / "patch.json").write_text('{"unit_price": 5.10, "blocked": true}')
    result = run("render", "items", "update", "patch.json")
    call, _, body = result.stdout.partition("\n")
    assert call == "PATCH items(5f8c0000-0000-4000-8000-000000000010)"
    assert json.loads(body) == {"unitPrice": 5.1}
    same = run("render", "items", "update", own / "fixtures" / "item.json")
    assert (same.exit_code, same.stdout) == (0, "")
    assert "Nothing has to be sent" in same.stderr


def test_an_upsert_goes_to_a_key(run: Run, own: Path, tmp_path: Path) -> None:
    (tmp_path / "answers.yaml").write_text("steps: {read: null}\n")
    item = own / "fixtures" / "item.json"
    made = run("render", "items", "upsert", item, "--target", "1896-s", "--answers", "answers.yaml")
    assert made.stdout.startswith('POST items\n{\n  "number": "1896-s",')
    assert run("render", "items", "upsert", item).exit_code == 2


OTHER = "5f8c0000-0000-4000-8000-0000000000ff"


def test_a_change_goes_to_the_target(run: Run, tmp_path: Path) -> None:
    (tmp_path / "patch.json").write_text('{"unit_price": 5}')
    result = run("render", "items", "update", "patch.json", "--target", OTHER)
    assert result.stdout == f'PATCH items({OTHER})\n{{\n  "unitPrice": 5\n}}\n'
    wrong = run("render", "items", "update", "patch.json", "--target", "no-guid")
    assert wrong.exit_code == 1
    assert wrong.stdout == ""


def test_an_upsert_of_a_key_that_is_not_that_of_the_tests_makes_a_record(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "item.json").write_text('{"name": "PARIS Chair"}')
    made = run("render", "items", "upsert", "item.json", "--target", "1900-S")
    assert made.stdout.startswith('POST items\n{\n  "number": "1900-S",')
    assert "has no record of this key" in made.stderr
    changed = run("render", "items", "upsert", "item.json", "--target", "1896-s")
    assert changed.stdout.startswith("PATCH items(5f8c0000-0000-4000-8000-000000000010)")
    assert changed.stderr == ""


def test_each_field_is_explained(run: Run, own: Path) -> None:
    order = own / "fixtures" / "two-lines.json"
    told = run("render", "sales-orders", "create", order, "--explain")
    assert told.exit_code == 0
    assert told.stdout.startswith('POST salesOrders\nlookups.customer.where.number = "10000"\n')
    lines = told.stdout.splitlines()
    at = lines.index("salesOrderLines[1].quantity = 4")
    assert lines[at + 1].endswith("sales-orders.yaml:134:21  {{ line.quantity }}")
    assert lines[at + 2] == "    order.lines[1].quantity = 4"
    assert "currencyCode is left out" in lines
    assert "    order.currency is missing" in lines
    assert '    order.lines[0].sku = "DESK-ATHENS"' in lines


def test_one_field_is_explained_for_programs(run: Run, own: Path, tmp_path: Path) -> None:
    (tmp_path / "patch.json").write_text('{"type": "inventory", "gtin": null}')
    words = ("render", "items", "update", "patch.json", "--format", "json", "--explain")
    (type_,) = json.loads(run(*words, "type").stdout)["fields"]
    assert type_["taken"] == ['the entry "inventory" of tables.type_sent']
    assert type_["from"] == [{"path": "item.type", "value": "inventory"}]
    place = type_["place"]
    assert (type_["value"], place["line"], place["column"]) == ("Inventory", 58, 11)
    (gtin,) = json.loads(run(*words, "gtin").stdout)["fields"]
    assert gtin["cleared"] is True
    assert gtin["from"] == [{"path": "item.gtin"}]
    order = own / "fixtures" / "two-lines.json"
    others = ("render", "sales-orders", "create", order, "--format", "json", "--explain")
    fields = json.loads(run(*others, "salesOrderLines.unitPrice").stdout)["fields"]
    assert [one["target"] for one in fields] == [
        "salesOrderLines[0].unitPrice",
        "salesOrderLines[1].unitPrice",
    ]
    assert ["value" in one for one in fields] == [True, False]


def test_a_field_that_is_not_there_is_told(run: Run, own: Path, tmp_path: Path) -> None:
    order = own / "fixtures" / "two-lines.json"
    words = ("render", "sales-orders", "create", order, "--explain")
    for wrong, near in (
        ("salesOrderLines.unitprice", "salesOrderLines.unitPrice"),
        ("currency", "currencyCode"),
    ):
        told = run(*words, wrong)
        assert (told.exit_code, told.stdout) == (1, "")
        assert f'writes no "{wrong}". Did you mean "{near}"?' in told.stderr
    told = run(*words, "xyz")
    assert (told.exit_code, "There are: lookups.customer.where.number, " in told.stderr) == (
        1,
        True,
    )
    for right in ("salesOrderLines", "salesOrderLines[1].lineType", "lookups.items"):
        assert run(*words, right).stdout.count("\n") > 2, right
    (tmp_path / "patch.json").write_text('{"unit_price": 5.10}')
    untouched = run("render", "items", "update", "patch.json", "--explain", "gtin")
    assert untouched.exit_code == 0
    assert "Nothing of gtin was evaluated for this document." in untouched.stderr


def test_what_of_a_line_is_left_alone_is_not_cleared(run: Run, tmp_path: Path) -> None:
    (tmp_path / "patch.json").write_text('{"lines": [{"sku": "DESK-ATHENS", "quantity": 3}]}')
    change = snapshot().plan("sales-orders", "update").steps[0].change
    assert change is not None
    line = {
        "id": ID,
        "description": "",
        "sequence": 10000,
        "lineType": "Item",
        "lineObjectNumber": "1896-S",
    }
    facts = {
        "unitOfMeasureCode": "PCS",
        "quantity": 2,
        "unitPrice": 900,
        "discountPercent": 0,
        "netAmount": 1800,
    }
    sums = ("totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax")
    order: dict[str, object] = dict.fromkeys(change.select) | {
        "id": ID,
        "number": "S-1",
        "status": "Draft",
        "fullyShipped": False,
    }
    given = {
        "lookups": {"items": {"DESK-ATHENS": {"number": "1896-S"}}},
        "steps": {"read": order | dict.fromkeys(sums, 0) | {"salesOrderLines": [line | facts]}},
    }
    (tmp_path / "answers.yaml").write_text(json.dumps(given))
    words = ("render", "sales-orders", "update", "patch.json", "--answers", "answers.yaml")
    told = run(*words, "--explain", "salesOrderLines.unitPrice")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.splitlines()[1] == "salesOrderLines[0].unitPrice is left out"
    found = json.loads(run(*words, "--format", "json", "--explain").stdout)
    assert [one["body"] for one in found["requests"]] == [{"quantity": 3}]
    assert not [one for one in found["fields"] if "cleared" in one]


def test_a_delete_has_no_document(run: Run, own: Path) -> None:
    (own / "items.yaml").write_text((own / "items.yaml").read_text() + "\ndelete: {}\n")
    result = run("render", "items", "delete", "--mappings", own)
    assert result.stdout == "DELETE items(5f8c0000-0000-4000-8000-000000000010)\n"
    item = own / "fixtures" / "item.json"
    assert run("render", "items", "delete", item, "--mappings", own).exit_code == 2
    assert run("render", "items", "update").exit_code == 2


def test_wrong_use(run: Run, own: Path, tmp_path: Path) -> None:
    order = own / "fixtures" / "two-lines.json"
    assert "Example: bc-gateway render" in run("render", "--help").stdout
    assert run("render", "sales-orders", "create", "nowhere.json").exit_code == 2
    assert run("render", "sales-orders", "list", order).exit_code == 2
    unknown = run("render", "sales-order", "create", order)
    assert unknown.exit_code == 1
    assert "sales-orders" in unknown.stderr
    (tmp_path / "answers.yaml").write_text("[]\n")
    assert (
        run("render", "sales-orders", "create", order, "--answers", "answers.yaml").exit_code == 2
    )
    (tmp_path / "broken.json").write_text("{")
    broken = run("render", "sales-orders", "create", "broken.json")
    assert broken.exit_code == 1
    assert "broken.json:1:" in broken.stderr


def test_answers_that_business_central_never_gives_are_told(
    run: Run, own: Path, tmp_path: Path
) -> None:
    (tmp_path / "answers.yaml").write_text("lookups:\n  customer: {nmuber: '10000'}\n")
    order = own / "fixtures" / "whole-order.json"
    result = run("render", "sales-orders", "create", order, "--answers", "answers.yaml")
    assert result.exit_code == 1
    assert "answers.yaml:2:14  T110 wrong-record" in result.stdout + result.stderr
    assert 'Did you mean "number"?' in result.stdout + result.stderr
