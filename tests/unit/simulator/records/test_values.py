from __future__ import annotations

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.catalogue.entities import BLANK_ENUM, ZERO_GUID, Field, encode_member
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.records.values import decode_json, decode_member, encode_json, read_value

TEXT = Field("name", "Edm.String", max_length=20)
CODE = Field("code", "Edm.String", max_length=20, code=True)
AMOUNT = Field("amount", "Edm.Decimal")
KIND = Field("kind", "Microsoft.NAV.kind", enum=(BLANK_ENUM, "Fixed_x0020_Asset", "Item"))


@given(st.text(max_size=20))
def test_text_is_stored_as_it_comes(text: str) -> None:
    assert read_value(TEXT, text) == text


@given(st.text(alphabet=string.ascii_letters + string.digits + " -'&%", max_size=12))
def test_codes_are_trimmed_and_upper_cased_once_and_for_all(text: str) -> None:
    stored = read_value(CODE, text)
    assert stored == text.strip().upper()
    assert read_value(CODE, stored) == stored


@pytest.mark.parametrize("sample", ["000", "10115", "1 # note", "{{ x }}", "O'Brien & Co/50%+#"])
def test_awkward_texts_pass_through_json_and_the_store(sample: str) -> None:
    assert read_value(TEXT, decode_json(encode_json(sample))) == sample


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=5))
def test_decimals_are_exact_over_the_wire(number: Decimal) -> None:
    decoded = decode_json(encode_json(number))
    assert read_value(AMOUNT, decoded) == number


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        (b"1e5", b"100000"),
        (b"1055.00", b"1055.00"),
        (b"1e-999", b"0"),
        (b"-0.0", b"0.0"),
        (b"-0E+5", b"0"),
        (b"1." + b"3" * 60, b"1.33333333333333333333"),
        (b"-2." + b"6" * 60, b"-2.66666666666666666667"),
        (b"999999999999999.98" + b"9" * 60, b"999999999999999.99000000000000000000"),
    ],
)
def test_decimals_are_written_without_exponents(sent: bytes, written: bytes) -> None:
    assert encode_json(read_value(AMOUNT, decode_json(sent))) == written


@given(st.text(alphabet=string.ascii_letters + " /-.", min_size=1, max_size=20))
def test_members_decode_to_what_was_encoded(name: str) -> None:
    assert decode_member(encode_member(name)) == name


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Item", "Item"),
        ("Fixed Asset", "Fixed_x0020_Asset"),
        ("Fixed_x0020_Asset", "Fixed_x0020_Asset"),
        (" ", BLANK_ENUM),
        ("", BLANK_ENUM),
        (None, BLANK_ENUM),
    ],
)
def test_enums_are_taken_plain_or_encoded(sent: object, stored: str) -> None:
    assert read_value(KIND, sent) == stored


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (TEXT, 5, "BadRequest"),
        (TEXT, "x" * 21, "Application_StringExceededLength"),
        (AMOUNT, "5", "BadRequest"),
        (AMOUNT, True, "BadRequest"),
        (AMOUNT, Decimal("1e15"), "Application_EvaluateException"),
        (AMOUNT, 10**100, "Application_EvaluateException"),
        (KIND, "Charge", "Unknown"),
        (KIND, 1, "BadRequest"),
        (Field("n", "Edm.Int32"), 2**31, "BadRequest"),
        (Field("n", "Edm.Int32"), Decimal("1.5"), "BadRequest"),
        (Field("b", "Edm.Boolean"), "true", "BadRequest"),
        (Field("g", "Edm.Guid"), "not-a-guid", "BadRequest"),
        (Field("d", "Edm.Date"), "2026-02-30", "BadRequest"),
        (Field("d", "Edm.Date"), "20260228", "BadRequest"),
        (Field("t", "Edm.DateTimeOffset"), "2026-02-28T10:00:00", "BadRequest"),
        (Field("t", "Edm.DateTimeOffset"), "9999-12-31T23:59:59-14:00", "BadRequest"),
        (Field("t", "Edm.DateTimeOffset"), "0001-01-01T00:00:00+14:00", "BadRequest"),
        (Field("s", "Edm.Stream"), "x", "BadRequest"),
    ],
)
def test_wrong_values_are_refused(field: Field, value: object, code: str) -> None:
    with pytest.raises(BusinessCentralError) as caught:
        read_value(field, value)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_the_refusal_of_a_long_text_counts() -> None:
    with pytest.raises(
        BusinessCentralError, match="is 21, but it must be less than or equal to 20"
    ):
        read_value(TEXT, "x" * 21)


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        (
            "Edm.Guid",
            "ABCDEF01-2345-6789-ABCD-EF0123456789",
            "abcdef01-2345-6789-abcd-ef0123456789",
        ),
        ("Edm.Guid", None, ZERO_GUID),
        ("Edm.Date", "2026-02-28", "2026-02-28"),
        ("Edm.DateTimeOffset", "2026-02-28T12:00:00.120+02:00", "2026-02-28T10:00:00.12Z"),
        ("Edm.DateTimeOffset", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("Edm.DateTimeOffset", "0005-01-01T00:00:00Z", "0005-01-01T00:00:00Z"),
        ("Edm.DateTimeOffset", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ("Edm.Int32", -5, -5),
    ],
)
def test_values_are_stored_in_one_form(kind: str, sent: object, stored: object) -> None:
    assert read_value(Field("x", kind), sent) == stored


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1,]", b"\xff", b"NaN", b"1e-" + b"9" * 30, b"[" * 100_000]
)
def test_what_is_not_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BusinessCentralError) as caught:
        decode_json(body)
    assert caught.value.code == "BadRequest"
