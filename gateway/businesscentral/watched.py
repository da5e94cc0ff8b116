"""One exchange as operators see it: counted by entity set and class of failure, and traced.

Nothing of the trace travels on to Microsoft.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from aiohttp import ClientSession

from gateway.businesscentral.answers import Answer, read_answer
from gateway.businesscentral.transport import NoAnswer, NotSent, Received, exchange
from gateway.clock import breath
from gateway.telemetry import business_central_called, span
from gateway.wire import Failure, classify, read_fault

_READING = "GET"


async def watched_exchange(
    session: ClientSession,
    method: str,
    url: str,
    about: str,
    *,
    headers: Mapping[str, str],
    data: bytes | None,
    seconds: float,
    xml: bool = False,
) -> tuple[Received, Answer | None]:
    """What came back and, where it is one, the success in it; `about` is the path to tell of,
    `xml` says that none of JSON is wanted.

    Raises `NotSent` and `NoAnswer` as `exchange` does.
    """
    reading = method == _READING
    outcome, status, started = "cancelled", None, time.perf_counter()
    with span(f"Business Central {method}", kind="client", http__request__method=method) as traced:
        try:
            received = await exchange(
                session, method, url, headers=headers, data=data, seconds=seconds
            )
            if reading:
                await breath()
            answer, status = read_answer(received, reading=reading, xml=xml), received.status
            outcome = "ok" if answer is not None else _failure(method, received)
        except NotSent:
            outcome = Failure.RETRY_LATER.value
            raise
        except NoAnswer:
            outcome = (Failure.RETRY_LATER if reading else Failure.UNKNOWN_OUTCOME).value
            raise
        finally:
            entity = business_central_called(
                about, method, outcome, status=status, seconds=time.perf_counter() - started
            )
            traced.note(
                bc_gateway__entity=entity,
                bc_gateway__outcome=outcome,
                http__response__status_code=status,
            )
        return received, answer


def _failure(method: str, received: Received) -> str:
    fault = read_fault(received.status, received.headers, received.body)
    return classify(method, fault).value
