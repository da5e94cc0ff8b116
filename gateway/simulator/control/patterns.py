"""Regular expressions that take a time in proportion to the text, whatever is written in them.

Python's own try one way after the other, and some expressions have more ways than there is time:
``(a+)+$``. Those of jsonschema-rs follow all ways at once; what can not be followed so, looking
around or back, is refused.
"""

from __future__ import annotations

import re
import warnings

import jsonschema_rs

from gateway.simulator.errors import ControlError

_LONGEST = 500  # characters
_LARGEST = 1 << 20  # bytes, repetitions written out
_OPTIONS = jsonschema_rs.RegexOptions(size_limit=_LARGEST)


class Pattern:
    """A regular expression. Raises ControlError for what is none, or none of this kind."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise ControlError(f"A path is a regular expression of {_LONGEST} characters at most.")
        self.pattern = text
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of classes that may mean more once
                re.compile(text)  # which says what is wrong with it, and where
        except (re.error, OverflowError, RecursionError) as error:
            told = f"The path '{text[:80]}' is not a regular expression: {error}."
            raise ControlError(told) from None
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(
                {"pattern": text}, pattern_options=_OPTIONS
            )
        except jsonschema_rs.ValidationError:
            raise ControlError(
                f"The path '{text[:80]}' looks around or back, or repeats too much; known are "
                "characters, classes, groups, alternatives, repetitions, ^, $, \\b and (?i)."
            ) from None

    def search(self, text: str) -> bool:
        """Whether it matches somewhere in the text."""
        return self._compiled.is_valid(text)
