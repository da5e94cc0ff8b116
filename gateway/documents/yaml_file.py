"""YAML files → nodes, from the parser's events, so that every mark is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import yaml

from gateway.documents.nodes import DEEPEST, Node, Trouble, number
from gateway.documents.yaml_causes import Stumble, cause_of

_WORDS = {"": None, "null": None, "true": True, "false": False}


def read_yaml_file(text: str, troubles: list[Trouble]) -> Node:
    """The root node of `text`; what is wrong is added to `troubles`."""
    reader = _Reader(text, troubles)
    try:
        return reader.read()
    except yaml.YAMLError as error:
        found = cause_of(text, reader.stumble(error))
        if not any(trouble.rule == "D115" for trouble in troubles):  # braces that lack quotes
            troubles.append(
                Trouble("D110", "yaml-syntax", found.message, found.start, found.end, found.hint)
            )
    return Node(0, len(text))


def _start_of(error: yaml.YAMLError, text: str) -> int:
    """The index in the text at which the parser, or its reader of bytes, has stopped."""
    mark, position = getattr(error, "problem_mark", None), getattr(error, "position", None)
    if mark is not None:
        return min(int(mark.index), len(text))
    return len(text.encode()[:position].decode(errors="ignore")) if position else 0


class _Reader:
    """Places are the parser's indexes, for it takes U+2028 and others for ends of lines too."""

    def __init__(self, text: str, troubles: list[Trouble]) -> None:
        self._text = text
        self._troubles = troubles
        self._events: Iterator[yaml.Event] = iter(())

    def stumble(self, error: yaml.YAMLError) -> Stumble:
        """Where the parser could not go on."""
        context = getattr(error, "context_mark", None)
        last: yaml.Event | None = None
        with suppress(yaml.YAMLError):
            for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
                last = event
        scalar = last if isinstance(last, yaml.ScalarEvent) else None
        most = len(self._text)
        return Stumble(
            str(getattr(error, "problem", None) or getattr(error, "reason", "not YAML")),
            str(getattr(error, "context", None) or ""),
            _start_of(error, self._text),
            None if context is None else min(context.index, most),
            None if scalar is None else self._span(scalar),
            "" if scalar is None else str(scalar.style or ""),
        )

    def read(self) -> Node:
        self._events = iter(yaml.parse(self._text, Loader=yaml.CSafeLoader))
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._trouble(
                        "D111",
                        "second-document",
                        "One file holds one document.",
                        self._span(event),
                        "Make two files of it.",
                    )
                    return root
                root = self._node(next(self._events), 1)
        return root or Node(0, 0)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        span = start, end = self._span(event)
        if isinstance(event, yaml.AliasEvent):
            self._trouble("D112", "alias", "Aliases are not used here.", span, "Write it out.")
            return Node(start, end)
        if getattr(event, "anchor", None):
            self._trouble("D112", "anchor", "Anchors are not used here.", span, "Write it out.")
        if getattr(event, "tag", None):
            self._trouble(
                "D113", "tag", "YAML tags are not used here.", span, "Put text in quotes."
            )
        if depth > DEEPEST:
            problem = f"nested deeper than {DEEPEST} levels"
            mark = event.start_mark
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)  # type: ignore[arg-type]  # a mark of the C parser is as good
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(start, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(start, depth)
        return self._scalar(event, start, end)

    def _mapping(self, start: int, depth: int) -> Node:
        node = Node(start, start, kind="map")
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_start, key_end = self._span(event)
            key = self._key(event, depth)
            child = self._node(next(self._events), depth + 1)
            child.key_start, child.key_end = key_start, key_end
            if key in node.children:
                self._trouble(
                    "D114",
                    "duplicate-key",
                    f'The key "{key}" stands here twice.',
                    (key_start, key_end),
                    "Keep one of the two.",
                )
            elif key is not None:
                node.children[key] = child
        node.end = self._span(event)[1]
        return node

    def _key(self, event: yaml.Event, depth: int) -> str | None:
        if isinstance(event, yaml.ScalarEvent):
            if event.value == "<<" and not event.style:
                self._trouble(
                    "D112",
                    "merge-key",
                    "Merge keys are not used here.",
                    self._span(event),
                    "Write it out.",
                )
            return str(event.value)
        self._node(event, depth + 1)
        start, end = self._span(event)
        braces = self._text.startswith("{", start) and self._text.startswith("{", start - 1)
        hint = 'An expression stands in quotes: "{{ … }}".' if braces else None
        span = (start - 1 if braces else start, end)
        self._trouble("D115", "key-not-text", "A key must be text.", span, hint)
        return None

    def _sequence(self, start: int, depth: int) -> Node:
        node = Node(start, start, kind="list")
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            node.children[len(node.children)] = self._node(event, depth + 1)
        node.end = self._span(event)[1]
        return node

    def _scalar(self, event: yaml.Event, start: int, end: int) -> Node:
        if not isinstance(event, yaml.ScalarEvent):
            raise yaml.MarkedYAMLError(problem="a value is missing")
        text = str(event.value)
        style = str(event.style or "")
        if style:
            return Node(start, end, text, style)
        if text in _WORDS:
            return Node(start, end, _WORDS[text])
        exact = number(text)
        return Node(start, end, text if exact is None else exact)

    def _span(self, event: yaml.Event) -> tuple[int, int]:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return 0, 0
        return start.index, min(end.index, len(self._text))

    def _trouble(
        self, rule: str, name: str, text: str, span: tuple[int, int], hint: str | None = None
    ) -> None:
        self._troubles.append(Trouble(rule, name, text, span[0], max(span[1], span[0] + 1), hint))
