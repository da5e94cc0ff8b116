"""How much one call of a generated function may go over: what loops within loops would multiply."""

from __future__ import annotations

from typing import Final

from gateway.mapping.functions import Unfit, elements

MOST_ELEMENTS: Final = 20_000  # that all further loops of one body or record may go over
MOST_VISITS: Final = 2_000_000  # elements that filters and comparisons may go through
LETTERS_A_VISIT: Final = 256  # of a text that no schema limits


class Room:
    """How many elements the loops of one call may still go over, those within others too; but
    for the first loop, which goes over what is there once. What filters and comparisons go through
    counts apart: many of them, or each element of a loop, may go through all of it again.
    """

    def __init__(self) -> None:
        self._left = MOST_ELEMENTS
        self._visits = MOST_VISITS

    def through(self, value: object) -> object:
        """The list or the text that a filter goes through now."""
        if isinstance(value, list):
            self._visits -= len(value)
        elif isinstance(value, str):
            self._visits -= len(value) // LETTERS_A_VISIT
        if self._visits < 0:
            raise Unfit(f"filters go through more than {MOST_VISITS} elements")
        return value

    def over(self, value: object) -> list[object]:
        """The list to go over now."""
        found = elements(value)
        self._left -= len(found)
        if self._left < 0:
            raise Unfit(f"the lists have more than {MOST_ELEMENTS} elements")
        return found
