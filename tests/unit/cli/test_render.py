from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


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
    assert "lookup customer" in result.stderr


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
