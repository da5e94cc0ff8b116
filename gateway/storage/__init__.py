"""What must survive a restart. `Store` is the only door.

`app.py` opens it, the commands that manage keys and connections open it too; everybody above
floor 2 is given it. No statement and no error of the database leaves this room.
"""

from __future__ import annotations

from gateway.storage.figures import Figures
from gateway.storage.journal import HEARTBEAT
from gateway.storage.opening import open_store
from gateway.storage.records import (
    DECIDED,
    ENDED,
    ApiKey,
    Began,
    Call,
    CommitLost,
    Connection,
    ConnectionStatus,
    Grant,
    Lease,
    LeaseLost,
    Match,
    MatchFilter,
    MatchProgress,
    MatchState,
    Operation,
    OperationFilter,
    OperationWarning,
    RefreshToken,
    Role,
    SignIn,
    State,
    changed,
    new_id,
)
from gateway.storage.schema import revision, upgrade
from gateway.storage.store import Store

__all__ = [
    "DECIDED",
    "ENDED",
    "HEARTBEAT",
    "ApiKey",
    "Began",
    "Call",
    "CommitLost",
    "Connection",
    "ConnectionStatus",
    "Figures",
    "Grant",
    "Lease",
    "LeaseLost",
    "Match",
    "MatchFilter",
    "MatchProgress",
    "MatchState",
    "Operation",
    "OperationFilter",
    "OperationWarning",
    "RefreshToken",
    "Role",
    "SignIn",
    "State",
    "Store",
    "changed",
    "new_id",
    "open_store",
    "revision",
    "upgrade",
]
