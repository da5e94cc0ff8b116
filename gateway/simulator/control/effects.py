"""How faults refuse work and change answers: the functions that ``menu`` puts into its entries.

Codes and statuses are those of bc/api.md §3 and §4 and bc/pitfalls.md 5, 6, 13, 17 and 24.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from gateway.simulator.catalogue.captions import caption_of
from gateway.simulator.catalogue.entities import EntitySet
from gateway.simulator.control.kinds import Details, Occasion
from gateway.simulator.documents.rules import DOCUMENTS, LINE_STEP, LINES, SERIES
from gateway.simulator.errors import BusinessCentralError, already_exists
from gateway.simulator.exchange import Answer, json_answer

REJECTED = "The server has rejected the client credentials."
CHANGED = "Another user has already changed the record."
_RIGHTS = {"GET": "Read", "POST": "Insert", "DELETE": "Delete"}
_BLANKS = ("", None, 0)


def refusal(status: int, code: str, text: str) -> Callable[[Details, Occasion], Exception]:
    """Refuse every call with this error of Business Central."""
    return lambda _, _occasion: BusinessCentralError(status, code, text)


def no_permission(_: Details, occasion: Occasion) -> Exception:
    """403 for want of a permission (bc/api.md §4). The table's number is left out: a choice."""
    right = _RIGHTS.get(occasion.call.method, "Modify")
    text = (
        "Sorry, the current permissions prevented the action. "
        f"(TableData {_caption(occasion)} {right}: Base Application)"
    )
    return BusinessCentralError(403, "Internal_ServerError", text)


def duplicate_key(details: Details, occasion: Occasion) -> Exception:
    """The key of the new record is taken (bc/api.md §4: 400 was seen, 409 is told)."""
    entity_set, sent = occasion.entity_set, _sent(occasion)
    key = (entity_set.natural_key if entity_set else None) or "number"
    known = sent.get(key) or _next(entity_set, key)
    caption = entity_set.captioned(key) if entity_set else "No."
    error = already_exists(_caption(occasion), f"{caption}='{known}'")
    return BusinessCentralError(int(details.number("status")), error.code, error.text)


def _next(entity_set: EntitySet | None, key: str) -> object:
    """What Business Central would have filled in where nothing was sent. A choice: its first."""
    if key in {"sequence", "lineNumber"}:
        return LINE_STEP
    series = SERIES.get(entity_set.name) if entity_set else None
    return series.format(series.start) if series else ""


def locked(_: Details, occasion: Occasion) -> Exception:
    """Another session writes to the same table (bc/pitfalls.md 5)."""
    text = (
        f"We can't save your changes right now, because a record in table '{_caption(occasion)}' "
        "is being updated in a transaction done by another session. You'll have to wait until the "
        "other transaction has completed, which may take a while. Please try again later."
    )
    return BusinessCentralError(409, "Internal_ServerError", text)


def deadlocked(_: Details, occasion: Occasion) -> Exception:
    """The victim of a deadlock. Code and status are those of a lock: a choice."""
    text = (
        "Your activity was deadlocked with another user who was modifying the "
        f"{_caption(occasion)} table. Start your activity again."
    )
    return BusinessCentralError(409, "Internal_ServerError", text)


def field_required(details: Details, occasion: Occasion) -> Exception | None:
    """AL's ``TestField`` for a property that is missing or blank (bc/api.md §4)."""
    name, sent = details.text("field"), _sent(occasion)
    value = sent.get(name, "" if occasion.call.method == "POST" else ".")
    if value not in _BLANKS:
        return None
    number = sent.get("number", "")
    text = f"{name} must have a value in {_caption(occasion)}: No.={number}. It cannot be zero or empty."
    return BusinessCentralError(400, "Application_FieldValidationException", text)


def status_answer(details: Details) -> Answer:
    """The answer that ``status`` gives in place of the real one."""
    status, body = int(details.number("status")), details.values.get("body")
    if body is None or isinstance(body, str):
        kind = {"Content-Type": "text/html; charset=utf-8"} if body else {}
        answer = Answer(status, (body or "").encode(), kind)
    else:
        answer = json_answer(status, body)
    return replace(answer, headers={**answer.headers, **details.headers("headers")})


def truncated(_: Details, answer: Answer) -> Answer:
    """The answer, ending in the middle of its JSON."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def retyped(details: Details, answer: Answer) -> Answer:
    """The answer, said to be of another type."""
    return replace(answer, headers={**answer.headers, "Content-Type": details.text("type")})


def _caption(occasion: Occasion) -> str:
    """The table behind the entity set; that of the header or the lines of a document."""
    entity_set = occasion.entity_set
    if entity_set is None:
        return caption_of("record")
    document = DOCUMENTS.get(LINES.get(entity_set.name, entity_set.name))
    if document is None:
        return entity_set.caption
    return document.line_table if entity_set.name in LINES else document.table


def _sent(occasion: Occasion) -> dict[str, object]:
    """The properties of the body, none if it holds no object."""
    try:
        body: object = msgspec.json.decode(occasion.call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
