"""One exchange as operators see it: counted by entity set and class of failure, and traced.

Nothing of the trace travels on to Microsoft.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from aiohttp import ClientSession

from gateway.businesscentral.answers import Answer, read_answer
from gateway.businesscentral.calls import Call
from gateway.businesscentral.transport import NoAnswer, NotSent, Received, exchange
from gateway.clock import breath
from gateway.telemetry import business_central_called, span
from gateway.wire import Failure, classify, read_fault


async def watched_exchange(
    session: ClientSession, call: Call, headers: Mapping[str, str], seconds: float
) -> tuple[Received, Answer | None]:
    """What came back for `call` and, where it is one, the success in it.

    Raises `NotSent` and `NoAnswer` as `exchange` does.
    """
    method, reading = call.method, call.reading
    outcome, status, started = "cancelled", None, time.perf_counter()
    with span(f"Business Central {method}", kind="client", http__request__method=method) as traced:
        try:
            received = await exchange(
                session, method, call.url, headers=headers, data=call.data, seconds=seconds
            )
            if reading:
                await breath()
            answer = read_answer(received, reading=reading, xml=call.xml)
            status = received.status
            outcome = "ok" if answer is not None else _failure(method, received)
        except NotSent:
            outcome = Failure.RETRY_LATER.value
            raise
        except NoAnswer:
            outcome = (Failure.RETRY_LATER if reading else Failure.UNKNOWN_OUTCOME).value
            raise
        finally:
            entity = business_central_called(
                call.about, method, outcome, status=status, seconds=time.perf_counter() - started
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
