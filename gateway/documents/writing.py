"""A value → YAML that the reader of this room reads as the same value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from gateway.documents.traffic import encode_json

_PLAIN: Final = re.compile(r"[A-Za-z$_][A-Za-z0-9$_.-]*\??")
_WORDS: Final = frozenset({"null", "true", "false"})
_UNPRINTABLE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def write_yaml(value: object) -> str:
    """`value` in block style, with a line for each part of it that holds nothing else."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _below(f"{_text(str(key))}:", inner)
    elif isinstance(value, list) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _below(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield key
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{key} {_scalar(value)}"


def _scalar(value: object) -> str:
    return _text(value) if isinstance(value, str) else encode_json(value).decode()


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)
