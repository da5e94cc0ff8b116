"""Business Central's words without the values of a payload.

A refusal often quotes what it refuses. Its words are worth keeping, and a value of a payload
belongs into no problem: so a value that stands in them, as it was sent, becomes `…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Final

MASK: Final = "…"

_SHORT: Final = 4  # characters; a shorter text is masked only where it stands by itself
_CUT: Final = 12  # characters that must be left of a text which the mapping has cut
_MANY: Final = 500  # texts in the words; beyond that nothing is left of them
_LONGEST: Final = 4_000  # characters of Business Central's words; looking through more takes long
_BLANKS: Final = " '\u2019\u00a0\u202f"  # what languages put between thousands, but , and .
_NUMBERS: Final = (  # longest first: a blank may also part two numbers, an E belong to a word
    re.compile(rf"[0-9]+(?:[{_BLANKS}][0-9]{{3}})*(?:[.,][0-9]+)*(?:[Ee][+-]?[0-9]+)?"),
    re.compile(r"[0-9]+(?:[.,][0-9]+)*"),
)
_WITHOUT_BLANKS: Final = str.maketrans("", "", _BLANKS)


def masked(words: str, *payload: object) -> str:
    """`words` with `…` for every text and number of `payload`, in any case of letters.

    A text that was cut is found by its beginning, a number by what it is worth: 1000.5 stands in
    `1,000.50` and in `1.0005E+3` too. What Business Central writes quite differently, such as a
    date in the order of a language, is not found.
    """
    words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}{MASK}"
    texts: set[str] = set()
    numbers: set[Decimal] = set()
    for value in _values(payload):
        if isinstance(value, str):
            texts.add(value.strip())
        else:
            numbers.add(value)
    low = _lowered(words)
    found = {there for text in texts if (there := _standing(_lowered(text), low))}
    if len(found) > _MANY:
        return MASK
    if found:
        longest_first = sorted(found, key=len, reverse=True)
        words = re.sub("|".join(map(_pattern, longest_first)), MASK, words, flags=re.IGNORECASE)
    for pattern in _NUMBERS if numbers else ():
        words = pattern.sub(lambda one: MASK if _worth(one[0]) & numbers else one[0], words)
    return words


def _values(value: object) -> Iterator[str | Decimal]:
    """Every text and number in a value; true and false tell nobody anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield Decimal(value).copy_abs()  # `abs` rounds to 28 digits
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _values(inner)


def _standing(text: str, words: str) -> str:
    """As much of a text as stands in the words, from its beginning; nothing where it does not.
    Both in small letters: there are many texts and few hits, and no pattern is made before one.
    """
    if not text or text in words:
        return text
    low, high = _CUT - 1, len(text)
    if text[:_CUT] not in words:
        return ""
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if text[:middle] in words else (low, middle)
    return text[:low].strip()


def _lowered(text: str) -> str:
    """In small letters, character by character: of a Turkish `İ` `lower` would make two."""
    return text.lower() if len(text.lower()) == len(text) else "".join(map(_small, text))


def _small(character: str) -> str:
    low = character.lower()
    return low if len(low) == 1 else character


def _pattern(text: str) -> str:
    escaped = re.escape(text)
    return escaped if len(text) >= _SHORT else rf"(?<!\w){escaped}(?!\w)"


def _worth(digits: str) -> set[Decimal]:
    """What a number may be worth, whichever of point and comma stands for what."""
    found: set[Decimal] = set()
    digits = digits.translate(_WITHOUT_BLANKS)
    for thousands, point in ((",", "."), (".", ",")):
        with suppress(InvalidOperation):
            found.add(Decimal(digits.replace(thousands, "").replace(point, ".")))
    return found
