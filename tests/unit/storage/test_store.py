from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.errors import InvalidQuery, StorageUnavailable, UnknownConnection
from gateway.storage import (
    ApiKey,
    Connection,
    Match,
    RefreshToken,
    SignIn,
    Store,
    changed,
    new_id,
)
from tests.clock import MovingClock
from tests.unit.storage.conftest import stored_bytes


def connection(clock: MovingClock, name: str = "con_harwick", **fields: object) -> Connection:
    made = Connection(name, "harwick", clock.now(), clock.now())
    return changed(made, **fields)


async def test_ids_are_made_by_us_and_differ() -> None:
    first, second = new_id("con"), new_id("con")

    assert first.startswith("con_")
    assert first != second


async def test_keys_are_found_by_hash_and_revoked_once(store: Store, clock: MovingClock) -> None:
    key = ApiKey("key_1", "5e88", "product", "harwick", clock.now())
    await store.add_key(key)
    assert await store.key_by_hash("5e88") == key
    assert await store.key_by_hash("other") is None

    await clock.advance(60)
    assert await store.revoke_key("key_1")
    assert not await store.revoke_key("key_1")
    assert not await store.revoke_key("key_2")
    assert await store.keys() == [changed(key, revoked_at=clock.now())]


async def test_a_connection_comes_back_as_it_went(store: Store, clock: MovingClock) -> None:
    record = connection(
        clock,
        params={"freight_charge": "FRACHT", "rate": Decimal("19.900"), "on": True},
        label="Harwick, main shop",
        return_url="https://shop.example/done",
        expected_tenant="8f1c",
    )
    await store.add_connection(record)

    assert await store.connection(record.id) == record
    assert await store.connection("con_nobody") is None


async def test_a_changed_connection_says_when(store: Store, clock: MovingClock) -> None:
    await store.add_connection(connection(clock))
    await clock.advance(5)
    updated = await store.update_connection("con_harwick", status="active", company_name="Harwick")

    assert updated.status == "active"
    assert updated.updated_at == clock.now()
    assert await store.connection("con_harwick") == updated
    with pytest.raises(UnknownConnection):
        await store.update_connection("con_nobody", status="active")


async def test_connections_are_listed_by_organization_and_status(
    store: Store, clock: MovingClock
) -> None:
    await store.add_connection(connection(clock, "con_1", status="active"))
    await store.add_connection(connection(clock, "con_2", organization="lund"))
    await store.add_connection(connection(clock, "con_3", organization="lund", status="active"))

    assert [c.id for c in await store.connections()] == ["con_1", "con_2", "con_3"]
    assert [c.id for c in await store.connections(organization="lund")] == ["con_2", "con_3"]
    assert [c.id for c in await store.connections(status="active")] == ["con_1", "con_3"]
    found = await store.connections(organization="lund", status="active")
    assert [c.id for c in found] == ["con_3"]


async def test_a_sign_in_is_found_by_ticket_and_by_state(store: Store, clock: MovingClock) -> None:
    await store.add_connection(connection(clock))
    first = SignIn("ticket", "con_harwick", clock.now(), clock.now())
    await store.save_sign_in(first)
    assert await store.sign_in_by_ticket("ticket") == first
    assert await store.sign_in_by_state("state") is None

    begun = changed(first, state="state", verifier="secret", nonce="once", session="browser")
    await store.save_sign_in(begun)
    assert await store.sign_in_by_state("state") == begun
    assert "secret" not in repr(begun)


async def test_a_sign_in_that_ended_long_ago_goes_away_with_the_next_one(
    store: Store, clock: MovingClock
) -> None:
    await store.add_connection(connection(clock))
    await store.save_sign_in(SignIn("old", "con_harwick", clock.now(), clock.now()))
    await clock.advance(86_400)
    await store.save_sign_in(SignIn("next", "con_harwick", clock.now(), clock.now()))
    assert await store.sign_in_by_ticket("old") is not None

    await clock.advance(1)
    await store.save_sign_in(SignIn("last", "con_harwick", clock.now(), clock.now()))
    assert await store.sign_in_by_ticket("old") is None
    assert await store.sign_in_by_ticket("next") is not None


async def test_a_refresh_token_is_replaced_only_by_who_saw_the_last_one(
    store: Store, clock: MovingClock
) -> None:
    await store.add_connection(connection(clock))
    assert await store.refresh_token("con_harwick") is None
    first = await store.save_refresh_token("con_harwick", "one", None)
    assert first == RefreshToken("con_harwick", "one", 1, clock.now())
    assert await store.save_refresh_token("con_harwick", "late", None) is None

    second = await store.save_refresh_token("con_harwick", "two", 1)
    assert await store.save_refresh_token("con_harwick", "late", 1) is None
    assert await store.refresh_token("con_harwick") == second
    assert second == RefreshToken("con_harwick", "two", 2, clock.now())


async def test_deleting_a_connection_erases_what_belongs_to_it(
    store: Store, clock: MovingClock
) -> None:
    await store.add_connection(connection(clock))
    await store.save_refresh_token("con_harwick", "token", None)
    await store.save_sign_in(SignIn("ticket", "con_harwick", clock.now(), clock.now()))
    await store.save_matches([Match("con_harwick", "sku", "unmatched", None, clock.now())])

    assert await store.delete_connection("con_harwick")
    assert not await store.delete_connection("con_harwick")
    assert await store.refresh_token("con_harwick") is None
    assert await store.sign_in_by_ticket("ticket") is None
    assert await store.matches("con_harwick") == []


async def test_a_token_pasted_into_another_row_does_not_open(
    store: Store, clock: MovingClock
) -> None:
    for name in ("con_1", "con_2"):
        await store.add_connection(connection(clock, name))
        await store.save_refresh_token(name, f"token of {name}", None)
    await store._database.write(
        lambda c: c.exec_driver_sql(
            "UPDATE refresh_tokens SET token ="
            " (SELECT token FROM refresh_tokens WHERE connection_id = 'con_1')"
        )
    )

    with pytest.raises(StorageUnavailable, match="does not open"):
        await store.refresh_token("con_2")


async def test_no_secret_stands_in_the_database(store: Store, clock: MovingClock, url: str) -> None:
    await store.add_connection(connection(clock))
    await store.save_refresh_token("con_harwick", "canary-of-a-token", None)
    sign_in = SignIn("t", "con_harwick", clock.now(), clock.now(), verifier="canary-of-a-verifier")
    await store.save_sign_in(sign_in)
    await store.ping()

    assert b"con_harwick" in stored_bytes(url)
    assert b"canary" not in stored_bytes(url)


async def test_a_sealed_text_opens_for_its_purpose_only(store: Store) -> None:
    cursor = store.seal("customers of con_1", "$skiptoken='O''Brien & Co'")

    assert store.open("customers of con_1", cursor) == "$skiptoken='O''Brien & Co'"
    for purpose, text in (("customers of con_2", cursor), ("customers of con_1", cursor[:-2])):
        with pytest.raises(InvalidQuery):
            store.open(purpose, text)
    for nonsense in ("", "x", "ä", "A" * 100, "=" * 40):
        with pytest.raises(InvalidQuery):
            store.open("customers of con_1", nonsense)
