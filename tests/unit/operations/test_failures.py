from __future__ import annotations

import pytest

from gateway import errors
from gateway.documents import decode_json, encode_json
from gateway.errors import (
    BusinessCentralRefused,
    Fault,
    GatewayError,
    OutcomeUnknown,
    Place,
    RateLimited,
    Rejected,
    Violation,
)
from gateway.operations import failures

VIOLATION = Violation(
    "maxLength",
    "At most 35 characters fit.",
    pointer="/lines/0/sku",
    target="salesOrderLines[0].description",
    place=Place("sales-orders.yaml", 41, 25),
    hint="Cut it.",
)


def there_and_back(error: GatewayError) -> GatewayError:
    problem = decode_json(encode_json(failures.written(error)))
    assert isinstance(problem, dict)
    return failures.read(problem, operation="op_1")


@pytest.mark.parametrize(
    "error",
    [
        GatewayError(),
        RateLimited("Later.", retry_after=30.4, violations=[VIOLATION]),
        OutcomeUnknown(violations=[VIOLATION, Violation("candidate", "101005")]),
        BusinessCentralRefused(fault=Fault(400, "Application_DialogException", "No.", "c0ffee")),
    ],
)
def test_an_error_comes_back_as_it_was(error: GatewayError) -> None:
    back = there_and_back(error)

    assert type(back) is type(error)
    assert back.detail == error.detail
    assert back.violations == error.violations
    assert back.fault == error.fault
    assert back.retry_after == (None if error.retry_after is None else 30)
    assert back.operation == "op_1"


def test_a_rejection_keeps_the_words_of_its_mapping() -> None:
    fault = Fault(400, "Internal_InvalidTableRelation", "No such item.")
    error = Rejected(
        "unmatched_item",
        "A SKU has no item",
        remedy="Match it",
        violations=[VIOLATION],
        fault=fault,
    )
    back = there_and_back(error)

    assert isinstance(back, Rejected)
    assert (back.own_code, back.own_title, back.remedy) == (
        "unmatched_item",
        "A SKU has no item",
        "Match it",
    )
    assert (back.detail, back.violations, back.fault) == (error.detail, error.violations, fault)
    assert failures.written(error)["code"] == "unmatched_item"


def test_every_class_can_be_read() -> None:
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, GatewayError)
    ]
    for kind in classes:
        if kind not in {errors.InvalidFiles, Rejected}:
            assert type(there_and_back(kind())) is kind
