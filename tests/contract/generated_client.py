"""What the client from PyPI does that was made from Microsoft's OpenAPI description."""

from __future__ import annotations

import pytest
from pybusinesscentral import ApiClient, Configuration
from pybusinesscentral.api.company_api import CompanyApi
from pybusinesscentral.api.customer_api import CustomerApi
from pybusinesscentral.api.general_ledger_entry_api import GeneralLedgerEntryApi
from pybusinesscentral.api.journal_api import JournalApi
from pybusinesscentral.api.journal_line_api import JournalLineApi
from pybusinesscentral.api.sales_invoice_api import SalesInvoiceApi
from pybusinesscentral.api.sales_invoice_line_api import SalesInvoiceLineApi
from pybusinesscentral.exceptions import BadRequestException, NotFoundException
from pybusinesscentral.model.post_customer_request import PostCustomerRequest
from pybusinesscentral.model.post_journal_line_for_journal_request import (
    PostJournalLineForJournalRequest,
)
from pybusinesscentral.model.post_journal_request import PostJournalRequest
from pybusinesscentral.model.post_sales_invoice_line_for_sales_invoice_request import (
    PostSalesInvoiceLineForSalesInvoiceRequest,
)
from pybusinesscentral.model.post_sales_invoice_request import PostSalesInvoiceRequest

from tests.unit.simulator.client import LTD

JSON = "application/json"


def customers(client: ApiClient) -> str:
    """A customer comes, changes, is found and goes; gives the number of one that stays."""
    api = CustomerApi(client)
    made = api.post_customer(LTD, JSON, PostCustomerRequest(displayName="Ashby Interiors"))
    assert made.id is not None
    changed = PostCustomerRequest(displayName="Ashby & Sons", city="Hull")
    assert api.patch_customer(LTD, made.id, JSON, "*", changed).display_name == "Ashby & Sons"
    found = api.list_customers(LTD, filter=f"number eq '{made.number}'", select=["id", "city"])
    assert [(one.id, one.city, one.number) for one in found.value or ()] == [
        (made.id, "Hull", None)
    ]
    page = api.list_customers(LTD, top=2, skip=1, expand=["currency", "paymentTerm"])
    assert [one.number for one in page.value or ()] == ["20000", "30000"]
    api.delete_customer(LTD, made.id)
    with pytest.raises(NotFoundException) as refused:
        api.get_customer(LTD, made.id)
    assert "Internal_RecordNotFound" in str(refused.value.body)
    with pytest.raises(BadRequestException):
        api.post_customer(LTD, JSON, PostCustomerRequest(displayName=""))
    return str((page.value or [])[0].number)


def invoices(client: ApiClient, customer: str) -> None:
    """An invoice with its line is posted."""
    api, lines = SalesInvoiceApi(client), SalesInvoiceLineApi(client)
    made = api.post_sales_invoice(
        LTD, JSON, PostSalesInvoiceRequest(customerNumber=customer), expand=["salesInvoiceLines"]
    )
    assert (made.status, made.sales_invoice_lines, made.customer_number) == ("Draft", [], customer)
    assert made.id is not None
    line = PostSalesInvoiceLineForSalesInvoiceRequest(lineType="Comment", description="Ring twice")
    lines.post_sales_invoice_line_for_sales_invoice(LTD, made.id, JSON, line)
    known = lines.list_sales_invoice_lines_for_sales_invoice(LTD, made.id)
    assert [one.description for one in known.value or ()] == ["Ring twice"]
    with pytest.raises(BadRequestException):
        api.post_action_sales_invoices(LTD, made.id)


def journals(client: ApiClient) -> None:
    """The lines of a journal are posted, and stand in the ledger."""
    api, lines = JournalApi(client), JournalLineApi(client)
    made = api.post_journal(LTD, JSON, PostJournalRequest(code="stools"))
    assert (made.code, made.id is not None) == ("STOOLS", True)
    for amount in (50.25, -50.25):
        line = PostJournalLineForJournalRequest(
            accountNumber="10100", amount=amount, documentNumber="J-1", description="Stools"
        )
        lines.post_journal_line_for_journal(LTD, str(made.id), JSON, line)
    api.post_action_journals(LTD, str(made.id))
    entries = GeneralLedgerEntryApi(client).list_general_ledger_entries(
        LTD, filter="documentNumber eq 'J-1'"
    )
    amounts = [(one.debit_amount, one.credit_amount) for one in entries.value or ()]
    assert amounts == [(50.25, 0), (0, 50.25)]


def work(root: str, token: str) -> None:
    with ApiClient(Configuration(host=root, access_token=token)) as client:
        assert LTD in {one.id for one in CompanyApi(client).list_companies().value or ()}
        invoices(client, customers(client))
        journals(client)
