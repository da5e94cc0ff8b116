"""An error of a generated function → which leaf, which element, which path of the input.

Nothing of this costs anything while all goes well: the line of the traceback is the leaf, and
the locals of the frame are the indexes. No text here ever holds a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import localcontext
from types import FunctionType, TracebackType
from typing import Any, Final

from gateway.errors import InvalidInput, MappingError, Place, Violation
from gateway.mapping.functions import EXACT, Unfit
from gateway.mapping.scope import Every, Way
from gateway.validation import json_pointer

_ERRORS: Final = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Spot:
    """The leaf a generated line belongs to. In `target` an `Every` names the list being made,
    in `ways` the variable with the index.
    """

    target: Way
    place: Place
    ways: tuple[Way, ...] = ()


def explained(
    generated: FunctionType, spots: Mapping[int, Spot], input_name: str | None, *, exact: bool
) -> Callable[[Mapping[str, object]], Any]:
    """`generated`, raising `InvalidInput` or `MappingError` instead of Python's errors.

    `exact`: it computes with decimals, so an inexact result must be an error.
    """

    def called(names: Mapping[str, object]) -> object:
        try:
            if not exact:
                return generated(names)
            with localcontext(EXACT):
                return generated(names)
        except _ERRORS as error:
            failure = _failure(error, generated, spots, input_name, names)
        raise failure  # outside of the handler: the error within may hold a value

    return called


def _failure(
    error: Exception,
    generated: FunctionType,
    spots: Mapping[int, Spot],
    input_name: str | None,
    names: Mapping[str, object],
) -> InvalidInput | MappingError:
    found = _traced(error.__traceback__, generated)
    if found is None or found.tb_lineno not in spots:
        return MappingError("The mapping reads a name that is not there.")
    spot, held = spots[found.tb_lineno], found.tb_frame.f_locals
    target = _target(spot.target, held) or None
    pointer = _pointer(error, spot, held, input_name, names)
    detail = f"{target or 'The mapping'}: {_reason(error)}."
    violation = Violation("mapping", detail, pointer, target, spot.place)
    wanted = MappingError if pointer is None else InvalidInput
    return wanted(f"The mapping cannot translate this document. {detail}", violations=[violation])


def _traced(trace: TracebackType | None, generated: FunctionType) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code is not generated.__code__:
        trace = trace.tb_next
    return trace


def _reason(error: Exception) -> str:
    match error:
        case Unfit():
            return str(error)
        case LookupError():
            return "something it reads is missing"
        case ArithmeticError():
            return "the result cannot be computed exactly"
        case _:
            return "something it reads is null or of another type"


def _target(way: Way, held: Mapping[str, object]) -> str:
    """The leaf as `salesOrderLines[3].quantity`; the index is how many elements there are yet."""
    words = ""
    for part in way:
        if isinstance(part, Every):
            made = held.get(part.local or "")
            words += f"[{len(made) if isinstance(made, list) else 0}]"
        else:
            words += f".{part}" if words else part
    return words


def _pointer(
    error: Exception,
    spot: Spot,
    held: Mapping[str, object],
    input_name: str | None,
    names: Mapping[str, object],
) -> str | None:
    """The JSON pointer of the input that is to blame, if one is: a path that is not there, else
    the first one the leaf reads when its value did not fit.
    """
    ways = [way for way in spot.ways if way and way[0] == input_name]
    steps = [[_step(part, held) for part in way[1:]] for way in ways]
    gone = [one for one in steps if not _reaches(names.get(input_name or ""), one)]
    if not gone and not isinstance(error, Unfit | ArithmeticError):
        return None
    for blamed in gone or steps:
        return json_pointer(blamed)
    return None


def _step(part: str | Every, held: Mapping[str, object]) -> str:
    return str(held.get(part.local or "", 0)) if isinstance(part, Every) else part


def _reaches(value: object, steps: list[str]) -> bool:
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    return value is not None
