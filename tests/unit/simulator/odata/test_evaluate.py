from __future__ import annotations

import pytest

from gateway.simulator.catalogue.entities import load_catalogue
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.odata.evaluate import compile_filter, pinned_fields
from gateway.simulator.odata.parser import parse_filter

CUSTOMERS = load_catalogue().sets["customers"]
ITEMS = load_catalogue().sets["items"]
LINES = load_catalogue().sets["salesOrderLines"]
GUID = "f14d18ab-3fd2-5f2e-9f4e-1ae60bfd0afe"
VALUES = {
    **CUSTOMERS.blanks,
    "id": GUID,
    "number": "C-10",
    "displayName": "O'Brien & Co",
    "creditLimit": 5000,
    "taxLiable": True,
    "blocked": "Ship",
    "lastModifiedDateTime": "2026-03-02T12:00:00.12Z",
}


def matches(text: str, *, schema_21: bool = False) -> bool:
    return compile_filter(parse_filter(text), CUSTOMERS, schema_21=schema_21)(VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "number eq 'C-10'",
        "number eq 'c-10'",
        "NUMBER eq 'C-10'",
        "'C-10' eq number",
        "number EQ 'C-10' AND (taxLiable Ne true Or taxLiable eq true)",
        "StartsWith(number,'C') and Contains(displayName,'Brien')",
        "ToLower(displayName) Eq 'o''brien & co'",
        "displayName eq 'O''Brien & Co'",
        "tolower(displayName) eq 'o''BRIEN & co'",
        "contains(displayName,'Brien')",
        "contains(displayName,'Brien') eq true",
        "startswith(number,'c-')",
        "endswith(displayName,'Co')",
        "substring(displayName,2) eq 'Brien & Co'",
        "substring(displayName,2,5) eq 'Brien'",
        "creditLimit gt 4999.99 and creditLimit le 5000",
        "creditLimit gt 1e-999 and creditLimit lt 1e999",
        "lastModifiedDateTime lt 9999-12-31T23:59:59Z",
        "5000 le creditLimit",
        "number eq 'X' or number eq 'C-10'",
        "number ge 'C' and number lt 'D'",
        f"id eq {GUID.upper()}",
        "taxLiable eq true",
        "taxLiable ne false",
        "blocked eq 'Ship'",
        "city eq null",
        "currencyId eq null",
        "lastModifiedDateTime gt 2026-03-02T12:00:00.119Z",
        "lastModifiedDateTime lt 2026-03-02T14:00:01+02:00",
        "contactsInformation/any(c: c/x eq 1)",
        "contactsInformation/Any(c: c/x EQ 1)",
    ],
)
def test_filters_that_match(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "displayName eq 'o''brien & co'",
        "contains(displayName,'brien')",
        "number ne 'C-10'",
        "blocked eq ' '",
        "lastModifiedDateTime gt 2026-03-02T12:00:00.12Z",
        "displayName eq null",
        "lastModifiedDateTime eq null",
    ],
)
def test_filters_that_do_not_match(text: str) -> None:
    assert not matches(text)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("number eq 'A' or city eq 'B'", 501, "BadRequest_MethodNotImplemented"),
        ("number in ('A','B')", 501, "BadRequest_MethodNotImplemented"),
        ("not (number eq 'A')", 501, "BadRequest_MethodNotImplemented"),
        ("number eq city", 501, "BadRequest_MethodNotImplemented"),
        ("false", 501, "BadRequest_MethodNotImplemented"),
        ("number eq 'A' and true", 501, "BadRequest_MethodNotImplemented"),
        ("1 eq 1", 501, "BadRequest_MethodNotImplemented"),
        ("taxAreaDisplayName eq 'x'", 501, "BadRequest_MethodNotImplemented"),
        ("contains(tolower(displayName),'o')", 501, "BadRequest_MethodNotImplemented"),
        ("currency/code eq 'EUR'", 501, "BadRequest_MethodNotImplemented"),
        ("colour eq 'red'", 400, "BadRequest"),
        ("number eq 5", 400, "BadRequest"),
        ("creditLimit eq '5'", 400, "BadRequest"),
        (f"id eq '{GUID}'", 400, "BadRequest"),
        ("blocked eq 'Sometimes'", 400, "BadRequest"),
        ("lastModifiedDateTime gt 2026-13-02T12:00:00Z", 400, "BadRequest"),
        ("lastModifiedDateTime gt 9999-12-31T23:59:59-14:00", 400, "BadRequest"),
        ("lastModifiedDateTime gt 0001-01-01T00:00:00+14:00", 400, "BadRequest"),
        (f"creditLimit gt 1e{'9' * 30}", 400, "BadRequest"),
        (f"creditLimit gt 1e-{'9' * 30}", 400, "BadRequest"),
        (f"number eq {'1' * 5000}", 400, "BadRequest"),
        ("round(creditLimit) eq 5", 501, "BadRequest_MethodNotImplemented"),
        ("indexof(number,'C') eq 0", 501, "BadRequest_MethodNotImplemented"),
        ("length(displayName) gt 3 and number eq 'A'", 501, "BadRequest_MethodNotImplemented"),
        ("contains(concat(number,city),'x')", 501, "BadRequest_MethodNotImplemented"),
        ("tolower(trim(city)) eq 'leeds'", 501, "BadRequest_MethodNotImplemented"),
        ("year(lastModifiedDateTime) eq 2026", 501, "BadRequest_MethodNotImplemented"),
        ("creditLimit mul 2 gt 5", 501, "BadRequest_MethodNotImplemented"),
        ("5 lt (creditLimit sub 1)", 501, "BadRequest_MethodNotImplemented"),
        ("soundex(displayName) eq 'C1'", 400, "BadRequest"),
        ("Soundex(displayName) eq 'C1'", 400, "BadRequest"),
        ("NOT (number eq 'A')", 501, "BadRequest_MethodNotImplemented"),
        ("creditLimit MUL 2 gt 5", 501, "BadRequest_MethodNotImplemented"),
        ("IndexOf(number,'C') eq 0", 501, "BadRequest_MethodNotImplemented"),
        ("creditLimit plus 2 gt 5", 400, "BadRequest"),
        ("number eq '123456789012345678901'", 400, "Application_FilterErrorException"),
    ],
)
def test_filters_without_an_al_form_or_with_mistakes(text: str, status: int, code: str) -> None:
    with pytest.raises(BusinessCentralError) as caught:
        matches(text)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_schema_version_21_knows_lists_and_nested_functions() -> None:
    assert matches("number in ('A','c-10')", schema_21=True)
    assert matches("contains(toupper(displayName),'BRIEN')", schema_21=True)


