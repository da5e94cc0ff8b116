"""What a field takes beyond its type: limits of numbers, date formulas, whole cents, addresses.

Called by ``writes`` with every property. The limits are those of Business Central's tables; the
texts are a choice, after those of other values that can not be evaluated.
"""

from __future__ import annotations

import re
from decimal import Decimal

from gateway.simulator.catalogue.entities import EntitySet, Field, Value
from gateway.simulator.documents.quantities import QUANTITIES, round_quantity
from gateway.simulator.documents.rules import DOCUMENTS, JOURNAL_LINES, LINES
from gateway.simulator.documents.totals import round_amount
from gateway.simulator.errors import BusinessCentralError, dialog
from gateway.simulator.records.values import read_value

_SIGNED = r"(?:C(?:D|WD|W|M|Q|Y)|\d{1,4}(?:D|WD|W|M|Q|Y)|(?:D|WD|W|M|Q|Y)\d{1,4})"
_FORMULA = re.compile(rf"<?[+-]?{_SIGNED}(?:[+-]{_SIGNED})*>?")
_FORMULAS = {
    ("paymentTerms", "dueDateCalculation"),
    ("paymentTerms", "discountDateCalculation"),
}
_ADDRESSES = frozenset({"email", "email2", "personalEmail"})
_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_AMOUNTS = {"amount": JOURNAL_LINES, "discountAmount": (*DOCUMENTS, *LINES)}
_LOWEST = {
    ("items", "unitPrice"),
    ("items", "unitCost"),
    ("currencyExchangeRates", "exchangeRateAmount"),
    ("currencyExchangeRates", "relationalExchangeRateAmount"),
}


def taken(entity_set: EntitySet, field: Field, raw: object) -> Value:
    """What is stored of a property. Raises BusinessCentralError where it can not be."""
    value = read_value(field, raw)
    place = (entity_set.name, field.name)
    if place in _FORMULAS:
        return _formula(str(value))
    if field.name in _ADDRESSES and not entity_set.custom:
        _refuse_no_address(str(value))
    if not isinstance(value, Decimal):
        return value
    if place in _LOWEST and value < 0:
        raise dialog(f"The value of {field.name} must be greater than or equal to 0.")
    if entity_set.name in LINES and field.name == "discountPercent" and not 0 <= value <= 100:
        raise dialog("The value of discountPercent must be between 0 and 100.")
    if entity_set.name in LINES and field.name in QUANTITIES:
        return round_quantity(value)
    if entity_set.name in _AMOUNTS.get(field.name, ()):
        return round_amount(value)
    return value


def _refuse_no_address(text: str) -> None:
    """One email address or several, with semicolons between them; blanks around one do not count
    (source B, codeunit 9520 Mail Management: ValidateEmailAddressField).
    """
    for one in text.strip(";").split(";") if text else ():
        if not _ADDRESS.fullmatch(one.strip()):
            raise dialog(f'The email address "{one.strip()}" is not valid.')


def _formula(text: str) -> str:
    """A date formula as Business Central shows it: in capitals, without blanks."""
    formula = re.sub(r"\s", "", text).upper()
    if formula and not _FORMULA.fullmatch(formula):
        raise BusinessCentralError(
            400,
            "Application_EvaluateException",
            f"The value '{text}' can't be evaluated into type DateFormula.",
        )
    return formula.strip("<>")
