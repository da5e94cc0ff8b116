from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.errors import (
    Conflict,
    ConnectionNeedsConsent,
    ConnectionNotReady,
    ConnectionUnauthorized,
    InvalidInput,
    NotFound,
    SignInFailed,
    TargetChanged,
    UnknownConnection,
)
from gateway.simulator import TENANT_ID
from tests.remote import COMPANY_ID, COMPANY_NAME, OTHER_COMPANY_ID, Remote, open_remote


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Remote]:
    async with open_remote(tmp_path) as opened:
        yield opened


def ticket_of(address: str) -> str:
    return address.rpartition("/")[2]


def stored_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_an_administrator_connects_a_company(remote: Remote) -> None:
    connection, address = await remote.connections.create(organization="harwick", label="Harwick")
    assert connection.status == "pending"
    assert address.startswith("http://127.0.0.1:8080/connect/")
    sign_ins = remote.connections.sign_ins
    page = await sign_ins.page(ticket_of(address), "browser")
    assert page.kind == "start"

    ticket = await remote.sign_in(address)

    page = await sign_ins.page(ticket, "browser")
    assert page.kind == "environment"
    assert [known.name for known in page.environments] == ["Production", "Sandbox"]
    page = await sign_ins.page(ticket, "browser", "Production")
    assert page.kind == "company"
    assert [known.id for known in page.companies] == [COMPANY_ID, OTHER_COMPANY_ID]
    active = await sign_ins.choose(ticket, "browser", "Production", COMPANY_ID)
    assert (active.status, active.tenant) == ("active", TENANT_ID)
    assert (active.environment, active.environment_type) == ("Production", "Production")
    assert (active.company_id, active.company_name) == (COMPANY_ID, COMPANY_NAME)
    assert active.principal is not None
    assert (await sign_ins.page(ticket, "browser")).kind == "done"
    assert await remote.connections.require(active.id) == active


async def test_an_environment_that_the_product_named_is_not_asked_for(remote: Remote) -> None:
    created, address = await remote.connections.create(
        organization="harwick", environment="production"
    )
    ticket = await remote.sign_in(address)
    page = await remote.connections.sign_ins.page(ticket, "browser")
    assert page.kind == "company"
    assert page.connection.status == "choose_company"
    assert page.connection.environment == "Production"
    assert [company.name for company in await remote.connections.companies(page.connection)] == [
        COMPANY_NAME,
        "Harwick Ireland",
    ]
    with pytest.raises(InvalidInput):
        await remote.connections.sign_ins.choose(ticket, "browser", "Production", created.id)
    active = await remote.connections.sign_ins.choose(ticket, "browser", "Sandbox", COMPANY_ID)
    assert active.environment == "Production", "what the product named cannot be changed in a form"


async def test_a_named_environment_must_exist(remote: Remote) -> None:
    _, address = await remote.connections.create(organization="harwick", environment="Prod")
    ticket = await remote.sign_in(address)
    with pytest.raises(SignInFailed, match=r'"Prod".*Production, Sandbox'):
        await remote.connections.sign_ins.page(ticket, "browser")


async def test_nothing_that_is_not_there_can_be_chosen(remote: Remote) -> None:
    _, address = await remote.connections.create(organization="harwick")
    ticket = await remote.sign_in(address)
    sign_ins = remote.connections.sign_ins
    for environment, company in (
        ("Production", "00000000-0000-0000-0000-000000000001"),
        ("Elsewhere", COMPANY_ID),
        ("", ""),
    ):
        with pytest.raises(InvalidInput):
            await sign_ins.choose(ticket, "browser", environment, company)
    assert (await sign_ins.page(ticket, "browser")).kind == "environment"


async def test_a_refused_consent_can_be_tried_again(remote: Remote) -> None:
    connection, address = await remote.connections.create(organization="harwick")
    with pytest.raises(SignInFailed, match=r"declined.*AADSTS65004"):
        await remote.sign_in(address, decision="cancel")
    sign_ins = remote.connections.sign_ins
    assert (await sign_ins.page(ticket_of(address), "browser")).kind == "start"
    ticket = await remote.sign_in(address)
    active = await sign_ins.choose(ticket, "browser", "Production", COMPANY_ID)
    assert (active.id, active.status) == (connection.id, "active")


async def test_a_ticket_lasts_one_hour(remote: Remote) -> None:
    _, address = await remote.connections.create(organization="harwick")
    sign_ins = remote.connections.sign_ins
    begun = await sign_ins.begin(ticket_of(address), "browser")
    back = await remote.microsoft(begun.url)
    await remote.clock.advance(3600)
    with pytest.raises(NotFound, match="one hour"):
        await sign_ins.page(ticket_of(address), "browser")
    with pytest.raises(NotFound, match="one hour"):
        await sign_ins.callback(
            state=back["state"], session="browser", code=back["code"], error="", description=""
        )
    with pytest.raises(NotFound, match="not known"):
        await sign_ins.page("no-such-ticket", "browser")


