"""From the text of ``$filter`` to nodes: recursive descent over the tokens.

The grammar is OData's as far as Business Central documents it (bc/api.md §5), and a little
wider where a wider expression has an answer of its own: ``in``, ``not``, lambdas.

Words of OData are read in any case: Microsoft's library has one switch for them and for the names
of properties, which Business Central was seen to read so (bc/api.md §5).
"""

from __future__ import annotations

from gateway.simulator.errors import BusinessCentralError, bad_request, filter_unsupported
from gateway.simulator.odata.lexer import Token, tokenize
from gateway.simulator.odata.nodes import (
    FUNCTIONS,
    Call,
    Compare,
    InList,
    Lambda,
    Literal,
    Logical,
    Node,
    Not,
    Path,
)

COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
# What OData works out and no AL filter can say; ``has`` asks for flags.
_WORKED_OUT = frozenset({"add", "sub", "mul", "div", "mod", "has"})
_CONSTANTS = {"true": "boolean", "false": "boolean", "null": "null"}
_DEEPEST = 100


def parse_filter(text: str) -> Node:
    """The filter as nodes. Raises BusinessCentralError: 400 where it can not be read, 501 where
    something has to be worked out.
    """
    return _Parser(text).parse()


class _Parser:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._either()
        if self._peek.kind != "end":
            raise self._error()
        return node

    @property
    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _error(self) -> BusinessCentralError:
        position = self._peek.position
        return bad_request(f"Syntax error at position {position} in '{self._text}'.")

    def _is(self, text: str) -> bool:
        token = self._peek
        return token.kind in {"name", "symbol"} and token.text.lower() == text

    def _expect(self, text: str) -> None:
        if not self._is(text):
            raise self._error()
        self._at += 1

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise bad_request("The filter is nested too deep.")
        node = self._both()
        while self._is("or"):
            self._at += 1
            node = Logical("or", node, self._both())
        self._depth -= 1
        return node

    def _both(self) -> Node:
        node = self._comparison()
        while self._is("and"):
            self._at += 1
            node = Logical("and", node, self._comparison())
        return node

    def _comparison(self) -> Node:
        negations = 0
        while self._is("not"):
            self._at += 1
            negations += 1
        node = self._side()
        if self._is("in"):
            self._at += 1
            node = InList(node, self._members())
        elif self._peek.kind == "name" and self._peek.text.lower() in COMPARISONS:
            operator = self._take().text.lower()
            node = Compare(operator, node, self._side())
        for _ in range(negations):
            node = Not(node)
        return node

    def _side(self) -> Node:
        node = self._operand()
        if self._peek.kind == "name" and self._peek.text.lower() in _WORKED_OUT:
            raise filter_unsupported()
        return node

    def _members(self) -> tuple[Literal, ...]:
        self._expect("(")
        members = [self._literal()]
        while self._is(","):
            self._at += 1
            members.append(self._literal())
        self._expect(")")
        return tuple(members)

    def _literal(self) -> Literal:
        node = self._operand()
        if not isinstance(node, Literal):
            raise self._error()
        return node

    def _operand(self) -> Node:
        if self._is("("):
            self._at += 1
            node = self._either()
            self._expect(")")
            return node
        token = self._peek
        if token.kind in {"end", "symbol"}:
            raise self._error()
        self._at += 1
        if token.kind == "string":
            return Literal("string", token.text[1:-1].replace("''", "'"))
        if token.kind != "name":
            return Literal(token.kind, token.text)
        return self._named(token.text)

    def _named(self, name: str) -> Node:
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name], name)
        if self._peek.kind == "string":
            # An enum with its type in front: Microsoft.NAV.customerBlocked'All'.
            return Literal("string", self._take().text[1:-1].replace("''", "'"))
        if self._is("("):
            word = name.lower()
            return Call(word if word in FUNCTIONS else name, self._arguments())
        names = [name]
        while self._is("/"):
            self._at += 1
            if self._peek.kind != "name":
                raise self._error()
            step = self._take().text
            if step.lower() in {"any", "all"} and self._is("("):
                return self._lambda(Path(tuple(names)), step.lower())
            names.append(step)
        return Path(tuple(names))

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        arguments: list[Node] = []
        while not self._is(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._either())
        self._at += 1
        return tuple(arguments)

    def _lambda(self, path: Path, operator: str) -> Lambda:
        self._expect("(")
        if self._is(")"):
            self._at += 1
            return Lambda(path, operator, None, None)
        if self._peek.kind != "name":
            raise self._error()
        variable = self._take().text
        self._expect(":")
        condition = self._either()
        self._expect(")")
        return Lambda(path, operator, variable, condition)
