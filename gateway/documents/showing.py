"""A value as people are shown it: JSON on one line or several, or that nothing is there."""

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


def pretty(value: object, indent: str = "") -> str:
    """`value` as JSON over several lines; amounts as they are, digit by digit."""
    deeper = f"{indent}  "
    if isinstance(value, dict) and value:
        parts = [
            f"{encode_json(key).decode()}: {pretty(child, deeper)}" for key, child in value.items()
        ]
        left, right = "{", "}"
    elif isinstance(value, list) and value:
        parts = [pretty(child, deeper) for child in value]
        left, right = "[", "]"
    else:
        return encode_json(value).decode()
    lines = f",\n{deeper}".join(parts)
    return f"{left}\n{deeper}{lines}\n{indent}{right}"
