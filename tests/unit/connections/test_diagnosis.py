"""Which rung fails, who must act, and where."""

from __future__ import annotations

from typing import Any

from gateway.connections import Credentials, Rung, Wish
from gateway.connections.diagnosis import (
    ADMINISTRATOR,
    BUSINESS_CENTRAL,
    MICROSOFT,
    NOBODY,
    OPERATOR,
    PRODUCT,
)
from gateway.simulator import CLIENT_ID, ON_PREMISES_KEY, ON_PREMISES_USER, TENANT_ID
from gateway.storage import Connection, changed
from tests.remote import COMPANY_NAME, Remote

READS = ["customers", "items"]
FIRST = ["sign_in", "tenant", "environment", "company"]
NAMES = [*FIRST, "read customers", "read items"]
APPLICATION = Wish(
    "harwick",
    "client_credentials",
    environment="Production",
    tenant=TENANT_ID,
    company={"name": COMPANY_NAME},
)


async def failed(remote: Remote, connection: Connection) -> Rung:
    """The one rung that fails; those below it passed, the others were not reached."""
    rungs = await remote.connections.diagnose(connection, READS)
    assert [rung.name for rung in rungs] == NAMES
    (bad,) = [rung for rung in rungs if rung.outcome == "failed"]
    at = rungs.index(bad)
    assert {rung.outcome for rung in rungs[:at]} <= {"passed"}
    assert {rung.outcome for rung in rungs[at + 1 :]} <= {"not_reached", "passed"}
    assert bad.detail
    return bad


async def test_a_connection_that_works_passes_every_rung(remote: Remote) -> None:
    await remote.forget_journal()
    server = Wish(
        "harwick",
        "basic",
        environment="harwick-nav",
        credentials=Credentials(ON_PREMISES_USER, ON_PREMISES_KEY),
        company={"name": COMPANY_NAME},
    )
    unattended = remote.connections.unattended
    for connection in (
        await remote.connected(),
        await unattended.create(APPLICATION),
        await unattended.create(server),
    ):
        rungs = await remote.connections.diagnose(connection, READS)
        assert [(rung.name, rung.outcome) for rung in rungs] == [(n, "passed") for n in NAMES]
    methods = {entry["method"] for entry in await remote.journal(path="api/v2.0")}
    assert methods == {"GET"}, "a diagnosis writes nothing"


async def test_a_sign_in_that_ended(remote: Remote) -> None:
    connection = await remote.connected()
    await remote.arm("token_error", error="invalid_grant", number=50173)
    await remote.clock.advance(3600)
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("sign_in", ADMINISTRATOR)
    assert rung.where == f"POST /v1/connections/{connection.id}/reconnect"
    again = await failed(remote, connection)
    assert "AADSTS50173" in (again.detail or "")


async def test_a_sign_in_that_ended_is_seen_while_its_last_token_still_works(
    remote: Remote,
) -> None:
    connection = await remote.connected()
    await remote.business_central.read_all(connection, "customers", deadline=remote.deadline())
    await remote.arm("token_error", error="invalid_grant", number=50173)
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("sign_in", ADMINISTRATOR)


async def test_a_registration_that_is_refused_and_a_microsoft_that_is_away(remote: Remote) -> None:
    connection = await remote.connected()
    await remote.clock.advance(3600)
    await remote.arm("token_error", error="invalid_client", number=7000222)
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("sign_in", OPERATOR)
    await remote.clock.advance(60)
    await remote.arm("token_error", error="temporarily_unavailable", number=90033)
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("sign_in", NOBODY)


async def test_an_application_without_consent(remote: Remote) -> None:
    await remote.arm("no_roles")
    connection = await remote.connections.unattended.create(APPLICATION)
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("sign_in", MICROSOFT)
    assert rung.where == f"{remote.url}/{TENANT_ID}/adminconsent?client_id={CLIENT_ID}"


async def test_a_user_whom_business_central_refuses(remote: Remote) -> None:
    connection = await remote.connected()
    await remote.arm("reject_token", count=9)
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("tenant", BUSINESS_CENTRAL)
    assert "page Users" in (rung.where or "")


async def test_a_tenant_without_environments(remote: Remote) -> None:
    connection = await remote.connected()
    await remote.arm("status", status=200, match={"path": "environments"}, body={"value": []})
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("tenant", MICROSOFT)


GONE: list[tuple[dict[str, Any], str, str]] = [
    ({"environment": "Renamed"}, "environment", "there are Production, Sandbox"),
    ({"environment": None}, "environment", "No environment is chosen"),
    ({"environment_type": "Sandbox"}, "environment", "was of type Sandbox"),
    ({"company_id": None, "company_name": None}, "company", "No company is chosen"),
    ({"company_name": "Harwick Trading"}, "company", "Harwick Trading"),
]


async def test_a_target_that_is_not_there(remote: Remote) -> None:
    connection = await remote.connected()
    for changes, name, said in GONE:
        rung = await failed(remote, changed(connection, **changes))
        assert (rung.name, rung.who) == (name, PRODUCT)
        assert said in (rung.detail or "")
        assert connection.id in (rung.where or "")


async def test_each_entity_is_read_by_itself(remote: Remote) -> None:
    connection = await remote.connected()
    refusal = {"error": {"code": "Internal_ServerError", "message": "permissions"}}
    await remote.arm("status", status=403, match={"entity": "customers"}, body=refusal)
    rung = await failed(remote, connection)
    assert (rung.name, rung.who) == ("read customers", BUSINESS_CENTRAL)
    rungs = await remote.connections.diagnose(connection, [*READS, "nonsense"])
    assert [rung.outcome for rung in rungs[-2:]] == ["passed", "failed"]
    assert rungs[-1].who == OPERATOR


async def test_an_answer_without_a_record_is_no_proof(remote: Remote) -> None:
    connection = await remote.connected()
    await remote.arm("status", status=200, match={"entity": "items"}, body={"value": []})
    rungs = await remote.connections.diagnose(connection, READS)
    assert (rungs[-1].outcome, rungs[-2].detail) == ("passed", None)
    assert "none that may be seen" in (rungs[-1].detail or "")


async def test_an_application_that_may_not_list_environments(remote: Remote) -> None:
    await remote.arm("reject_token", count=99, match={"path": "^/environments/"})
    connection = await remote.connections.unattended.create(APPLICATION)
    rungs = await remote.connections.diagnose(connection, READS)
    assert {rung.outcome for rung in rungs} == {"passed"}
    assert "may not be seen" in (rungs[2].detail or "")
