"""bc-gateway: canonical JSON in, Business Central out, and never a lost or doubled write."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
