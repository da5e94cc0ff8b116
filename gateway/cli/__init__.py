"""The command line: one module per command, `main` is their group."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import cast

import click

from gateway import __version__
from gateway.cli.group import Commands

_COMMANDS = (
    "serve",
    "demo",
    "simulate",
    "check",
    "test",
    "render",
    "compile",
    "schemas",
    "keys",
    "connections",
    "matches",
    "operations",
    "db",
    "secrets",
)


class _Main(Commands):
    """Each command is in the module of its name. Only the one that runs is loaded, so that a
    serving process holds nothing of the others.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Their names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        """The command of a name."""
        if cmd_name not in _COMMANDS:
            return None
        gc.disable()  # nothing of what is imported is garbage, and looking takes a tenth of a start
        try:
            module = import_module(f"gateway.cli.{cmd_name}")
        finally:
            gc.enable()
        return cast("click.Command", getattr(module, cmd_name))


@click.group(
    cls=_Main,
    epilog="Example: bc-gateway demo --once",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="bc-gateway")
def main() -> None:
    """A gateway between your product and your customers' Business Central.

    Commands exit with 0 when all is fine, 1 when something was found, 2 when they were called
    wrongly.
    """
