"""Connections: from the first address an administrator opens to a verified company, and after.

`Connections` is the door: the API creates and changes connections through it, the connect pages
walk its steps, and the engine asks it before every write whether the target is still the same.
"""

from __future__ import annotations

from gateway.connections.life import Connections
from gateway.connections.sign_ins import Begun, ConnectPage, SignIns

__all__ = ["Begun", "ConnectPage", "Connections", "SignIns"]
