from __future__ import annotations

import threading
import urllib.request

import pytest

from gateway.simulator.threaded import BusinessCentral, Refused, running


def get(business_central: BusinessCentral, path: str) -> int:
    url = f"{business_central.company_url}/{path}"
    request = urllib.request.Request(url, headers=business_central.headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as response:  # noqa: S310 - loopback
        return int(response.status)


def test_plain_code_uses_it(business_central: BusinessCentral) -> None:
    assert get(business_central, "customers") == 200
    fault = business_central.arm("status", {"entity": "customers"}, count=2, status=503)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(business_central, "customers")
    business_central.clear(fault)
    assert get(business_central, "customers") == 200
    statuses = [entry["status"] for entry in business_central.journal(entity="customers")]
    assert statuses == [200, 503, 200]
    before = business_central.hash()
    business_central.control("PATCH", "users/admin@harwick.example", {"licensed": False})
    for path in ("users", "/users", "/_simulator/users"):
        assert business_central.control("GET", path)["value"]
    assert business_central.hash() != before
    business_central.clear()
    business_central.reset()
    assert business_central.hash() == before
    assert business_central.state("customers")[0]["number"] == "10000"


def test_mistakes_are_raised_with_their_sentence(business_central: BusinessCentral) -> None:
    with pytest.raises(Refused, match="The kind of a fault is one of"):
        business_central.arm("explode")
    business_central.arm("token_error", number=7000222)
    with pytest.raises(Refused, match="AADSTS7000222"):
        business_central.token()
    assert business_central.arm("lock", count=None) == 2


@pytest.mark.business_central(tls=True)
def test_it_speaks_https(business_central: BusinessCentral) -> None:
    assert business_central.url.startswith("https://")
    assert business_central.token()


def test_no_thread_is_left() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("asyncio-waitpid"):  # of a process that an earlier test ended
            thread.join()
    before = set(threading.enumerate())
    with running({"seed": 3}) as business_central:
        assert business_central.advance(5)
        assert set(threading.enumerate()) != before
    assert set(threading.enumerate()) == before
    with pytest.raises(ValueError, match="no release"), running({"release": "9.0"}):
        pass
    assert set(threading.enumerate()) == before


def test_a_moment_that_is_none_is_named_with_its_option() -> None:
    with pytest.raises(ValueError, match=r"now is a moment such as .*, not 'yesterday'"):  # noqa: SIM117
        with running({"now": "yesterday"}):
            pass
