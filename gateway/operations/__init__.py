"""Operations: one write the product asked for and all that follows.

`Engine` is the door for whoever writes; `prepare` is everything before the sending, without I/O,
and is imported from `gateway.operations.prepare` by those who only render. `api/` and `cases.py`
call this room.
"""

from __future__ import annotations

from gateway.operations.engine import Engine
from gateway.operations.etags import etag, etag_of
from gateway.operations.journal import Outcome

__all__ = ["Engine", "Outcome", "etag", "etag_of"]
