"""A Business Central client from PyPI runs against the simulator, with other addresses only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from dynamics import Dynamics
from dynamics.exceptions.dynamics_exceptions import NotFoundItemError, WrongParamsError

from gateway.simulator import CLIENT_ID, CLIENT_SECRET, run_simulator
from tests.unit.simulator.client import LTD, sign_in, signed_in

LINE = {"lineType": "Item", "lineObjectNumber": "1896-S", "quantity": 2, "unitCost": 7}


@pytest.fixture(autouse=True)
def _addresses() -> Iterator[None]:
    """The addresses that the client has as constants, as they were."""
    names = ("TOKEN_URL", "BASE_URL", "API_URL")
    before = {name: getattr(Dynamics, name) for name in names}
    yield
    for name, value in before.items():
        setattr(Dynamics, name, value)


def work(url: str, refresh_token: str) -> None:
    """What the client can do, in the order in which somebody would."""
    Dynamics.TOKEN_URL = f"{url}/organizations/oauth2/v2.0/token?resource=x"
    Dynamics.BASE_URL = url + "/v2.0/{environment}/api/v2.0"
    Dynamics.API_URL = url
    client = Dynamics(CLIENT_ID, CLIENT_SECRET, refresh_token, "Production", LTD)
    assert [one["name"] for one in client.environments.get_all()["value"]][:1] == ["Production"]
    assert LTD in {one["id"] for one in client.companies.get_all()}

    before = client.vendors.count()
    vendor = client.vendors.post({"displayName": "Fenwick Timber"})
    assert client.vendors.count() == before + 1 == len(client.vendors.get_all())

    body = {"vendorNumber": vendor["number"], "vendorInvoiceNumber": "F-1"}
    invoice = client.purchase_invoices.post(body)
    lines = client.purchase_invoice_line_items
    lines.post(invoice["id"], LINE)
    lines.bulk_post(invoice["id"], [LINE, LINE], LTD)
    known = lines.get_all(invoice["id"])
    assert [one["sequence"] for one in known] == [10000, 20000, 30000]
    lines.delete(known[0]["id"])
    assert len(lines.get_all(invoice["id"])) == 2

    attachment = client.attachments.post(
        {"parentId": invoice["id"], "parentType": "Purchase Invoice", "fileName": "note.txt"}
    )
    client.attachments.upload(attachment["id"], "application/octet-stream", b"Ring twice.")
    assert [one["byteSize"] for one in client.attachments.get_all(invoice["id"])] == [11]

    journal = client.journals.post({"code": "STOOLS"})
    entry = {"accountNumber": "10100", "amount": 50, "documentNumber": "J-1"}
    client.journal_line_items.bulk_post(journal["id"], [entry, {**entry, "amount": -50}], LTD)
    assert len(client.journal_line_items.get_all(journal["id"])) == 2

    client.purchase_invoices.delete(invoice["id"])
    with pytest.raises(NotFoundItemError):
        lines.get_all(invoice["id"])
    with pytest.raises(WrongParamsError):
        client.purchase_invoices.post({})


async def test_it_notices_nothing() -> None:
    async with run_simulator() as running, signed_in(running) as client:
        token = (await sign_in(client))["refresh_token"]
        await asyncio.to_thread(work, running.url, token)