def test_fields_outside_sql_can_not_be_filtered() -> None:
    with pytest.raises(BusinessCentralError) as caught:
        compile_filter(parse_filter("inventory gt 0"), ITEMS)
    assert caught.value.status == 501


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        (f"documentId eq {GUID}", {"documentId"}),
        (f"sequence gt 5 and DocumentId eq {GUID}", {"documentId"}),
        (f"documentId ne {GUID}", set()),
        (f"documentId eq {GUID} or documentId eq {GUID}", set()),
    ],
)
def test_pinned_fields(text: str, pinned: set[str]) -> None:
    assert pinned_fields(parse_filter(text), LINES) == pinned


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("number eq 10000", "'Edm.String' and 'Edm.Int32' for operator kind 'Equal'"),
        ("number lt 3000000000", "'Edm.Int64' for operator kind 'LessThan'"),
        ("number ge 1.5", "'Edm.Decimal' for operator kind 'GreaterThanOrEqual'"),
    ],
)
def test_types_and_kinds_are_named_as_the_library_does(text: str, found: str) -> None:
    with pytest.raises(BusinessCentralError, match=found):
        compile_filter(parse_filter(text), load_catalogue().sets["customers"])


def test_a_day_that_is_not_in_the_calendar() -> None:
    for text in ("invoiceDate eq 2026-02-30", "invoiceDate ge 2026-13-01"):
        with pytest.raises(BusinessCentralError, match=r"Edm\.Date"):
            compile_filter(parse_filter(text), load_catalogue().sets["salesInvoices"])


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(BusinessCentralError, match=r"'Edm\.String' and 'Edm\.Decimal'") as caught:
        compile_filter(parse_filter(f"displayName eq {'9' * 5000}"), ITEMS)
    assert caught.value.status == 400
