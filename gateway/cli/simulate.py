"""`bc-gateway simulate`: Business Central and Microsoft's sign-in on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.waiting import run, stopped
from gateway.errors import StartError
from gateway.simulator import NEWEST, ON_PREMISES_KEY, ON_PREMISES_USER, run_simulator

# Python's ssl, httpx and Go read the first; requests and MSAL for Python the second; Node the third.
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@click.command(
    epilog="Example: bc-gateway simulate --port 8090",
    short_help="Business Central and Microsoft's sign-in on this machine.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8090,
    show_default=True,
    help="Where to listen; 0 takes any free port.",
)
@click.option(
    "--on-premises", is_flag=True, help="Serve a server outside Microsoft's cloud as well."
)
@click.option(
    "--release",
    default=NEWEST,
    show_default=True,
    help="Business Central's release, from 17.0 to 29.0: what it has is as it was then.",
)
@click.option("--tls", is_flag=True, help="Speak https, by a throw-away certificate authority.")
@click.option(
    "--tls-folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write the authority's certificate; a temporary folder else. Means --tls.",
)
def simulate(
    host: str, port: int, *, on_premises: bool, release: str, tls: bool, tls_folder: Path | None
) -> None:
    """Business Central online and Microsoft's sign-in on this machine, for trying and testing.

    Nothing is kept when it ends. Its control is under /_simulator.
    """
    tls = tls or tls_folder is not None
    run(_simulate(host, port, tls_folder, on_premises=on_premises, release=release, tls=tls))


async def _simulate(
    host: str, port: int, tls_folder: Path | None, *, on_premises: bool, release: str, tls: bool
) -> None:
    try:
        async with run_simulator(
            host=host,
            port=port,
            on_premises=on_premises,
            release=release,
            tls=tls,
            tls_folder=tls_folder,
        ) as simulator:
            click.echo(f"The simulator listens at {simulator.url}")
            click.echo(f"  entra.authority       {simulator.url}")
            click.echo(f"  business_central.url  {simulator.url}")
            if on_premises:
                click.echo(f"  on_premises           {simulator.url}/BC")
                click.echo(f"    user and key        {ON_PREMISES_USER}  {ON_PREMISES_KEY}")
            click.echo(f"  control               {simulator.url}/_simulator")
            if simulator.ca_file is not None:
                click.echo("  To trust its certificate, start clients with one of")
                for variable in TRUST:
                    click.echo(f"    {variable}={simulator.ca_file}")
            await stopped()
    except ValueError as error:
        raise StartError(str(error)) from None
    except OSError as error:
        if error.filename:  # a file, not an address
            raise StartError(
                f"{error.filename} cannot be written: {error.strerror}. "
                "Choose another folder with --tls-folder."
            ) from None
        raise StartError(
            f"The simulator cannot listen at {host}:{port}: {error.strerror or 'address refused'}. "
            "Choose another with --port."
        ) from None
