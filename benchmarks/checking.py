"""(g): what the check of many mappings takes, and the load of all shipped ones; in seconds."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from gateway.config import shipped
from gateway.snapshot import check, load_snapshot

MAPPINGS: Final = 100
LEAVES: Final = 30
LIMIT: Final = 1.0  # seconds, of both
MAPPING: Final = """\
resource: customers-{at}
title: Customers {at}
schema: customer
entity: customers
api: v2.0
tables:
  type: {{Company: company, Person: person}}
  type_sent: {{company: Company, person: Person}}
record:
  id: "{{{{ bc.id }}}}"
  number: "{{{{ bc.number }}}}"
  name: "{{{{ bc.displayName | default('') }}}}"
  type: "{{{{ bc.type | choose(tables.type) }}}}"
  phone_number?: "{{{{ bc.phoneNumber }}}}"
  email?: "{{{{ bc.email }}}}"
  website?: "{{{{ bc.website }}}}"
  tax_registration_number?: "{{{{ bc.taxRegistrationNumber }}}}"
  currency?: "{{{{ bc.currencyCode }}}}"
  credit_limit: "{{{{ bc.creditLimit }}}}"
  balance_due: "{{{{ bc.balanceDue }}}}"
  updated_at?: "{{{{ bc.lastModifiedDateTime }}}}"
  address:
    line_1?: "{{{{ bc.addressLine1 }}}}"
    line_2?: "{{{{ bc.addressLine2 }}}}"
    city?: "{{{{ bc.city }}}}"
list: {{}}
read: {{}}
create:
  input: customer
  body:
    number?: "{{{{ customer.number }}}}"
    displayName: "{{{{ customer.name }}}}"
    type?: "{{{{ customer.type | choose(tables.type_sent) }}}}"
    phoneNumber?: "{{{{ customer.phone_number }}}}"
    email?: "{{{{ customer.email }}}}"
    website?: "{{{{ customer.website }}}}"
    country?: "{{{{ customer.address.country }}}}"
    taxRegistrationNumber?: "{{{{ customer.tax_registration_number | trim }}}}"
    currencyCode?: "{{{{ customer.currency | upper }}}}"
    creditLimit?: "{{{{ customer.credit_limit }}}}"
    addressLine1?: "{{{{ customer.address.line_1 }}}}"
    addressLine2?: "{{{{ customer.address.line_2 }}}}"
    city?: "{{{{ customer.address.city }}}}"
    state?: "{{{{ customer.address.state }}}}"
    postalCode?: "{{{{ customer.address.postal_code }}}}"
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """Seconds for the check of `MAPPINGS` mappings, and for the load of all shipped files."""

    checked: float
    started: float


def checked(rounds: int = 5) -> Checked:
    """The shortest times, everything read from the disk and compiled anew each time: every file
    differs from that of the round before, since what did not change is not compiled again.
    """
    schemas = [shipped("schemas")]
    if MAPPING.count("{{{{") != LEAVES:
        raise AssertionError("the benchmark has another number of leaves")
    with tempfile.TemporaryDirectory() as name:
        folder, own = Path(name) / "many", Path(name) / "shipped"
        folder.mkdir()
        shutil.copytree(shipped("mappings"), own)
        for at in range(MAPPINGS):
            (folder / f"customers-{at}.yaml").write_text(MAPPING.format(at=at))
        found = check(mappings=[folder], schemas=schemas)
        if wrong := [one for one in found if one.severity == "error"]:
            raise AssertionError(wrong[0])
        best = [float("inf"), float("inf")]
        for number in range(rounds):
            for file in (*folder.glob("*.yaml"), *own.glob("*.yaml")):
                file.write_text(f"{file.read_text()}# {number}\n")
            began = perf_counter()
            check(mappings=[folder], schemas=schemas)
            best[0] = min(best[0], perf_counter() - began)
            began = perf_counter()
            load_snapshot(mappings=[own], schemas=schemas)
            best[1] = min(best[1], perf_counter() - began)
    return Checked(*best)
