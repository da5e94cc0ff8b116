"""The database as the commands find it that ask and settle. None of them makes one: where the path
is wrong an empty gateway would be shown for the one that was meant.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from gateway.clock import Clock
from gateway.config import load_config
from gateway.storage import Store, open_store


def opened_store(config: Path | None) -> AbstractAsyncContextManager[Store]:
    """The store of a configuration file, to be entered.

    Raises as `load_config` does, and `StartError` as it is entered, also where there is none.
    """
    known = load_config(config)
    return open_store(known.storage_url, known.encryption_keys, Clock(), create=False)
