from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import decode_name, encode_name


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("Draft", "Draft"),
        ("In Review", "In_x0020_Review"),
        ("G/L Account", "G_x002F_L_x0020_Account"),
        ("Non-Inventory", "Non_x002D_Inventory"),
        ("Expired ", "Expired_x0020_"),
        (" ", "_x0020_"),
        ("a_b", "a_b"),
        ("_x0020_", "_x005F_x0020_"),
        ("🙂", "_xD83D__xDE42_"),
        ("", ""),
    ],
)
def test_names_are_written_as_business_central_writes_them(name: str, encoded: str) -> None:
    assert encode_name(name) == encoded
    assert decode_name(encoded) == name


def test_groups_that_are_no_text_stay() -> None:
    assert decode_name("a_xD800_b") == "a_xD800_b"
    assert decode_name("_xZZZZ_") == "_xZZZZ_"


@given(st.text(st.sampled_from("_x0020Dd8 /é🙂") | st.characters(exclude_categories=["Cs"])))
def test_encoding_loses_nothing(name: str) -> None:
    assert decode_name(encode_name(name)) == name
