"""Connections: from the first address an administrator opens to a verified company, and after.

`Connections` is the door: the API creates and changes connections through it, the connect pages
walk its steps, and the engine asks it before every write whether the target is still the same.
"""

from __future__ import annotations

from gateway.connections.diagnosis import Outcome, Rung
from gateway.connections.life import Connections
from gateway.connections.params import params_violations
from gateway.connections.sign_ins import Begun, ConnectPage, SignIns
from gateway.connections.unattended import Credentials, Wish

__all__ = [
    "Begun",
    "ConnectPage",
    "Connections",
    "Credentials",
    "Outcome",
    "Rung",
    "SignIns",
    "Wish",
    "params_violations",
]
