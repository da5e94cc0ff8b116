"""The environment as a call sees it, when faults change more than the call: life's own faults.

Called by ``listener``. Replicas and late commits change what reads find; a company that was
deleted or made anew changes which companies there are.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.simulator.control.callfaults import CallFaults
from gateway.simulator.control.faults import Fault
from gateway.simulator.control.planting import fixed_id
from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError
from gateway.simulator.records.history import History
from gateway.simulator.records.store import Company
from gateway.simulator.seed.companies import build_company


def environment_seen(
    environment: Environment, faults: CallFaults, history: History, seed: int
) -> Environment:
    """The environment with the effects of the faults. Raises BusinessCentralError (404) when
    no company is left.
    """
    companies = dict(environment.companies)
    for fault in faults.of("company_deleted"):
        gone = environment.company(fault.details.text("company"))
        companies.pop(gone.id if gone else "", None)
    for fault in faults.of("company_recreated"):
        _recreate(environment, companies, fault, seed)
    if not companies:
        raise BusinessCentralError(404, "Internal_CompanyNotFound", "There is no company.")
    if faults.occasion.call.method == "GET":
        lag = max((d.number("seconds") for d in faults.details("replica_lag")), default=0)
        moment = faults.occasion.now - timedelta(seconds=lag)
        for key, company in companies.items():
            if history.hides(company, moment):
                companies[key] = history.view(company, moment)
    return replace(environment, companies=companies)


def _recreate(
    environment: Environment, companies: dict[str, Company], fault: Fault, seed: int
) -> None:
    """A company of the same name with another id, freshly set up, in the old one's place."""
    old = environment.company(fault.details.text("company"))
    if old is None:
        return
    companies.pop(old.id, None)
    key = f"{environment.name}/{old.id}"
    new = fault.memory.get(key)
    if not isinstance(new, Company):
        identity = (fixed_id(seed, key, fault.id), old.name, old.currency)
        new = build_company(old.catalogue, old.created, seed, environment.name, identity)
        fault.memory[key] = new
    companies[new.id] = new
