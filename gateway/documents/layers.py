"""A document of two layers: one value, whose parts stand in the file they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.documents.reading import Document, Path_
from gateway.errors import Place


@dataclass(frozen=True, slots=True)
class LayeredDocument(Document):
    """`origins` leads from a path of the value to the file, and the path there, that it and
    everything below it came from, up to where another entry says otherwise. It has the root.

    `file` and `text` are those of the upper layer.
    """

    origins: Mapping[Path_, tuple[Document, Path_]] = field(repr=False, compare=False)

    def place(self, path: Path_ = (), *, key: bool = False) -> Place:
        """As that of the layer. What is in none of them is where its nearest parent is."""
        layer, own = self._origin(path)
        return layer.place(own, key=key)

    def place_in(self, path: Path_, offset: int) -> Place:
        """As that of the layer."""
        layer, own = self._origin(path)
        return layer.place_in(own, offset)

    def length(self, path: Path_, *, key: bool = False) -> int:
        """As that of the layer."""
        layer, own = self._origin(path)
        return layer.length(own, key=key)

    def _origin(self, path: Path_) -> tuple[Document, Path_]:
        end = len(path)
        while path[:end] not in self.origins:
            end -= 1
        layer, own = self.origins[path[:end]]
        return layer, (*own, *path[end:])


def layered(
    upper: Document, value: object, origins: Mapping[Path_, tuple[Document, Path_]]
) -> LayeredDocument:
    """The document of `value`, which lies over another as `upper` says."""
    return LayeredDocument(upper.file, upper.text, value, upper._places, origins)  # noqa: SLF001 - one room