async def test_a_ticket_works_once(remote: Remote) -> None:
    _, address = await remote.connections.create(organization="harwick")
    ticket = await remote.sign_in(address)
    sign_ins = remote.connections.sign_ins
    await sign_ins.choose(ticket, "browser", "Production", COMPANY_ID)
    with pytest.raises(Conflict, match="was used"):
        await sign_ins.begin(ticket, "browser")
    with pytest.raises(Conflict, match="was used"):
        await sign_ins.choose(ticket, "browser", "Production", OTHER_COMPANY_ID)
    with pytest.raises(Conflict, match="was used"):
        await sign_ins.begin(ticket, "another browser")


async def test_another_browser_sees_nothing_of_a_sign_in(remote: Remote) -> None:
    _, address = await remote.connections.create(organization="harwick")
    ticket = await remote.sign_in(address)
    sign_ins = remote.connections.sign_ins
    assert (await sign_ins.page(ticket, "another browser")).kind == "start"
    with pytest.raises(SignInFailed, match="Sign in"):
        await sign_ins.choose(ticket, "another browser", "Production", COMPANY_ID)


async def test_an_answer_of_microsoft_counts_once_and_in_its_own_browser(remote: Remote) -> None:
    _, address = await remote.connections.create(organization="harwick")
    sign_ins = remote.connections.sign_ins
    begun = await sign_ins.begin(ticket_of(address), "browser")
    back = await remote.microsoft(begun.url)
    answer = {"code": back["code"], "error": "", "description": ""}
    with pytest.raises(SignInFailed, match="another browser"):
        await sign_ins.callback(state=back["state"], session="somebody else", **answer)
    with pytest.raises(SignInFailed, match="no sign-in"):
        await sign_ins.callback(state="foreign", session="browser", **answer)
    with pytest.raises(SignInFailed, match="no sign-in"):
        await sign_ins.callback(state="", session="browser", **answer)
    await sign_ins.callback(state=back["state"], session="browser", **answer)
    with pytest.raises(SignInFailed, match="no sign-in"):
        await sign_ins.callback(state=back["state"], session="browser", **answer)


async def test_the_tenant_must_be_the_one_that_was_named(remote: Remote) -> None:
    other = "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111"
    connection, address = await remote.connections.create(
        organization="harwick", expected_tenant=other
    )
    with pytest.raises(SignInFailed, match=other):
        await remote.sign_in(address)
    kept = await remote.store.connection(connection.id)
    assert kept is not None
    assert (kept.tenant, kept.status) == (None, "pending")
    assert await remote.store.refresh_token(connection.id) is None


async def test_a_user_without_a_licence_is_told_and_may_sign_in_anew(remote: Remote) -> None:
    connection, address = await remote.connections.create(organization="harwick")
    ticket = await remote.sign_in(address, username="visitor@harwick.example")
    with pytest.raises(ConnectionUnauthorized):
        await remote.connections.sign_ins.page(ticket, "browser")
    await remote.sign_in(address)
    active = await remote.connections.sign_ins.choose(ticket, "browser", "Production", COMPANY_ID)
    assert (active.id, active.status) == (connection.id, "active")


async def test_a_reconnect_keeps_id_and_company(remote: Remote) -> None:
    connection = await remote.connect()
    stopped = await remote.store.update_connection(connection.id, status="needs_consent")
    with pytest.raises(ConnectionNeedsConsent):
        await remote.connections.require(connection.id)
    ticket = await remote.sign_in(await remote.connections.reconnect(stopped))
    page = await remote.connections.sign_ins.page(ticket, "browser")
    assert page.kind == "done"
    after = await remote.connections.require(connection.id)
    assert (after.id, after.company_id) == (connection.id, COMPANY_ID)


STOPPED = {
    "pending": ConnectionNotReady,
    "choose_environment": ConnectionNotReady,
    "choose_company": ConnectionNotReady,
    "needs_consent": ConnectionNeedsConsent,
    "unauthorized": ConnectionUnauthorized,
    "target_changed": TargetChanged,
}


async def test_only_an_active_connection_may_be_written_to(remote: Remote) -> None:
    made, _ = await remote.connections.create(organization="harwick")
    for status, error in STOPPED.items():
        await remote.store.update_connection(made.id, status=status, status_detail="Because.")
        with pytest.raises(error, match="Because"):
            await remote.connections.require(made.id)
        if status == "target_changed":
            assert await remote.connections.require_readable(made.id)
        else:
            with pytest.raises(error, match="Because"):
                await remote.connections.require_readable(made.id)


async def test_an_unknown_connection_is_said_to_be_unknown(remote: Remote) -> None:
    with pytest.raises(UnknownConnection):
        await remote.connections.require("con_none")


