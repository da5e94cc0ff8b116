"""Faults of posting: it goes half of the way (bc/pitfalls.md 2).

That everything was posted and the answer got lost is ``drop_after_commit``, a posting that takes
long is ``delay``: both with ``"match": {"path": "Microsoft.NAV"}``.
"""

from __future__ import annotations

from gateway.simulator.control.kinds import ACTIONS, Example, Kind

_RECEIVE = {"match": {"path": "receiveAndInvoice"}}
_SEND = {"match": {"path": "AndSend"}}
_CANCEL = {"match": {"path": "cancel"}}

POSTING: tuple[Kind, ...] = (
    Kind(
        "receipt_only",
        "Posting",
        ACTIONS,
        "an order is received or shipped, then refused: nothing is invoiced",
        examples=(Example("", _RECEIVE),),
    ),
    Kind(
        "mail_fails",
        "Posting",
        ACTIONS,
        "what is to be sent is posted, then refused because no mail can be sent",
        examples=(Example("", _SEND),),
    ),
    Kind(
        "cancel_half_done",
        "Posting",
        ACTIONS,
        "a credit memo is left behind, the invoice stays as it was",
        examples=(Example("", _CANCEL),),
    ),
)
