"""bc-gateway: canonical JSON in, Business Central out, and never a lost or doubled write."""

from __future__ import annotations

__version__ = "0.1.0"
