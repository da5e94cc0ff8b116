"""The command line: one module per command, `main` is their group."""

from __future__ import annotations

import click

from gateway import __version__
from gateway.cli.check import check
from gateway.cli.connections import connections
from gateway.cli.db import db
from gateway.cli.demo import demo
from gateway.cli.group import Commands
from gateway.cli.keys import keys
from gateway.cli.matches import matches
from gateway.cli.operations import operations
from gateway.cli.render import render
from gateway.cli.secrets import secrets
from gateway.cli.serve import serve
from gateway.cli.simulate import simulate
from gateway.cli.test import test


@click.group(
    cls=Commands,
    epilog="Example: bc-gateway demo --once",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="bc-gateway")
def main() -> None:
    """A gateway between your product and your customers' Business Central.

    Commands exit with 0 when all is fine, 1 when something was found, 2 when they were called
    wrongly.
    """


for _command in (
    serve,
    demo,
    simulate,
    check,
    test,
    render,
    keys,
    connections,
    matches,
    operations,
    db,
    secrets,
):
    main.add_command(_command)
