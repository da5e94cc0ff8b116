"""Connections without an administrator's browser: verified as they are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.connections import Credentials, Wish
from gateway.errors import ConnectionUnauthorized, InvalidInput, TargetChanged
from gateway.simulator import CLIENT_ID, ON_PREMISES_KEY, ON_PREMISES_USER, TENANT_ID
from gateway.storage import Connection
from tests.remote import COMPANY_ID, COMPANY_NAME, OTHER_COMPANY_ID, Remote

APPLICATION = Wish(
    "harwick",
    "client_credentials",
    environment="production",
    tenant=TENANT_ID.upper(),
    company={"name": COMPANY_NAME},
)
SERVER = Wish(
    "harwick",
    "basic",
    environment="harwick-nav",
    credentials=Credentials(ON_PREMISES_USER, ON_PREMISES_KEY),
    company={"id": COMPANY_ID},
)
CUSTOMERS = "customers"


async def read(remote: Remote, connection: Connection) -> None:
    await remote.business_central.read_all(connection, CUSTOMERS, deadline=remote.deadline())


async def test_an_application_is_active_at_once(remote: Remote) -> None:
    made = await remote.connections.unattended.create(APPLICATION)
    assert (made.status, made.status_detail) == ("active", None)
    assert (made.tenant, made.principal) == (TENANT_ID, CLIENT_ID)
    assert (made.environment, made.environment_type) == ("Production", "Production")
    assert (made.company_id, made.company_name) == (COMPANY_ID, COMPANY_NAME)
    assert await remote.connections.require(made.id) == made
    await read(remote, made)
    await remote.clock.advance(400)
    await remote.connections.verify_target(made)


async def test_a_server_outside_the_cloud_is_asked_with_user_and_key(remote: Remote) -> None:
    made = await remote.connections.unattended.create(replace(SERVER, tenant="default"))
    assert (made.status, made.environment_type) == ("active", "OnPremises")
    assert (made.environment, made.principal) == ("harwick-nav", ON_PREMISES_USER)
    await remote.forget_journal()
    await read(remote, made)
    (call,) = await remote.journal()
    assert call["path"] == f"/BC/api/v2.0/companies({COMPANY_ID})/customers"
    assert call["query"] == "tenant=default"
    await remote.clock.advance(400)
    await remote.connections.verify_target(made)
    assert [known.type for known in await remote.connections.environments(made)] == ["OnPremises"]
    alone = await remote.connections.unattended.create(SERVER)
    await remote.forget_journal()
    await read(remote, alone)
    assert (await remote.journal())[0]["query"] == ""
    assert await remote.token_calls() == 0


async def test_without_a_company_it_waits_for_one_and_takes_none_by_itself(remote: Remote) -> None:
    for company in (None, {"name": "Harwick"}, {"id": TENANT_ID}):
        made = await remote.connections.unattended.create(replace(APPLICATION, company=company))
        assert made.status == "choose_company"
        assert "GET …/companies" in (made.status_detail or "")
    chosen = await remote.connections.change_company(made, {"name": "Harwick Ireland"})
    assert (chosen.status, chosen.company_id) == ("active", OTHER_COMPANY_ID)


async def test_an_environment_that_is_not_there_is_named_anew(remote: Remote) -> None:
    unattended = remote.connections.unattended
    made = await unattended.create(replace(APPLICATION, environment="Prod"))
    assert made.status == "choose_environment"
    assert '"Prod". It has Production, Sandbox.' in (made.status_detail or "")
    active = await unattended.change(made, environment="Sandbox", company={"id": COMPANY_ID})
    assert (active.status, active.environment_type) == ("active", "Sandbox")
    moved = await unattended.change(active, environment="Production")
    assert moved.status == "choose_company", "the same id is another company there"


async def test_consent_that_is_missing_is_said_and_tried_again(remote: Remote) -> None:
    await remote.arm("no_roles")
    made = await remote.connections.unattended.create(APPLICATION)
    assert made.status == "needs_consent"
    assert "adminconsent" in (made.status_detail or "")
    again = await remote.connections.unattended.settle(made)
    assert again.company_name == COMPANY_NAME, "what was asked for is not asked for again"
    assert (again.id, again.status, again.status_detail) == (made.id, "active", None)
    kept = await remote.connections.unattended.settle(again)
    assert (kept.status, kept.company_id) == ("active", COMPANY_ID)


async def test_an_application_without_a_card_in_business_central(remote: Remote) -> None:
    await remote.arm("reject_token", count=99)
    made = await remote.connections.unattended.create(APPLICATION)
    assert made.status == "unauthorized"
    assert "Microsoft Entra Applications" in (made.status_detail or "")
    with pytest.raises(ConnectionUnauthorized, match="Microsoft Entra Applications"):
        await remote.connections.require(made.id)


async def test_an_application_that_may_not_list_environments_is_believed_by_its_company(
    remote: Remote,
) -> None:
    await remote.arm("reject_token", count=99, match={"path": "^/environments/"})
    made = await remote.connections.unattended.create(APPLICATION)
    assert (made.status, made.environment_type) == ("active", "Unknown")
    await remote.clock.advance(400)
    await remote.connections.verify_target(made)
    assert await remote.token_calls() == 1
    await remote.clear()
    await remote.clock.advance(400)
    await remote.connections.verify_target(made)
    nowhere = replace(APPLICATION, environment="Prod")
    await remote.arm("reject_token", count=99, match={"path": "^/environments/"})
    assert (await remote.connections.unattended.create(nowhere)).status == "choose_environment"


async def test_a_disturbance_leaves_it_pending(remote: Remote) -> None:
    await remote.arm("status", status=400, match={"path": "/companies$"}, body="no")
    made = await remote.connections.unattended.create(APPLICATION)
    assert made.status == "pending"
    assert "reconnect tries again" in (made.status_detail or "")
    await remote.arm("token_error", error="invalid_client", number=7000222)
    made = await remote.connections.unattended.settle(made)
    assert made.status == "pending"
    assert "AADSTS7000222" in (made.status_detail or "")


async def test_a_wrong_key_stops_it_after_one_call_and_a_new_one_mends_it(remote: Remote) -> None:
    unattended = remote.connections.unattended
    wrong = Credentials(ON_PREMISES_USER, "wrong")
    made = await unattended.create(replace(SERVER, credentials=wrong))
    assert made.status == "unauthorized"
    assert "new credentials" in (made.status_detail or "")
    assert len(await remote.journal(path="^/BC/")) == 1
    mended = await unattended.change(made, credentials=SERVER.credentials, company=SERVER.company)
    assert mended.status == "active"


async def test_a_key_that_ends_stops_the_connection_without_a_second_call(remote: Remote) -> None:
    made = await remote.connections.unattended.create(SERVER)
    await remote.forget_journal()
    await remote.arm("reject_token", count=99)
    with pytest.raises(ConnectionUnauthorized):
        await read(remote, made)
    assert len(await remote.journal()) == 1
    with pytest.raises(ConnectionUnauthorized):
        await remote.connections.require(made.id)


async def test_a_server_that_left_the_configuration_is_not_asked(remote: Remote) -> None:
    made = await remote.connections.unattended.create(SERVER)
    gone = await remote.store.update_connection(made.id, environment="elsewhere")
    await remote.forget_journal()
    settled = await remote.connections.unattended.settle(gone)
    assert settled.status == "pending"
    assert "on_premises" in (settled.status_detail or "")
    assert await remote.journal() == []


async def test_a_company_that_was_renamed_stops_writes_until_it_is_confirmed(
    remote: Remote,
) -> None:
    made = await remote.connections.unattended.create(SERVER)
    renamed = await remote.store.update_connection(made.id, company_name="Harwick Trading")
    with pytest.raises(TargetChanged):
        await remote.connections.verify_target(renamed)
    settled = await remote.connections.unattended.settle(renamed)
    assert (settled.status, settled.company_name) == ("active", COMPANY_NAME)


IMPOSSIBLE: list[tuple[Wish, list[str]]] = [
    (replace(APPLICATION, tenant=None), ["/tenant"]),
    (replace(APPLICATION, tenant="harwick.example"), ["/tenant"]),
    (replace(APPLICATION, environment=None), ["/environment"]),
    (replace(APPLICATION, environment="../x"), ["/environment"]),
    (replace(APPLICATION, credentials=SERVER.credentials), ["/credentials"]),
    (replace(SERVER, credentials=None), ["/credentials"]),
    (replace(SERVER, environment="https://elsewhere.example"), ["/environment"]),
    (replace(SERVER, environment=None, tenant="a b"), ["/environment", "/tenant"]),
    (replace(SERVER, credentials=Credentials("a:b", "k")), ["/credentials/user"]),
    (
        replace(SERVER, credentials=Credentials("é", "k\n")),
        ["/credentials/user", "/credentials/key"],
    ),
]


async def test_what_cannot_be_is_named_and_nothing_is_made(remote: Remote) -> None:
    for wish, pointers in IMPOSSIBLE:
        with pytest.raises(InvalidInput) as caught:
            await remote.connections.unattended.create(wish)
        found = [violation.pointer for violation in caught.value.violations]
        assert found == pointers, wish
    assert await remote.store.connections() == []
    assert await remote.journal() == []


async def test_what_an_administrator_chose_is_not_changed_past_them(remote: Remote) -> None:
    connection = await remote.connect()
    unattended = remote.connections.unattended
    with pytest.raises(InvalidInput) as caught:
        await unattended.change(
            connection, environment="Sandbox", credentials=Credentials("user", "key")
        )
    pointers = [violation.pointer for violation in caught.value.violations]
    assert pointers == ["/credentials", "/environment"]
    assert await remote.store.connection(connection.id) == connection


async def test_a_change_that_cannot_be_changes_nothing(remote: Remote) -> None:
    made = await remote.connections.unattended.create(SERVER)
    with pytest.raises(InvalidInput):
        await remote.connections.unattended.change(
            made, environment="elsewhere", credentials=Credentials("user", "key")
        )
    assert await remote.store.connection(made.id) == made
    await read(remote, made)


def test_a_key_is_never_shown() -> None:
    assert ON_PREMISES_KEY not in repr(SERVER)
