"""`bc-gateway simulate`: Business Central and Microsoft's sign-in on this machine."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import click

from gateway.cli.waiting import run, stopped
from gateway.errors import StartError
from gateway.simulator import (
    NEWEST,
    ON_PREMISES_KEY,
    ON_PREMISES_USER,
    Simulator,
    run_simulator,
)

_FILE = click.Path(dir_okay=False, path_type=Path)

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
@click.option(
    "--items",
    type=click.IntRange(0, 100_000),
    default=0,
    help="How many items there are beside the invented ones.",
)
@click.option("--seed", default=1, show_default=True, help="The number that decides every id.")
@click.option("--seed-file", type=_FILE, help="Rows and API routes of your own, as JSON.")
@click.option("--fault-script", type=_FILE, help="Faults to arm at the start, as JSON.")
@click.option("--state", "state_file", type=_FILE, help="Where the state is kept between runs.")
def simulate(
    host: str,
    port: int,
    *,
    on_premises: bool,
    release: str,
    items: int,
    seed: int,
    seed_file: Path | None,
    fault_script: Path | None,
    state_file: Path | None,
    tls: bool,
    tls_folder: Path | None,
) -> None:
    """Business Central online and Microsoft's sign-in on this machine, for trying and testing.

    Without --state nothing is kept when it ends. Its control is under /_simulator.
    """
    simulator = run_simulator(
        host=host,
        port=port,
        on_premises=on_premises,
        release=release,
        items=items,
        seed=seed,
        seed_file=seed_file,
        fault_script=fault_script,
        state_file=state_file,
        tls=tls or tls_folder is not None,
        tls_folder=tls_folder,
    )
    run(_simulate(simulator, f"{host}:{port}", on_premises=on_premises))


async def _simulate(
    starting: AbstractAsyncContextManager[Simulator], address: str, *, on_premises: bool
) -> None:
    try:
        async with starting as simulator:
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
                f"{error.filename} cannot be used: {error.strerror}. Name another one with "
                "--tls-folder, --state, --seed-file or --fault-script, whichever named it."
            ) from None
        raise StartError(
            f"The simulator cannot listen at {address}: {error.strerror or 'address refused'}. "
            "Choose another with --port."
        ) from None
