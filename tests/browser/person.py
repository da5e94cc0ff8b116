"""A person at a browser: opens, chooses, presses, and looks closely at every page of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from aiohttp import ClientSession
from playwright.async_api import ConsoleMessage, Page, Request, expect
from yarl import URL

from gateway.app import Gateway
from gateway.storage import Connection
from tests.clock import MovingClock

ADMINISTRATOR: Final = "admin@harwick.example"
COMPANY: Final = "Harwick Distributors Ltd"
SHOP: Final = "https://deals.tidewater.example"

AUDIT: Final = Path(__file__).with_name("audit.js").read_text("utf-8")


@dataclass(slots=True)
class House:
    """What runs for one test."""

    gateway: Gateway
    simulator: str
    clock: MovingClock
    control: ClientSession

    @property
    def url(self) -> str:
        return self.gateway.config.public.url

    @property
    def console(self) -> str:
        """Where operators look."""
        listener = self.gateway.config.console
        assert listener is not None
        return f"http://{listener.host}:{listener.port}"

    async def address(
        self,
        *,
        environment: str | None = None,
        expected_tenant: str | None = None,
        label: str | None = None,
        return_url: str | None = None,
    ) -> str:
        """A fresh connect address."""
        _, address = await self.gateway.connections.create(
            organization="Harwick",
            environment=environment,
            expected_tenant=expected_tenant,
            label=label,
            return_url=return_url,
        )
        return address

    async def connection(self) -> Connection:
        """The one connection there is."""
        [connection] = await self.gateway.store.connections()
        return connection

    async def arm(self, kind: str, **wish: object) -> None:
        """Make something go wrong at Microsoft or in Business Central."""
        async with self.control.post("/_simulator/faults", json={"kind": kind, **wish}) as answer:
            assert answer.status == 201, await answer.text()


@dataclass(frozen=True, slots=True)
class Look:
    """A screen: its size in pixels, and which colours the person prefers."""

    name: str
    width: int
    height: int
    colours: Literal["light", "dark"]


# Sizes say nothing about colours, nor the other way round: two looks show each of the four.
LOOKS: Final = (Look("phone", 390, 844, "light"), Look("desktop", 1280, 800, "dark"))


class Person:
    """One browser profile with one page. What should never happen is noted in `oddities`."""

    def __init__(self, page: Page, house: House, folder: Path) -> None:
        self.page = page
        self.oddities: list[str] = []
        self._house = house
        self._folder = folder
        self._seen = 0
        page.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.oddities.append(str(error)))

    async def other_tab(self) -> Person:
        """The same person in another tab of the same browser."""
        other = Person(await self.page.context.new_page(), self._house, self._folder / "other-tab")
        other.oddities = self.oddities
        return other

    def _requested(self, request: Request) -> None:
        own = {self._house.url, self._house.simulator, SHOP, self._house.console}
        origin = str(URL(request.url).origin())
        if origin not in own:
            self.oddities.append(f"asked {request.url}")
        elif not request.is_navigation_request() and origin != self._house.console:
            self.oddities.append(f"loaded {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # Chromium says so of every page with an error status, and some of ours have one.
        if not message.text.startswith("Failed to load resource"):
            self.oddities.append(f"the console says: {message.text}")

    async def open(self, address: str) -> None:
        await self.page.goto(address)

    async def choose(self, label: str) -> None:
        await self.page.get_by_label(label).check()

    async def press(self, button: str) -> None:
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def sign_in(
        self, username: str = ADMINISTRATOR, decision: str = "Accept", press: str | None = None
    ) -> None:
        """From a page of ours through Microsoft and back."""
        await self.press(press or "Sign in at Microsoft")
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(
            "Permissions requested"
        )
        await self.choose(username)
        await self.press(decision)

    async def is_at(self, heading: str) -> None:
        """Wait for the page with this heading."""
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    async def reads(self, text: str) -> None:
        """Wait for a text anywhere on the page."""
        await expect(self.page.get_by_role("main")).to_contain_text(text)

    async def look(
        self, heading: str, *, whole: bool = True, looks: Sequence[Look] = LOOKS
    ) -> None:
        """Wait for the page with this heading, look at it on every screen, keep the pictures.

        A picture shows the `whole` page, or what stands above the fold.
        """
        await self.is_at(heading)
        self._seen += 1
        slug = "-".join(heading.lower().split())
        for look in looks:
            await self.page.set_viewport_size({"width": look.width, "height": look.height})
            await self.page.emulate_media(color_scheme=look.colours)
            wrong = await self.page.evaluate(AUDIT)
            assert not wrong, f"{heading}, {look.name}: {wrong}"
            await self.page.screenshot(
                path=self._folder / f"{self._seen}-{slug}-{look.name}.png", full_page=whole
            )


People = Callable[..., Awaitable[Person]]
