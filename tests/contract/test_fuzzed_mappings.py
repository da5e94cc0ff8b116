"""Whatever stands in a mapping file, it gives findings or plans: never a traceback, never a stall.

The shipped files are torn apart byte by byte and part by part; the bombs are those that readers
of YAML and of expressions are known for.
"""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any, Final, cast

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from gateway.config import shipped
from gateway.documents import Finding, format_findings, load_document
from gateway.documents.findings import Format
from gateway.errors import InvalidFiles
from gateway.mapping import compile_document
from gateway.snapshot import Snapshot
from tests.soak import CASES, SLOW, SOAK, cases

FEW: Final = 60
FORMATS: Final[tuple[Format, ...]] = ("text", "json", "github")
SECONDS: Final = 10.0  # for any file; the machine of a test may be busy
BYTES: Final = 1_000_000_000  # that reading the largest of files may take for a moment
MIB: Final = 1024 * 1024

FILES: Final = {
    path.name: path.read_bytes()
    for path in sorted(shipped("mappings").glob("*.yaml"))
    if not path.name.endswith(".test.yaml")
}
SHAPE: Final = cast(
    "dict[str, Any]",
    load_document(shipped("schemas") / "gateway" / "mapping.schema.json").value,
)
ORDERS: Final = FILES["sales-orders.yaml"].decode()


def loaded(folder: Path, data: bytes, snapshot: Snapshot, suffix: str = "yaml") -> str:
    """What a file with these bytes comes to: `findings` or `plans`. Fails where it is neither."""
    path = folder / f"mapping.{suffix}"
    path.write_bytes(data)
    began = perf_counter()
    compiled = None
    try:
        compiled = compile_document(load_document(path), SHAPE, snapshot.schemas)
        findings = list(compiled.findings)
    except InvalidFiles as error:
        findings = [one for one in error.findings if isinstance(one, Finding)]
        assert findings
    took = perf_counter() - began
    assert took < SECONDS
    assert all(one.place.line >= 1 and one.place.column >= 1 for one in findings)
    assert all(len(one.message) < 2_000 for one in findings)
    for fmt in FORMATS:
        format_findings(findings, fmt).encode()
    assert perf_counter() - began < 2 * SECONDS
    failed = compiled is None or any(one.severity == "error" for one in findings)
    assert failed is (compiled is None or not compiled.plans)
    return "findings" if failed else "plans"


TOKENS: Final = (
    *(b"", b" ", b"  ", b"\n", b"\t", b"\r", b"\0", b":", b": ", b"- ", b"? ", b"#", b",", b"|", b">"),
    *(b"{", b"}", b"[", b"]", b"{{", b"}}", b"{{ ", b" }}", b"{%", b"{#", b"'", b'"', b"\\", b"%", b"@"),
    *(b"&a ", b"*a", b"<<: *a", b"!!python/object:os.system ", b"!x", b"---\n", b"...\n", b"%YAML 1.1\n"),
    *(b"null", b"~", b"NO", b"007", b"12:30", b"1e999999999999", b"-", b"0x1", b".inf", b"2026-11-23"),
    *(b"$each: order.lines\n", b"$when: true", b"$as: bc", b"$concat:", b"$pick:", b"$index: i", b"$key"),
    *(b"order", b"bc.", b"lookups.", b"steps.x", b"params", b"tables", b" | default(", b" | choose(", b" | "),
    *(b" if ", b" else ", b" is present", b"(", b")", b"~", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8"),
    *(b"extends: sales-orders\n", b"steps:", b"actions:\n  x:\n", b"__class__", b"lipsum", b"9" * 50),
)  # fmt: skip


@st.composite
def torn(draw: st.DrawFn) -> bytes:
    """A shipped file with a few wounds."""
    data = bytearray(FILES[draw(st.sampled_from(sorted(FILES)))])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.sampled_from([0, 1, 2, 5, 20, 200])))
        match draw(st.integers(0, 4)):
            case 0:
                data[at:end] = draw(st.sampled_from(TOKENS))
            case 1:
                data[at:at] = data[at:end] * draw(st.integers(1, 3))
            case 2:
                data[at:end] = draw(st.binary(max_size=4))
            case 3:
                other = FILES[draw(st.sampled_from(sorted(FILES)))]
                start = draw(st.integers(0, len(other)))
                data[at:at] = other[start : start + draw(st.integers(1, 300))]
            case _:
                lines = bytes(data).split(b"\n")
                one = draw(st.integers(0, len(lines) - 1))
                lines[one] = draw(st.sampled_from([b"  ", b" ", b"- ", b""])) + lines[one].strip()
                data = bytearray(b"\n".join(lines))
    return bytes(data)


