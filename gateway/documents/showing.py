"""A value as people are shown it: JSON on one line, or that nothing is there."""

from __future__ import annotations

from typing import Final

from gateway.documents.traffic import encode_json


class Nothing:
    """Stands for a value that is not there."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING: Final = Nothing()


def shown(value: object) -> str:
    """`value` as JSON on one line."""
    return repr(value) if value is NOTHING else encode_json(value).decode()
