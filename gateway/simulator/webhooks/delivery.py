"""How subscribers are told: handshakes, notifications, what happens when nobody answers.

Everything that waits does so by the simulator's clock; a task looks again whenever the clock was
moved or something became due (bc/api.md §9).
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientResponse, ClientSession, TCPConnector

from gateway.simulator.clock import Clock, timestamp
from gateway.simulator.environments import Environment
from gateway.simulator.errors import BusinessCentralError, bad_request
from gateway.simulator.records.store import Change, Company, Values
from gateway.simulator.records.values import encode_json
from gateway.simulator.webhooks.subscriptions import Subscription, Subscriptions

HANDSHAKE_SECONDS = 5
SEND_SECONDS = 30
AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 1, 10, 100, 1000))
_RETRIED = frozenset({408, 429})
_KEPT = 1000  # deliveries that the control API can tell of
_MOST_AT_ONCE = 100  # addresses that are told something
_LONGEST_ANSWER = 64 * 1024  # bytes of an answer that are read


Struck = Callable[[str], Mapping[str, float]]
"""The faults that strike a letter to an address: kinds, and how many seconds each is about."""


@dataclass(slots=True)
class Letter:
    """Notifications for one address: how often they were tried, and when they are again."""

    subscriptions: Subscriptions
    url: str
    told: list[Values]
    due: datetime
    failures: int = 0


class Webhooks:
    """Tells subscribers of what changes. ``async with`` ends it; it runs from the first address
    that has proven itself, or at once where a kept state has one.
    """

    def __init__(self, clock: Clock, struck: Struck = lambda _: {}) -> None:
        self._clock = clock
        self._struck = struck
        self._letters: list[Letter] = []
        self._watched: list[Subscriptions] = []
        self._sent: deque[dict[str, object]] = deque(maxlen=_KEPT)
        self._wake = asyncio.Event()
        self._looked = clock.now()
        self._task: asyncio.Task[None] | None = None
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._session: ClientSession | None = None
        clock.watchers.append(self._wake.set)

    async def __aenter__(self) -> Self:
        self._session = ClientSession(connector=TCPConnector(limit=0))  # bounded here
        if self._subscriptions():  # those of a kept state have proven themselves
            self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ending = [*self._sending.values(), *([self._task] if self._task else [])]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def watch(self, environments: Mapping[str, Environment]) -> None:
        """Hear of every change in these environments, and of no others."""
        for task in self._sending.values():
            task.cancel()
        self._letters.clear()
        self._watched.clear()
        self._sent.clear()
        for environment in environments.values():
            self.add(environment)

    def add(self, environment: Environment) -> None:
        """Hear of every change in one more environment."""
        self._watched.append(environment.subscriptions)
        for company in environment.companies.values():
            company.watchers.append(partial(self._changed, environment, company))

    def remove(self, environment: Environment) -> None:
        """Tell nobody of this environment any more."""
        gone = environment.subscriptions
        self._watched = [one for one in self._watched if one is not gone]
        self._letters = [one for one in self._letters if one.subscriptions is not gone]

    async def handshake(self, url: str) -> BusinessCentralError | None:
        """See that an address takes notifications; else why it does not."""
        token = secrets.token_hex(16)
        joint = "&" if "?" in url else "?"
        try:
            status, text = await self._asked(
                HANDSHAKE_SECONDS, f"{url}{joint}validationToken={token}"
            )
        except TimeoutError:
            return _unproven(url, "it did not answer within five seconds")
        except (ClientError, ValueError):
            return _unproven(url, "nothing answers there")
        if status != 200 or text.strip() != token:
            return _unproven(url, "it did not answer 200 with the token")
        self._start()
        return None

    async def _asked(
        self, seconds: float, url: str, data: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text that an address answers to a POST within ``seconds`` of the clock.

        Nobody is followed elsewhere: that could be another machine. Raises ClientError,
        TimeoutError, ValueError.
        """
        if self._session is None:
            raise AssertionError("it does not run")

        async def ask(session: ClientSession) -> tuple[int, str]:
            async with session.post(
                url, data=data, headers=headers, allow_redirects=False, ssl=False
            ) as answer:
                # Whatever it says of its own letters: they are looked at as UTF-8.
                return answer.status, (await _start_of(answer)).decode("utf-8", "replace")

        return await self._clock.within(seconds, ask(self._session))

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="webhooks")

    def deliver_now(self) -> int:
        """Let everything that waits go at once; how many notifications that are."""
        now, count = self._clock.now(), 0
        for one in self._subscriptions():
            if one.first is not None:
                one.hurried = now
                count += len(one.pending)
        for letter in self._letters:
            letter.due, count = now, count + len(letter.told)
        self._wake.set()
        return count

    def described(self) -> dict[str, object]:
        """What waits and what was sent, for the control API."""
        waiting = [
            {
                "subscriptionId": one.record.id,
                "notificationUrl": one.url,
                "changes": len(one.pending),
                "due": timestamp(due),
            }
            for one in self._subscriptions()
            if (due := one.due()) is not None
        ]
        retried = [
            {
                "notificationUrl": letter.url,
                "notifications": len(letter.told),
                "failures": letter.failures,
                "due": timestamp(letter.due),
            }
            for letter in self._letters
        ]
        return {"waiting": waiting, "retried": retried, "sent": list(self._sent)}

    def _subscriptions(self) -> list[Subscription]:
        return [one for known in self._watched for one in known.by_id.values()]

    def _changed(
        self, environment: Environment, company: Company, changes: Sequence[Change]
    ) -> None:
        environment.subscriptions.changed(company.id, changes, self._clock.now())
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            self._keep_up()
            self._collect()
            self._begin()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._seconds())

    def _keep_up(self) -> None:
        """Where the clock was set back, everybody waits as long as before, not until then."""
        now = self._clock.now()
        back, self._looked = self._looked - now, now
        if back <= timedelta():
            return
        for one in self._subscriptions():
            one.turn_back(now)
        for letter in self._letters:
            letter.due -= back

    def _begin(self) -> None:
        """Begin to send what is due. Nobody waits for somebody else who is slow; at one address
        one letter waits for the other, so that they come in their order.
        """
        now = self._clock.now()
        for letter in tuple(self._letters):
            if letter.due <= now and self._may_go(letter):
                self._letters = [one for one in self._letters if one is not letter]
                task = asyncio.create_task(self._send(letter), name=f"webhooks to {letter.url}")
                self._sending[letter.url] = task
                task.add_done_callback(partial(self._ended, letter.url))

    def _may_go(self, letter: Letter) -> bool:
        return letter.url not in self._sending and len(self._sending) < _MOST_AT_ONCE

    def _ended(self, url: str, _task: asyncio.Task[None]) -> None:
        del self._sending[url]
        self._wake.set()

    def _seconds(self) -> float | None:
        """How long nothing is due, unless something happens."""
        moments = [letter.due for letter in self._letters if self._may_go(letter)]
        moments += [due for one in self._subscriptions() if (due := one.due()) is not None]
        if not moments:
            return None
        return max(0.0, (min(moments) - self._clock.now()).total_seconds())

    def _collect(self) -> None:
        """What is due as letters: one for each address, whatever subscriptions it is for."""
        now = self._clock.now()
        for known in self._watched:
            known.records(now)  # those whose life is over are told nothing
            letters: dict[str, Letter] = {}
            for one in known.by_id.values():
                due = one.due()
                if due is not None and due <= now:
                    letter = letters.setdefault(one.url, Letter(known, one.url, [], now))
                    letter.told += one.taken()
            self._letters += letters.values()

    async def _send(self, letter: Letter) -> None:
        """Send a letter, as the faults that strike it say, if it is still for anybody."""
        known = letter.subscriptions.by_id
        letter.told = [
            known[told["subscriptionId"]].renewed(told)
            for told in letter.told
            if told["subscriptionId"] in known
        ]
        if not letter.told:
            return
        struck = self._struck(letter.url)
        if "webhook_late" in struck:
            self._again(letter, timedelta(seconds=struck["webhook_late"]))
            return
        if "webhook_dropped" in struck:
            return
        if "webhook_reordered" in struck:
            letter.told.reverse()
        if "webhook_forged" in struck:
            forged = [{**told, "clientState": secrets.token_hex(8)} for told in letter.told]
            await self._post(replace(letter, told=forged))
        if "webhook_doubled" in struck:
            await self._post(letter)
        await self._deliver(letter)

    async def _deliver(self, letter: Letter) -> None:
        status = await self._post(letter)
        if status is not None and 200 <= status < 300:
            return
        if status is not None and status not in _RETRIED and status < 500:
            letter.subscriptions.drop(letter.url)
            return  # what else waits for it is for nobody any more
        letter.failures += 1
        if letter.failures > len(AGAIN_AFTER):
            for told in letter.told:
                letter.subscriptions.by_id.pop(str(told["subscriptionId"]), None)
            return
        self._again(letter, AGAIN_AFTER[letter.failures - 1])

    def _again(self, letter: Letter, after: timedelta) -> None:
        """Send a letter later, unless its environment went away while it was on its way."""
        if any(known is letter.subscriptions for known in self._watched):
            letter.due = self._clock.now() + after
            self._letters.append(letter)

    async def _post(self, letter: Letter) -> int | None:
        """Send a letter; the status of the answer, None where there was none."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "clientRequestId": str(uuid.uuid4()),
            "x-ms-correlation-id": str(uuid.uuid4()),
        }
        body = encode_json({"value": letter.told})
        status: int | None
        try:
            status, _ = await self._asked(SEND_SECONDS, letter.url, body, headers)
        except (ClientError, TimeoutError, ValueError):
            status = None
        self._sent.append(
            {
                "at": timestamp(self._clock.now()),
                "notificationUrl": letter.url,
                "notifications": len(letter.told),
                "status": status,
            }
        )
        return status


async def _start_of(answer: ClientResponse) -> bytes:
    """As much of an answer as anybody looks at; it may have no end."""
    start = b""
    while len(start) < _LONGEST_ANSWER and (piece := await answer.content.readany()):
        start += piece
    return start


def _unproven(url: str, why: str) -> BusinessCentralError:
    return bad_request(f"The notification URL '{url}' could not be validated: {why}.")
