"""A browser as small as the connect pages need: it follows links, fills forms and keeps cookies.

The demo plays the administrator with it, and so do the tests. It is no part of the gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

from aiohttp import ClientSession, CookieJar


@dataclass(slots=True)
class Control:
    """One control of a form. `label` is what a person reads beside it or on it."""

    kind: str
    name: str
    value: str
    checked: bool = False
    label: str = ""


@dataclass(slots=True)
class Form:
    """A form: where it goes, and its controls."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)

    def choices(self, kind: str = "radio") -> list[Control]:
        """The controls of one kind, for example the radio buttons."""
        return [control for control in self.controls if control.kind == kind]


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows: address, status, title and text, forms."""

    url: str
    status: int
    title: str
    text: str
    forms: Sequence[Form]

    def form(self) -> Form:
        """The first form. Raises `LookupError` on a page without one."""
        if not self.forms:
            raise LookupError(f"The page {self.title!r} has no form.")
        return self.forms[0]


class Browser:
    """One browser, open as long as its `async with`. It keeps cookies, also those of loopback."""

    def __init__(self) -> None:
        self._session = ClientSession(cookie_jar=CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def open(self, url: str) -> Page:
        """Go to `url` and wherever it leads."""
        async with self._session.get(url) as response:
            return _page(str(response.url), response.status, await response.text())

    async def submit(self, page: Page, form: Form, press: str, choose: str | None = None) -> Page:
        """Choose the radio button labelled `choose`, press the button labelled `press`.

        Raises `LookupError` when the form has no such control.
        """
        data = [
            (control.name, control.value)
            for control in form.controls
            if control.name and _is_sent(control, press, choose)
        ]
        _find(form.controls, press, lambda control: control.kind == "submit")
        if choose is not None:
            _find(form.controls, choose, lambda control: control.kind == "radio")
        async with self._session.request(
            form.method, urljoin(page.url, form.action), data=data
        ) as response:
            return _page(str(response.url), response.status, await response.text())


def _is_sent(control: Control, press: str, choose: str | None) -> bool:
    if control.kind == "submit":
        return press in control.label
    if control.kind in {"radio", "checkbox"}:
        return control.checked if choose is None else choose in control.label
    return True


def _find(controls: Sequence[Control], label: str, which: Callable[[Control], bool]) -> None:
    labels = [control.label for control in controls if which(control)]
    if not any(label in known for known in labels):
        raise LookupError(f"The form has no control {label!r}; there are {labels}.")


def _page(url: str, status: int, html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    for control, identifier in reader.identified:
        control.label = control.label or reader.labels.get(identifier, "")
    return Page(url, status, reader.title.strip(), " ".join(reader.words), reader.forms)


class _Reader(HTMLParser):
    """Collects forms, labels and text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.title = ""
        self.labels: dict[str, str] = {}
        self.identified: list[tuple[Control, str]] = []
        self._inside: set[str] = set()
        self._label_for = ""
        self._labelled: list[Control] = []  # the controls that the text being read belongs to

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._inside.add(tag)
        if tag == "form":
            method = given.get("method", "get").upper()
            self.forms.append(Form(given.get("action", ""), method))
        elif tag == "label":
            self._labelled = []
            self._label_for = given.get("for", "")
        elif tag in {"input", "button"} and self.forms:
            self._control(tag, given)

    def handle_endtag(self, tag: str) -> None:
        self._inside.discard(tag)
        if tag in {"label", "button"}:
            self._labelled, self._label_for = [], ""

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if not words or self._inside & {"style", "script"}:
            return
        if "title" in self._inside:
            self.title += words
            return
        self.words.append(words)
        for control in self._labelled:
            control.label = f"{control.label} {words}".strip()
        if self._label_for:
            known = self.labels.get(self._label_for, "")
            self.labels[self._label_for] = f"{known} {words}".strip()

    def _control(self, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "submit" if tag == "button" else "text")
        control = Control(
            kind, given.get("name", ""), given.get("value", ""), checked="checked" in given
        )
        if kind == "submit" and tag == "input":
            control.label = control.value
        self.forms[-1].controls.append(control)
        if "id" in given:
            self.identified.append((control, given["id"]))
        if tag == "button":
            self._labelled = [control]
        elif "label" in self._inside:
            self._labelled.append(control)
