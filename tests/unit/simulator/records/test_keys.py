"""Keys as addresses have them."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.catalogue.custom import read_declared
from gateway.simulator.records.keys import read_key, written_key

KEYS = {
    "text": st.text(max_size=20),
    "number": st.integers(-(2**31), 2**31 - 1),
    "amount": st.decimals(-1000, 1000, places=2) | st.decimals(0, 1, places=20),
    "day": st.dates().map(date.isoformat),
    "kind": st.sampled_from(["_x0020_", "Whole_x0020_Sale"]),
    "flag": st.booleans(),
    "owner": st.uuids().map(str),
}
(KEYED,) = read_declared(
    [
        {
            "publisher": "harwick",
            "group": "keys",
            "version": "beta",
            "enums": {"kind": ["", "Whole Sale"]},
            "entitySets": {
                "things": {
                    "entityName": "thing",
                    "key": list(KEYS),
                    "fields": {
                        "text": "Text[20]",
                        "number": "Integer",
                        "amount": "Decimal",
                        "day": "Date",
                        "kind": "Enum kind",
                        "flag": "Boolean",
                        "owner": "Guid",
                    },
                }
            },
        }
    ]
)


@given(st.fixed_dictionaries(KEYS))
def test_a_key_that_is_written_is_read_as_it_was(values: dict[str, Any]) -> None:
    named = unquote(written_key(KEYED, values))
    assert read_key(KEYED, named) == values
    assert "/" not in written_key(KEYED, values)
    texts = {"text": "'" + values["text"].replace("'", "''") + "'", "kind": f"'{values['kind']}'"}
    bare = {"flag": str(values["flag"]).lower()}
    told = ",".join(str({**values, **texts, **bare}[name]) for name in KEYS)
    assert read_key(KEYED, told) == values
    assert read_key(KEYED, named.replace("kind='", "kind=Microsoft.NAV.kind'")) == values
