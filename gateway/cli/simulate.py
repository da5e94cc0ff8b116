"""`bc-gateway simulate`: Business Central and Microsoft's sign-in on this machine."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import click
from click.core import ParameterSource

from gateway.cli.waiting import run, stopping
from gateway.errors import StartError
from gateway.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    COMPANIES,
    NEWEST,
    ON_PREMISES_KEY,
    ON_PREMISES_USER,
    TENANT_DOMAIN,
    TENANT_ID,
    USERS,
    Simulator,
    Unsaved,
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
    files = {
        "--tls-folder": tls_folder,
        "--state": state_file,
        "--seed-file": seed_file,
        "--fault-script": fault_script,
    }
    try:
        run(_simulate(simulator, on_premises=on_premises, state_file=state_file))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except Unsaved as error:
        raise StartError(
            f"The state was not saved to {error.filename}: {error.strerror}. "
            "What was done since it was last saved is lost."
        ) from None
    except OSError as error:
        if error.filename:
            raise _unusable(error, files) from None
        raise _not_listening(error, host, port) from None


def _unusable(error: OSError, files: Mapping[str, Path | None]) -> click.UsageError:
    """A file that cannot be used, and the option that named it."""
    option = next((name for name, path in files.items() if _is_of(error.filename, path)), None)
    return click.BadParameter(
        f"{error.filename} cannot be used: {error.strerror}.", param_hint=option
    )


def _is_of(file: str, named: Path | None) -> bool:
    """Whether a file is the one that was named, is in it or holds it."""
    if named is None:
        return False
    one, other = Path(file).absolute(), named.absolute()
    return one.is_relative_to(other) or other.is_relative_to(one)


def _not_listening(error: OSError, host: str, port: int) -> StartError:
    other = "--port" if error.errno in {errno.EADDRINUSE, errno.EACCES} else "--host"
    return StartError(
        f"The simulator cannot listen at {host}:{port}: {error.strerror or 'address refused'}. "
        f"Choose another with {other}."
    )


async def _simulate(
    starting: AbstractAsyncContextManager[Simulator],
    *,
    on_premises: bool,
    state_file: Path | None,
) -> None:
    async with starting as simulator:
        stop = stopping()  # before anything is said: who reads it may end the command at once
        _say_addresses(simulator, on_premises=on_premises)
        _say_start(simulator, state_file)
        if simulator.ca_file is not None:
            click.echo("  To trust its certificate, start clients with one of")
            for variable in TRUST:
                click.echo(f"    {variable}={simulator.ca_file}")
        await stop.wait()


def _say_addresses(simulator: Simulator, *, on_premises: bool) -> None:
    click.echo(f"The simulator listens at {simulator.url}")
    click.echo(f"  entra.authority       {simulator.url}")
    click.echo(f"  business_central.url  {simulator.url}")
    click.echo(f"  API v2.0              {simulator.url}/v2.0/Production/api/v2.0")
    click.echo(f"  tokens                {simulator.url}/{TENANT_DOMAIN}/oauth2/v2.0/token")
    if on_premises:
        click.echo(f"  on_premises           {simulator.url}/BC")
        click.echo(f"    user and key        {ON_PREMISES_USER}  {ON_PREMISES_KEY}")
    click.echo(f"  control               {simulator.url}/_simulator")


def _say_start(simulator: Simulator, state_file: Path | None) -> None:
    """Whom it lets in, and with what it starts."""
    people = ", ".join(user.username for user in USERS if user.tenant == TENANT_ID)
    click.echo(f"  client and secret     {CLIENT_ID}  {CLIENT_SECRET}")
    click.echo(f"  tenant                {TENANT_ID}  {TENANT_DOMAIN}")
    click.echo(f"  users                 {people}")
    for company_id, name, _ in COMPANIES:
        click.echo(f"  company               {company_id}  {name}")
    if not simulator.loaded:
        click.echo(f"  release               {simulator.release}")
    if simulator.faults:
        click.echo(f"  faults armed          {simulator.faults}")
    if simulator.loaded:
        click.echo(f"  state                 loaded from {state_file}")
        unseen = [
            name for name in ("--release", "--seed", "--seed-file", "--items") if _given(name)
        ]
        if unseen:
            click.echo(f"    it goes before {', '.join(unseen)}, until a reset", err=True)


def _given(option: str) -> bool:
    """Whether the option was said."""
    source = click.get_current_context().get_parameter_source(option[2:].replace("-", "_"))
    return source is not ParameterSource.DEFAULT
