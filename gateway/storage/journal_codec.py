"""Operations and calls as rows of the journal, what is personal in them sealed, and back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from gateway.storage.records import Call, Operation, OperationWarning, columns
from gateway.storage.rows import Seals

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

_SEALED: Final = ("target", "document", "answer", "problem")


def encoded(seals: Seals, operation_id: str, values: Mapping[str, object]) -> dict[str, object]:
    """Fields of an operation as columns."""
    row = dict(values)
    for column in _SEALED:
        if column in row:
            row[column] = seals.json(row[column], "operations", operation_id, column)
    if "warnings" in row:
        given = cast("Sequence[OperationWarning]", row["warnings"])
        row["warnings"] = [columns(warning) for warning in given]
    return row


def decoded(seals: Seals, row: RowMapping) -> Operation:
    """The operation of a row."""
    values: dict[str, Any] = dict(row)
    for column in _SEALED:
        values[column] = seals.open_json(values[column], "operations", values["id"], column)
    values["warnings"] = tuple(OperationWarning(**warning) for warning in values["warnings"])
    return Operation(**values)


def decoded_call(seals: Seals, row: RowMapping) -> Call:
    """The call of a row."""
    values: dict[str, Any] = dict(row)
    place = f"{row['operation_id']}/{row['step']}/{row['attempt']}"
    for column in ("request", "answer"):
        values[column] = seals.open_json(values[column], "calls", place, column)
    return Call(**values)


def call_place(call: Call) -> str:
    """The row that the seals of a call are bound to."""
    return f"{call.operation_id}/{call.step}/{call.attempt}"
