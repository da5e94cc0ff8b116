"""Merge patches (RFC 7396): what a patch makes of a document, and which paths it names. Pure.

The change of a plan is made of both; the engine answers with the first.
"""

from __future__ import annotations

from collections.abc import Iterator

Steps = tuple[str, ...]
"""A path from the root of a document, key by key."""


def merge_patch(target: object, patch: object) -> object:
    """`target` with `patch` merged into it; null removes, a list replaces as a whole.

    Neither of the two is changed; the result may share parts with both.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def named(patch: object, path: Steps = ()) -> Iterator[Steps]:
    """The paths that a patch says something about: `{"address": {}}` says nothing, and
    `{"address": null}` says something about all of it.
    """
    if not isinstance(patch, dict):
        yield path
        return
    for name, value in patch.items():
        yield from named(value, (*path, name))


def meet(one: Steps, other: Steps) -> bool:
    """Whether one path is the other, or leads through it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def at(document: object, path: Steps) -> object:
    """What stands at `path`; null where nothing does."""
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document
