"""Faults from a file: JSON values one after the other, or one list of them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from gateway.simulator.control.faults import Faults
from gateway.simulator.errors import ControlError

_decoder = json.JSONDecoder()
_BETWEEN = " \t\r\n,"


def arm_script(faults: Faults, text: str) -> int:
    """Arm every fault of the text; gives how many. Raises ValueError with the line."""
    count = 0
    for line, wish in _wishes(text):
        try:
            faults.arm(wish)
        except ControlError as error:
            raise ValueError(f"line {line}: {error.text}") from None
        count += 1
    return count


def _wishes(text: str) -> Iterator[tuple[int, object]]:
    """Every fault with the line it starts in."""
    at, whole = _start(text, 0), len(text)
    in_list = text[at : at + 1] == "["
    at += in_list
    while True:
        at = _start(text, at)
        if in_list and text[at : at + 1] == "]":
            in_list, at = False, _start(text, at + 1)
            if at < whole:
                raise ValueError(f"line {_line(text, at)}: the list has ended before")
        if at >= whole:
            break
        try:
            wish, end = _decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"line {_line(text, at)}: it is not JSON: {error}") from None
        yield _line(text, at), wish
        at = end
    if in_list:
        raise ValueError(f"line {_line(text, whole)}: the list does not end")


def _start(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BETWEEN:
        at += 1
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
