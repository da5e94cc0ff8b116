"""What `bc-gateway render --explain` prints of a leaf."""

from __future__ import annotations

import click

from gateway.documents import NOTHING, shown
from gateway.operations.explaining import Leaf


def leaf_text(leaf: Leaf) -> str:
    """A leaf for people, on several lines."""
    absent = "is cleared" if leaf.cleared else "is left out"
    result = absent if leaf.result is NOTHING else f"= {shown(leaf.result)}"
    lines = [f"{click.style(leaf.target, bold=True)} {result}"]
    lines.append(f"    {leaf.place}  {leaf.expression}")
    lines += [f"    {path}{value_text(path, value)}" for path, value in leaf.reads]
    lines += [f"    {one}" for one in leaf.taken]
    return "\n".join(lines)


def value_text(path: str, value: object) -> str:
    """What was read at a path; of an element with a computed key the result tells it."""
    if value is NOTHING:
        return "" if "[]" in path else " is missing"
    return f" = {shown(value)}"
