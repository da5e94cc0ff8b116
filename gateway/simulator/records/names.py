"""The name that a page puts together from others of the same record.

Called by ``writes`` and by the control API's planting, after what the caller sent.
"""

from __future__ import annotations

from gateway.simulator.records.store import Values

_PARTS = ("givenName", "middleName", "surname")


def settle_name(entity_set: str, values: Values) -> None:
    """``displayName`` of an employee is the whole name (source A, Employees; source B, table
    Employee: FullName). A choice: without any name what is there stays.
    """
    if entity_set != "employees" or not any(values[part] for part in _PARTS):
        return
    given, middle, surname = (values[part] for part in _PARTS)
    values["displayName"] = f"{given} {middle} {surname}" if middle else f"{given} {surname}"
