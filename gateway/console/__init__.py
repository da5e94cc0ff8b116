"""The operators' listener: what those who run the gateway see, apart from what its callers see.

`app.py` serves it on an address of its own, on loopback unless configured otherwise. Nothing of
it needs a key; therefore it tells nothing that is secret or personal, and nothing here writes: it
has the database for its figures and the mappings, and no way to Business Central.
"""

from __future__ import annotations

from gateway.console.application import operators_application

__all__ = ["operators_application"]
