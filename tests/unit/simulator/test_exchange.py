from __future__ import annotations

from gateway.simulator.exchange import Answer, Call, decode_pairs


def test_nothing_private_is_in_a_repr() -> None:
    call = Call("POST", "/token", "code=hidden", {"authorization": "hidden"}, b"hidden", "http://x")
    assert "hidden" not in repr(call) + repr(Answer(200, b"hidden", {"Location": "hidden"}))


def test_segments_and_pairs_are_decoded() -> None:
    call = Call("GET", "/a%20b/c('%27')", "%24filter=x+eq+%27a%2Bb%27&flag", {}, b"", "http://x")
    assert call.segments == ["a b", "c(''')"]
    assert call.pairs == [("$filter", "x eq 'a+b'"), ("flag", "")]


def test_the_last_of_equal_names_wins_in_a_form() -> None:
    call = Call("POST", "/", "", {}, b"a=1&a=2", "http://x")
    assert call.form == {"a": "2"}
    assert decode_pairs("a=1&&=3") == [("a", "1")]


def test_headers_are_added_by_name() -> None:
    assert Answer(200).with_headers(Retry_After="5").headers == {"Retry-After": "5"}
