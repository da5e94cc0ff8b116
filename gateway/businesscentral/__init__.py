"""Talking to Business Central: bearer token, pace, deadline, safe retries, translation of faults.

`BusinessCentral` is the door. Lists, item matches, lookups and operations go through it; nothing
else in the gateway sends anything there.
"""

from __future__ import annotations

from gateway.businesscentral.answers import Answer, next_link, rows_of
from gateway.businesscentral.client import BusinessCentral
from gateway.businesscentral.deadline import Deadline
from gateway.businesscentral.tenants import Company, Environment
from gateway.businesscentral.transport import open_session

__all__ = [
    "Answer",
    "BusinessCentral",
    "Company",
    "Deadline",
    "Environment",
    "next_link",
    "open_session",
    "rows_of",
]
