"""A real YAML language server with the editor schemas: what is marked, and what is offered."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.config import shipped
from tests.clients.language_server import LanguageServer, language_server

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with copies of the shipped mappings and the editor schemas beside them."""
    shutil.copytree(shipped("mappings"), tmp_path / "mappings")
    result = CliRunner().invoke(main, ["schemas", "--into", str(tmp_path / "schemas")])
    assert result.exit_code == 0, result.output
    return tmp_path


@pytest.fixture
async def server(packages: Path, project: Path) -> AsyncIterator[LanguageServer]:
    program = packages / "yaml-language-server" / "bin" / "yaml-language-server"
    async with language_server(program, project) as running:
        yield running


async def test_shipped_files_are_not_marked(server: LanguageServer, project: Path) -> None:
    paths = sorted((project / "mappings").glob("*.yaml"))
    assert len(paths) >= 16
    marked = {path.name: await server.marks(path, path.read_text()) for path in paths}
    assert marked == {name: [] for name in marked}


# In which file what becomes what, and the word that is marked then.
TYPOS = [
    ("customers", "displayName: ", "displayNam: ", "displayNam"),  # there is no such field
    ("customers", "create_only: ", "create_onyl: ", "create_onyl"),  # no key of the language
    ("customers", "entity: paymentTerms\n", "entity: paymentTerm\n", "paymentTerm"),
    ("customers", "{code?: ", "{cod?: ", "cod?"),
    ("customers", "number: {field: number}", "number: {field: numbr}", "numbr}"),
    ("sales-orders", "lineType: Item\n", "lineType: Items\n", "Items"),  # no member of the enum
    ("sales-orders", "quantity: 1\n", 'quantity: "one"\n', '"one"'),  # of another type
    ("sales-orders", "omit: [lines]", "omit: [line]", "line]"),
    ("sales-orders", "resource: sales-orders", "resource: Sales Orders", "Sales Orders"),
    ("sales-invoices", "read: salesInvoices", "read: salesInvoice", "salesInvoice"),
    ("sales-orders.test", "verb: create", "vreb: create", "vreb"),
]


async def test_a_typo_is_marked_where_it_stands(server: LanguageServer, project: Path) -> None:
    for at, (name, right, wrong, word) in enumerate(TYPOS):
        text = (project / "mappings" / f"{name}.yaml").read_text()
        changed = text.replace(right, wrong, 1)
        before = changed[: text.index(right) + wrong.index(word)]
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        marked = await server.marks(project / "mappings" / f"{at}-{name}.yaml", changed)
        assert place in {one[:2] for one in marked}, (wrong, marked)


async def test_expressions_are_never_marked(server: LanguageServer, project: Path) -> None:
    path = project / "mappings" / "customers.yaml"
    text = path.read_text().replace("{{ customer.credit_limit }}", "{{ customer.name | upper }}")
    assert await server.marks(path, text) == []


async def test_fields_are_offered_with_their_type(server: LanguageServer, project: Path) -> None:
    path = project / "mappings" / "customers.yaml"
    text = path.read_text()
    before = text[: text.index("upsert:")].rstrip()
    await server.marks(path, f"{before}\n    \n")
    offered = await server.offers(path, before.count("\n") + 2, 5)
    assert "payment" in offered["paymentMethodId"].lower()
    assert "code of up to 20 characters" in offered["salespersonCode"]
    assert "displayName" not in offered  # it stands there already


async def test_the_words_of_a_test_file_are_offered(server: LanguageServer, project: Path) -> None:
    path = project / "mappings" / "customers.test.yaml"
    text = f"{path.read_text()}\n  - name: another\n    \n"
    await server.marks(path, text)
    offered = await server.offers(path, text.count("\n"), 5)
    assert {"verb", "given", "expect", "answers"} <= offered.keys()
