from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from gateway.businesscentral import open_session, transport
from gateway.businesscentral.transport import NoAnswer, NotSent, Received, exchange
from tests.odd_server import Reply, Seen, odd_server, reply


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with open_session() as opened:
        yield opened


async def send(session: ClientSession, method: str, url: str, seconds: float = 5) -> Received:
    return await exchange(session, method, url, headers={}, data=b"{}", seconds=seconds)


async def test_the_address_is_sent_byte_for_byte(session: ClientSession) -> None:
    target = "/items?$filter=number%20eq%20'O''Brien%26%2B%23%25%2F'&x=%7e"
    async with odd_server(lambda _: reply(200, {"a": 1})) as odd:
        received = await send(session, "GET", odd.url + target)
        assert (received.status, received.body) == (200, b'{"a": 1}')
        assert odd.seen[0].target == target


async def test_no_connection_means_nothing_was_sent(session: ClientSession) -> None:
    async with odd_server(lambda _: None) as gone:
        pass
    with pytest.raises(NotSent):
        await send(session, "POST", gone.url)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{",
    ],
)
async def test_a_broken_answer_leaves_the_outcome_open(
    session: ClientSession, answer: Reply
) -> None:
    async with odd_server(lambda _: answer) as odd:
        if answer is not None and b"100" in answer:
            with pytest.raises(NoAnswer):
                await send(session, "POST", odd.url, seconds=0.2)
        else:
            with pytest.raises(NoAnswer):
                await send(session, "POST", odd.url)
        assert len(odd.seen) == 1


async def test_silence_ends_at_the_deadline(session: ClientSession) -> None:
    async with odd_server(lambda _: b"") as odd:
        with pytest.raises(NoAnswer):
            await send(session, "POST", odd.url, seconds=0.1)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_write_on_a_dead_kept_connection_is_not_repeated(
    session: ClientSession, method: str
) -> None:
    """The connection is kept after the first answer and reset at the second request."""
    answers = [reply(200, {}), None]
    async with odd_server(lambda _: answers.pop(0) if answers else reply(200, {})) as odd:
        await send(session, "GET", odd.url)
        with pytest.raises(NoAnswer):
            await send(session, method, odd.url)
        assert [seen.method for seen in odd.seen] == ["GET", method]
        assert odd.connections == 1


async def test_redirects_are_not_followed_and_cookies_not_kept(session: ClientSession) -> None:
    def answer(_: Seen) -> Reply:
        return reply(302, Location="/elsewhere", Set_Cookie="customer=harwick")

    async with odd_server(answer) as odd:
        assert (await send(session, "GET", odd.url)).status == 302
        await send(session, "GET", odd.url)
        assert [seen.target for seen in odd.seen] == ["/", "/"]
        assert "cookie" not in odd.seen[1].headers


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"[1]", {}),
        (b"x" * 200_000, {}),
        (b"x" * 700_000, {}),
        (gzip.compress(b"x" * 700_000), {"Content_Encoding": "gzip"}),
    ],
)
async def test_a_connection_is_kept_however_much_came_over_it(
    session: ClientSession, body: bytes, headers: dict[str, str]
) -> None:
    async with odd_server(lambda _: reply(200, body, **headers)) as odd:
        for _ in range(3):
            received = await send(session, "GET", odd.url)
            assert received.body == (gzip.decompress(body) if headers else body)
        assert odd.connections == 1


async def test_an_answer_without_end_is_cut_off(session: ClientSession) -> None:
    packed = gzip.compress(b"x" * (transport.MOST_BYTES + 1), compresslevel=1)
    async with odd_server(lambda _: reply(200, packed, Content_Encoding="gzip")) as odd:
        with pytest.raises(NoAnswer):
            await send(session, "GET", odd.url)


async def test_an_answer_repeats_nothing_of_its_body_when_shown() -> None:
    assert "Ada" not in repr(Received(200, {}, b"Ada"))
    await asyncio.sleep(0)
