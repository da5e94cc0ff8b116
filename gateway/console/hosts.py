"""Which names in a request's Host header the operators' listener answers to.

A page on the internet can point a name of its own at this machine and so read, with the browser
of somebody who is here, what only this network should see (DNS rebinding). It cannot do so with
an IP address or with a name that is not its own.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from yarl import URL

from gateway.config import Listener

_PLAIN: Final = re.compile(r"[a-z0-9_-]+")


def is_believed(host: str, console: Listener) -> bool:
    """Whether a request with this Host header was meant for the listener at `console`.

    On loopback: `localhost` and the addresses of loopback. Elsewhere: any IP address, and names
    without a dot, which no stranger's page can have. Always: the name it is configured with.
    """
    try:
        name = (URL.build(scheme="http", authority=host).host or "").lower()
    except ValueError:
        return False
    if not name:
        return False
    if name == console.host.lower():
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost" if console.is_loopback else bool(_PLAIN.fullmatch(name))
    return address.is_loopback or not console.is_loopback
