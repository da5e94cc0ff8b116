"""What a report is asked about: its days and the length of its periods.

A filter by one of ``PARAMETERS`` says what to work out, it does not restrict rows
(bc/api.md §5, FlowFilters).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.odata.nodes import Compare, Literal, Logical, Node, Path

LENGTH = "periodLengthFilter"
PARAMETERS = frozenset({"dateFilter", "dateFilter_FilterOnly", "agedAsOfDate", LENGTH})
_FORMULA = re.compile(r"<?(\d{1,3})([DWMQY])>?", re.IGNORECASE)
_DAYS = {"D": 1, "W": 7}
_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The first and the last day, None where nothing was said, and a period as date formula."""

    today: date
    start: date | None = None
    end: date | None = None
    length: str = "30D"

    @property
    def is_open(self) -> bool:
        """Whether no day was asked for."""
        return self.start is None and self.end is None

    @property
    def as_of(self) -> date:
        """The day that the report shows: the last one asked for, else today."""
        return self.end or self.today

    def or_else(self, start: date) -> Asked:
        """The same, from ``start`` to today where no day was asked for."""
        return replace(self, start=start, end=self.today) if self.is_open else self

    def has(self, day: str) -> bool:
        """Whether a day, as ``2026-11-22``, is among those asked for."""
        first, last = self.start or date.min, self.end or date.max
        return first.isoformat() <= day <= last.isoformat()


def ask(today: date, node: Node) -> tuple[Asked, Node | None]:
    """What the filter asks for, and what is left of it as a test of rows.

    Raises BusinessCentralError for a length that is no date formula.
    """
    asked, rest = _ask(Asked(today), node)
    earlier(today, asked.length)
    return asked, rest


def _ask(asked: Asked, node: Node) -> tuple[Asked, Node | None]:
    if isinstance(node, Logical) and node.operator == "and":
        asked, left = _ask(asked, node.left)
        asked, right = _ask(asked, node.right)
        return asked, Logical("and", left, right) if left and right else left or right
    found = _parameter(node)
    if found is None:
        return asked, node
    name, operator, literal = found
    if name == LENGTH.lower() and operator == "eq" and literal.kind == "string":
        return replace(asked, length=literal.text.strip("<> ").upper()), None
    day = _day(literal)
    if name == LENGTH.lower() or day is None:
        return asked, node
    return _within(asked, operator, day), None


def _parameter(node: Node) -> tuple[str, str, Literal] | None:
    """Name in lower case, operator and value of a comparison by a parameter."""
    if not isinstance(node, Compare) or node.operator not in _MIRRORED:
        return None
    left, operator, right = node.left, node.operator, node.right
    if isinstance(left, Literal):
        left, operator, right = right, _MIRRORED[operator], left
    if not isinstance(left, Path) or not isinstance(right, Literal) or len(left.names) > 1:
        return None
    name = left.names[0].lower()
    known = {parameter.lower() for parameter in PARAMETERS}
    return (name, operator, right) if name in known else None


def _day(literal: Literal) -> date | None:
    """The day that a literal tells, if it does."""
    try:
        return date.fromisoformat(literal.text) if literal.kind == "date" else None
    except ValueError:
        return None


def _within(asked: Asked, operator: str, day: date) -> Asked:
    step = timedelta(days=1)
    if operator == "gt":
        day = min(day, date.max - step) + step
    if operator == "lt":
        day = max(day, date.min + step) - step
    if operator in {"gt", "ge", "eq"}:
        asked = replace(asked, start=max(asked.start or day, day))
    if operator in {"lt", "le", "eq"}:
        asked = replace(asked, end=min(asked.end or day, day))
    return asked


def earlier(day: date, formula: str) -> date:
    """The day that is a date formula such as ``30D`` or ``1M`` before ``day``.

    Raises BusinessCentralError for what is no such formula; stops at the first of all days.
    """
    found = _FORMULA.fullmatch(formula)
    if found is None:
        text = f"The value '{formula}' can't be evaluated into type DateFormula."
        raise BusinessCentralError(400, "Application_EvaluateException", text)
    count, unit = int(found[1]), found[2].upper()
    if unit in _DAYS:
        return day - min(timedelta(days=count * _DAYS[unit]), day - date.min)
    months = max(day.year * 12 + day.month - 1 - count * _MONTHS[unit], 12)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