SOUP: Final = st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join)
VALUES: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, "", "x", "{{", "{{ order }}", "{{ bc }}", "{{ target.id }}", "$each"),
        *([], {}, [1], [[]], [None], {"": 1}, {"a?": 1, "a": 2}, {"$when": "true"}, {"$when": 1}),
        *({"$each": "order.lines", "$as": "order"}, {"$each": "bc.x", "$as": "l"}, {"$each": {}}),
        *({"$concat": 5}, {"$concat": []}, {"$pick": [{"a": 1}, 5]}, {"$pick": [{"$when": "x"}]}),
        *("{{ order.lines[order.count] }}", "{{ {'a': order}['a'] }}", "{{ [order, bc][0].x }}"),
        *("{{ 1 / 3 }}", "{{ '' if order else none }}", "{{ lookups.x[steps.y] | sum('z') }}"),
        *({"read": "x", "name": "read"}, {"reject": "x"}, {"entity": "x"}, {"field": "x"}, "x" * 300),
    ]
)  # fmt: skip


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    found = [path] if path else []
    for key, child in children:
        found += places(child, (*path, key))
    return found


PARTS: Final = {
    name: cast("dict[str, Any]", load_document(shipped("mappings") / name).value) for name in FILES
}


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A shipped file with other values, or other names, at some places."""
    value = copy.deepcopy(PARTS[draw(st.sampled_from(sorted(PARTS)))])
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(places(value)))
        parent: Any = value
        for step in path:
            parent = parent[step]
        new = copy.deepcopy(draw(VALUES))
        if isinstance(parent, dict) and draw(st.integers(0, 4)) == 0:
            parent[str(new)] = parent.pop(last)
        else:
            parent[last] = new
    return json.dumps(value, default=str).encode()


@SLOW
@pytest.mark.parametrize("kind", ["torn", "soup", "mangled"])
def test_a_damaged_file_gives_findings_or_plans(
    kind: str, tmp_path: Path, snapshot: Snapshot
) -> None:
    seen: Counter[str] = Counter()
    made = {"torn": torn(), "soup": SOUP, "mangled": mangled()}[kind]

    @cases(FEW)
    @given(made)
    def compared(data: bytes) -> None:
        note(repr(data[:3000]))
        suffix = "json" if kind == "mangled" else "yaml"
        seen[loaded(tmp_path, data, snapshot, suffix)] += 1

    compared()
    if SOAK:
        print(f"\n{kind}: {dict(seen)}")  # noqa: T201 - for who soaks
    assert sum(seen.values()) >= (CASES if SOAK else FEW)
    assert seen["findings"] > 0


def leaf(text: str) -> str:
    """The shipped orders with another expression in one leaf."""
    old = 'orderDate?: "{{ order.order_date }}"'
    assert ORDERS.count(old) == 1
    return ORDERS.replace(old, f"orderDate?: {text}")


def lines(text: str, count: int) -> str:
    return "".join(text.replace("#", str(at)) for at in range(count))


BAD_LINE: Final = (
    '      - {lineType: Item, lineObjectNumber: "{{ order.lins#.foo }}", quantity: 1}\n'
)
BOMBS: Final[dict[str, str | bytes]] = {
    "laughs": "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n",
    "merge keys": "a: &a {x: 1}\nb: {<<: *a, <<: [*a, *a]}\n",
    "tag of an object": "!!python/object/apply:os.system ['true']\n",
    "brackets": "[" * MIB,
    "braces": "{a: " * 300_000,
    "closed brackets": "[" * 100_000 + "]" * 100_000,
    "dashes": "- " * 200_000,
    "questions": "? " * 200_000,
    "steps down": "".join(" " * at + "a:\n" for at in range(1_500)),
    "anchors": "&a " * 100_000,
    "documents": "---\n" * 100_000,
    "many keys": lines("k#: 1\n", 50_000),
    "one key many times": "k: 1\n" * 50_000,
    "many elements": "[" + "1," * 150_000 + "]",
    "a long text": "a: " + "x" * (2 * MIB - 10),
    "too large": "#" * (2 * MIB + 1),
    "a long key": "? " + "x" * MIB + "\n: 1\n",
    "a long name": ORDERS.replace("entity: salesOrders", "entity: " + "s" * 100_000, 1),
    "digits": leaf("9" * MIB),
    "an exponent": leaf("1e999999999"),
    "an exponent beyond words": leaf("1e" + "9" * 70),
    "quotes": '"' * MIB,
    "half a character": leaf('"\\ud83d {{ order.order_date }}"'),
    "zero": leaf('"\\0{{ order.order_date }}"'),
    "UTF-16": ORDERS.encode("utf-16"),
    "bytes": bytes(range(256)) * 100,
    "nothing": "",
    "only a comment": "#" * MIB,
    "a scalar": "5",
    "parentheses": leaf('"{{ ' + "(" * 1_900 + "1" + ")" * 1_900 + ' }}"'),
    "nots": leaf('"{{ ' + "not " * 900 + 'true }}"'),
    "signs": leaf('"{{ ' + "- " * 1_900 + '1 }}"'),
    "links": leaf('"{{ order' + ".a" * 1_900 + ' }}"'),
    "links in links": leaf('"{{ order' + "[order" * 35 + "]" * 35 + ' }}"'),
    "filters": leaf('"{{ order.currency' + " | upper" * 37 + ' }}"'),
    "concatenation": leaf('"{{ ' + " ~ ".join(["order.currency"] * 230) + ' }}"'),
    "products": leaf('"{{ ' + " * ".join(["9" * 38] * 90) + ' }}"'),
    "conditions": leaf(
        "\"{{ 'x' if "
        + " and ".join(f"(order.currency | default('a')) != '{at}'" for at in range(36))
        + " else order.currency }}\""
    ),
    "choices": leaf('"{{ ' + "'x' if order.currency is present else " * 37 + "'y' }}\""),
    "expressions": leaf('"' + "{{ 1 }}" * 280_000 + '"'),
    "statements": leaf('"' + "{% if %}" * 480 + '{{ 1 }}"'),
    "many mistakes": ORDERS.partition("\ncreate:")[0]
    + "\ncreate:\n  input: order\n  body:\n    salesOrderLines:\n"
    + lines(BAD_LINE, 2_000),
    "many fields": ORDERS.replace("\nrecord:\n", "\nrecord:\n" + lines("  x#: '{{ bc.x# }}'\n", 5_000), 1),
    "many guards": ORDERS.replace("\n  guards:\n", "\n  guards:\n" + lines(
        "    - {when: (order.currency | default('a')) == 'x#', reject: customer_blocked}\n", 1_000), 1),
    "a large table": ORDERS.replace("\ntables:\n", "\ntables:\n  big:\n" + lines("    k#: v#\n", 30_000), 1),
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_gives_findings_in_bounded_time(
    name: str, tmp_path: Path, snapshot: Snapshot
) -> None:
    bomb = BOMBS[name]
    found = loaded(tmp_path, bomb if isinstance(bomb, bytes) else bomb.encode(), snapshot)
    assert found == ("plans" if name in {"a large table", "many guards"} else "findings")


@SLOW
@pytest.mark.parametrize("name", ["many elements", "laughs", "closed brackets"])
def test_a_bomb_takes_bounded_memory(name: str, tmp_path: Path, snapshot: Snapshot) -> None:
    bomb = BOMBS[name]
    assert isinstance(bomb, str)
    tracemalloc.start()
    try:
        loaded(tmp_path, bomb.encode()[:100_000], snapshot)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < BYTES / 20  # of a file of a twentieth of the largest size
