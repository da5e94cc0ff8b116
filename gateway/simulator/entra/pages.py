"""The pages people see when they sign in: plain HTML that works without scripts and styles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from gateway.simulator.seed.companies import Application, User

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem}"
    "fieldset{border:1px solid #767676;border-radius:.4rem;margin:1rem 0}"
    "label{display:block;padding:.4rem 0}button{font:inherit;padding:.6rem 1.4rem;margin:0 .6rem "
    ".6rem 0}"
)

_MEANINGS = {
    "Financials.ReadWrite.All": "Read and write your company's data in Business Central",
    "user_impersonation": "Act as you in Business Central",
    ".default": "Everything the application is registered for",
    "offline_access": "Keep the access you have given it while you are away",
    "openid": "Sign you in",
    "profile": "See your name and account",
    "email": "See your e-mail address",
}


def _page(title: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}"
        "<p><small>This is the bc-gateway simulator, not Microsoft.</small></p>"
        "</main></body></html>"
    ).encode()


def consent_page(
    application: Application,
    users: Iterable[User],
    chosen: str | None,
    parameters: Mapping[str, str],
) -> bytes:
    """The account, what is asked, Accept and Cancel.

    Every parameter of the request travels in the form, so a script can post the form without
    asking for the page first: the parameters, ``username`` and ``decision`` (accept, cancel).
    """
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
    )
    accounts = "".join(
        f'<label><input type="radio" name="username" value="{escape(user.username)}"'
        f"{' checked' if user.username == chosen else ''}> {escape(user.name)} "
        f"({escape(user.username)})</label>"
        for user in users
    )
    scopes = [scope.rsplit("/", 1)[-1] for scope in parameters.get("scope", "").split()]
    asked = "".join(f"<li>{escape(_MEANINGS.get(scope, scope))}</li>" for scope in scopes)
    body = (
        f"<p><strong>{escape(application.name)}</strong> asks for your permission.</p>"
        f'<form method="post">{fields}'
        f"<fieldset><legend>Account</legend>{accounts}</fieldset>"
        f"<h2>This application would like to:</h2><ul>{asked}</ul>"
        '<button type="submit" name="decision" value="accept">Accept</button>'
        '<button type="submit" name="decision" value="cancel">Cancel</button></form>'
    )
    return _page("Permissions requested", body)


def error_page(number: int, text: str, correlation: str) -> bytes:
    """A refusal that can not be sent back to the application."""
    body = (
        f"<p>Sorry, but we're having trouble signing you in.</p><p>AADSTS{number}: "
        f"{escape(text)}</p><p>Correlation ID: {escape(correlation)}</p>"
    )
    return _page("Sign in", body)
