from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.storage.seal import Sealer, Unopenable

KEYS = st.binary(min_size=32, max_size=32)
OLD, NEW = b"o" * 32, b"n" * 32


@given(st.binary(), KEYS, st.lists(st.text(max_size=5), max_size=3))
@settings(max_examples=50)
def test_what_is_sealed_opens_at_its_place(plain: bytes, key: bytes, place: list[str]) -> None:
    sealer = Sealer([key])

    assert sealer.open(sealer.seal(plain, *place), *place) == plain


@given(st.lists(st.text(max_size=3), max_size=3), st.lists(st.text(max_size=3), max_size=3))
@settings(max_examples=100)
def test_at_another_place_it_does_not_open(place: list[str], other: list[str]) -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal(b"refresh token", *place)

    if place != other:
        with pytest.raises(Unopenable):
            sealer.open(sealed, *other)


@pytest.mark.parametrize(("one", "other"), [(("ab", "c"), ("a", "bc")), (("ä", ""), ("", "ä"))])
def test_parts_of_a_place_do_not_run_together(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    with pytest.raises(Unopenable):
        Sealer([OLD]).open(Sealer([OLD]).seal(b"x", *one), *other)


def test_the_first_key_seals_and_all_open() -> None:
    sealed_before = Sealer([OLD]).seal(b"text", "t")
    both = Sealer([NEW, OLD])

    assert both.open(sealed_before, "t") == b"text"
    assert Sealer([NEW]).open(both.seal(b"text", "t"), "t") == b"text"
    with pytest.raises(Unopenable):
        Sealer([NEW]).open(sealed_before, "t")


@pytest.mark.parametrize("at", [0, 1, 8, 9, 20, 21, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    sealed = bytearray(Sealer([OLD]).seal(b"text", "t"))
    sealed[at] ^= 1

    with pytest.raises(Unopenable):
        Sealer([OLD]).open(bytes(sealed), "t")


@pytest.mark.parametrize("size", [0, 1, 9, 21, 30])
def test_a_cut_value_is_noticed(size: int) -> None:
    with pytest.raises(Unopenable):
        Sealer([OLD]).open(Sealer([OLD]).seal(b"text", "t")[:size], "t")


def test_the_same_text_never_looks_the_same() -> None:
    sealer = Sealer([OLD])

    assert sealer.seal(b"text", "t") != sealer.seal(b"text", "t")
