"""Any text in any field comes out as it went in, or is refused with its place and a rule.

Over all shipped mappings: what a product sends, to the bytes that go to Business Central, and
what Business Central answers, to the bytes that the product gets.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, note
from hypothesis import strategies as st

from gateway.errors import CallerError, GatewayError, MappingError
from gateway.snapshot import Snapshot
from tests.contract.texts import Leaves, Passage, Reading, Way, passages, pointer, put
from tests.soak import CASES, SLOW, SOAK, cases

FEW = 800
TRAPS = (
    *("000", "007", "10115", "1e5", "1E5", "0x10", "-0", "1.0", "1_000", "12:30", "+49"),
    *("NO", "no", "yes", "on", "true", "True", "false", "null", "None", "nil", "~", "NaN", "inf"),
    *("", " ", "\t", " blanks around ", "ends in a line\n", "two\r\nlines", "\u00a0", "\u2028"),
    *("{{ x }}", "{{ order }}", "{{", "}}", "{% raw %}", "{% for x in y %}", "{# x #}", "${x}"),
    *("%s", "%1000000d", "{0.__class__}", "__class__", "items", "values", "get", "self"),
    *("1 # note", "a: b", "- a", "[a]", "{a: b}", "&a", "*a", "!!str x", "<<", "|", ">", "@a"),
    *("O'Brien & Co/50%+#", "''", '"', "\\", "\\n", "a'b eq 'c", "' or 1 eq 1 or '", "%27", "?$&"),
    *("_x0020_", "0001-01-01", "00000000-0000-0000-0000-000000000000", "2026-11-23", "W/\"1\""),
    *("\ufeffx", "\u202eabc", "e\u0301", "ß", "İ", "ﬁ", "Ünïcødé 木 🪑", "\U0010ffff", "\x01", "\x7f"),
    *("<script>", "; DROP TABLE x", "=1+1", "../..", "a" * 300, "ß" * 35, "🪑" * 40),
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(TRAPS),
    st.builds("".join, st.lists(st.sampled_from(TRAPS), min_size=2, max_size=3)),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.integers(1, 300).map("x".__mul__),
)


def judged(passage: Passage, way: Way, text: str, found: Leaves | GatewayError) -> str:
    """What became of a text; fails where it became another one."""
    if isinstance(found, MappingError):  # a key of Business Central is blank: it never is
        assert isinstance(passage, Reading)
        assert text == ""
        return "refused"
    if isinstance(found, GatewayError):
        assert isinstance(found, CallerError), found
        assert found.violations, found
        assert all(one.rule for one in found.violations)
        at = pointer(way.path)
        assert any(one.pointer == at for one in found.violations), (found.violations, at)
        return "refused"
    rest = {place: value for place, value in found.items() if place not in way.places}
    before = {place: value for place, value in passage.base.items() if place not in way.places}
    there = [found[place] for place in way.places if place in found]
    if len(there) < len(way.places) or there != [text[: way.longest]] * len(there):
        assert passage.unchanged(way, text), (there, text)
        return "is so already"
    assert rest == before
    return "passed"


@SLOW
def test_any_text_in_any_field_comes_out_as_it_went_in(snapshot: Snapshot) -> None:
    with asyncio.Runner() as runner:
        ways = [
            (passage, way) for passage in runner.run(passages(snapshot)) for way in passage.ways
        ]
        seen: Counter[str] = Counter()
        fields: Counter[tuple[str, object]] = Counter()

        @cases(FEW, margin=1.0)
        @given(st.sampled_from(range(len(ways))), TEXTS)
        def compared(chosen: int, text: str) -> None:
            passage, way = ways[chosen]
            note(f"{passage.name}, {pointer(way.path)}: {text!r}")
            found = runner.run(passage.passed(put(passage.document, way.path, text)))
            kind = "answered" if isinstance(passage, Reading) else "sent"
            seen[f"{kind}, {judged(passage, way, text, found)}"] += 1
            fields[passage.name.partition(":")[0], way.path] += 1

        compared()
    if SOAK:
        print(f"\n{sum(seen.values())} texts in {len(fields)} fields: {dict(seen)}")  # noqa: T201 - for who soaks
    assert sum(seen.values()) >= (CASES if SOAK else FEW // 2)
    assert seen["sent, passed"] > seen["sent, refused"] > 0
    assert seen["answered, passed"] > 0
