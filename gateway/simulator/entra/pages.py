"""The pages people see when they sign in: plain HTML that works without scripts and styles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from gateway.simulator.seed.companies import Application, User

_STYLE = (
    "body{background:#fff;color:#1b1b1b;font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;"
    "overflow-wrap:anywhere}"
    "fieldset{border:1px solid #767676;border-radius:.4rem;margin:1rem 0}"
    "label{display:block;padding:.6rem 0}button{font:inherit;min-height:3rem;min-width:8rem;"
    "padding:.6rem 1.4rem;margin:0 .6rem .6rem 0}"
    ":focus-visible{outline:3px solid #2b7de9;outline-offset:3px}"
)

_MEANINGS = {
    "Financials.ReadWrite.All": "Read and write your company's data in Business Central",
    "user_impersonation": "Act as you in Business Central",
    "API.ReadWrite.All": "Read and write all companies' data in Business Central, with no one "
    "signed in",
    "Automation.ReadWrite.All": "Set up companies and users, with no one signed in",
    "AdminCenter.ReadWrite.All": "Manage the environments, with no one signed in",
    ".default": "Everything the application is registered for",
    "offline_access": "Keep the access you have given it while you are away",
    "openid": "Sign you in",
    "profile": "See your name and account",
    "email": "See your e-mail address",
}
_OWN_FIELDS = frozenset({"username", "decision"})


def _page(title: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}"
        "<p><small>This is the bc-gateway simulator, not Microsoft.</small></p>"
        "</main></body></html>"
    ).encode()


def account_page(users: Iterable[User], chosen: User, parameters: Mapping[str, str]) -> bytes:
    """Which account, where the permissions were given before: Continue and Cancel."""
    body = _form(parameters, _accounts(users, chosen), ("continue", "Continue"))
    return _page("Pick an account", body)


def consent_page(
    application: Application,
    users: Iterable[User],
    chosen: User,
    parameters: Mapping[str, str],
) -> bytes:
    """The account, what is asked, Accept and Cancel.

    Every parameter of the request travels in the form, so a script can post the form without
    asking for the page first: the parameters, ``username`` and ``decision`` (accept, cancel).
    """
    asks = f"<p><strong>{escape(application.name)}</strong> asks for your permission.</p>"
    inner = _accounts(users, chosen) + _asked(parameters.get("scope", ""))
    return _page("Permissions requested", asks + _form(parameters, inner, ("accept", "Accept")))


def admin_page(
    application: Application,
    users: Iterable[User],
    chosen: User,
    parameters: Mapping[str, str],
) -> bytes:
    """The same for a whole organization; the form is that of ``consent_page``."""
    asks = (
        f"<p>Review for your organization: <strong>{escape(application.name)}</strong> asks for "
        "permissions for everybody in it. You can give them as an administrator.</p>"
    )
    inner = _accounts(users, chosen) + _asked(parameters.get("scope") or ".default")
    return _page("Permissions requested", asks + _form(parameters, inner, ("accept", "Accept")))


def posted_page(uri: str, values: Mapping[str, str]) -> bytes:
    """``response_mode=form_post``: a form that sends itself, with a button where scripts are off."""
    form = (
        f'<form method="post" action="{escape(uri)}">{_hidden(values)}'
        '<button type="submit">Continue</button></form>'
        "<script>document.forms[0].submit()</script>"
    )
    return _page("Working...", form)


def message_page(title: str, text: str) -> bytes:
    """One sentence that ends a visit."""
    return _page(title, f"<p>{escape(text)}</p>")


def error_page(description: str) -> bytes:
    """A refusal that can not be sent back to the application."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in description.splitlines())
    return _page("Sign in", f"<p>Sorry, but we're having trouble signing you in.</p>{lines}")


def _form(parameters: Mapping[str, str], inner: str, yes: tuple[str, str]) -> str:
    value, label = yes
    return (
        f'<form method="post">{_hidden(parameters)}{inner}'
        f'<button type="submit" name="decision" value="{value}">{label}</button>'
        '<button type="submit" name="decision" value="cancel">Cancel</button></form>'
    )


def _hidden(values: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in values.items()
        if name not in _OWN_FIELDS
    )


def _accounts(users: Iterable[User], chosen: User) -> str:
    radios = "".join(
        f'<label><input type="radio" name="username" value="{escape(user.username)}"'
        f"{' checked' if user == chosen else ''}> {escape(user.name)} "
        f"({escape(user.username)})</label>"
        for user in users
    )
    return f"<fieldset><legend>Account</legend>{radios}</fieldset>"


def _asked(scope: str) -> str:
    names = [name.rsplit("/", 1)[-1] for name in scope.split()]
    items = "".join(f"<li>{escape(_MEANINGS.get(name, name))}</li>" for name in names)
    return f"<h2>This application would like to:</h2><ul>{items}</ul>"