async def test_the_target_is_looked_up_every_five_minutes_and_once_for_all(remote: Remote) -> None:
    connection = await remote.connect()
    await remote.forget_journal()
    await remote.connections.verify_target(connection)
    assert await remote.journal() == [], "it was seen when it was chosen"
    await remote.clock.advance(300)
    await asyncio.gather(*(remote.connections.verify_target(connection) for _ in range(20)))
    assert len(await remote.journal(path="environments/v1.2")) == 1
    assert len(await remote.journal(path="/companies$")) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"environment": "Renamed"}, 'The environment "Renamed" is not there any more.'),
        ({"environment_type": "Sandbox"}, "was of type Sandbox and is of type Production"),
        ({"company_id": "0d9a2c34-9d4f-4b6a-8a8e-6f1f0a7c1111"}, "is not there any more"),
        ({"company_name": "Harwick Trading"}, "has another name now"),
    ],
)
async def test_a_target_that_is_another_stops_writes(
    remote: Remote, changes: dict[str, str], sentence: str
) -> None:
    connection = await remote.connect()
    before = await remote.store.update_connection(connection.id, **changes)
    with pytest.raises(TargetChanged, match=sentence):
        await remote.connections.verify_target(before)
    with pytest.raises(TargetChanged, match=sentence):
        await remote.connections.require(connection.id)
    assert await remote.connections.require_readable(connection.id)


async def test_a_target_that_cannot_be_seen_is_not_believed(remote: Remote) -> None:
    connection = await remote.connect()
    await remote.clock.advance(300)
    await remote.arm("status", status=400, match={"path": "environments"}, body="no")
    with pytest.raises(Exception, match="refused"):
        await remote.connections.verify_target(connection)
    assert (await remote.connections.require(connection.id)).status == "active"


async def test_a_company_is_changed_by_id_or_by_exact_name(remote: Remote) -> None:
    connection = await remote.connect()
    other = await remote.connections.change_company(connection, {"name": "Harwick Ireland"})
    assert other.company_id == OTHER_COMPANY_ID
    back = await remote.connections.change_company(other, {"id": COMPANY_ID.upper()})
    assert back.company_name == COMPANY_NAME
    with pytest.raises(InvalidInput) as caught:
        await remote.connections.change_company(back, {"name": "Harwick Irland"})
    assert caught.value.violations[0].pointer == "/company/name"
    assert caught.value.violations[0].hint == 'Did you mean "Harwick Ireland"?'


async def test_a_pending_connection_has_no_environments_yet(remote: Remote) -> None:
    connection, _ = await remote.connections.create(organization="harwick")
    for asked in (
        remote.connections.environments(connection),
        remote.connections.companies(connection),
        remote.connections.change_company(connection, {"id": COMPANY_ID}),
    ):
        with pytest.raises(ConnectionNotReady):
            await asked


async def test_every_wrong_value_of_a_new_connection_is_named(remote: Remote) -> None:
    with pytest.raises(InvalidInput) as caught:
        await remote.connections.create(
            organization="harwick",
            environment="1 Production",
            expected_tenant="harwick.example",
            return_url="javascript:alert(1)",
        )
    pointers = [violation.pointer for violation in caught.value.violations]
    assert pointers == ["/environment", "/tenant", "/return_url"]
    assert await remote.store.connections() == []


async def test_a_return_address_is_https(remote: Remote) -> None:
    for wrong in ("http://shop.example/", "https://user@shop.example/", "//shop", "ftp://shop"):
        with pytest.raises(InvalidInput):
            await remote.connections.create(organization="harwick", return_url=wrong)
    for right in ("https://shop.example/done?x=1", "http://127.0.0.1:3000/"):
        made, _ = await remote.connections.create(organization="harwick", return_url=right)
        assert made.return_url == right


async def test_a_deleted_connection_leaves_no_token(remote: Remote) -> None:
    connection = await remote.connect()
    assert await remote.connections.delete(connection)
    assert await remote.store.refresh_token(connection.id) is None
    with pytest.raises(UnknownConnection):
        await remote.tokens.access_token(connection)


async def test_no_secret_of_a_sign_in_stands_in_the_database(
    remote: Remote, tmp_path: Path
) -> None:
    _, address = await remote.connections.create(organization="harwick")
    ticket = ticket_of(address)
    begun = await remote.connections.sign_ins.begin(ticket, "session-of-a-browser")
    under_way = stored_in(tmp_path)
    connection = await remote.connect()
    kept = await remote.store.refresh_token(connection.id)
    assert kept is not None
    stored = under_way + stored_in(tmp_path)
    assert connection.id.encode() in stored
    for secret in (ticket, begun.state, "session-of-a-browser", kept.token):
        assert secret.encode() not in stored
