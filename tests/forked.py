"""`bc-gateway` in processes of its own that need not load it: one that has loaded everything is
forked for each of them. They are whole processes in all else, so they can be killed.

Whoever needs the first one starts the process they are forked from, for the whole run; the
controlling process of the run ends it. `README.md` is followed with commands that load everything
by themselves, as are the workers of `serve`.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from gateway.cli import main
from gateway.config import folders
from gateway.snapshot import load_snapshot
from tests.postgres import FOLDER

ROOT = Path(__file__).parents[1]
LOOK = 5.0  # seconds between two looks whether the run is still there

_SOCKET, _PID = "commands", "commands.pid"
_NUMBER = struct.Struct("!i")

# What a shell runs in place of `bc-gateway`: it hands on its words, its files and its signals.
CLIENT = f"""\
#!{sys.executable} -ISs
import json, os, signal, socket, struct, sys
job = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
with socket.socket(socket.AF_UNIX) as other:
    other.connect(SOCKET)
    socket.send_fds(other, [struct.pack("!i", len(job))], [0, 1, 2])
    other.sendall(job)
    number = lambda: struct.unpack("!i", other.recv(4, socket.MSG_WAITALL))[0]
    pid = number()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda sign, _: os.kill(pid, sign))
    status = number()
sys.exit(status if status >= 0 else 128 - status)
"""


@dataclass
class Forked:
    """A running command, with what `asyncio.subprocess.Process` has."""

    pid: int
    _ending: asyncio.Task[bytes]

    @property
    def returncode(self) -> int | None:
        return _status(self._ending.result()) if self._ending.done() else None

    async def wait(self) -> int:
        return _status(await asyncio.shield(self._ending))

    def send_signal(self, sign: signal.Signals) -> None:
        if not self._ending.done():
            os.kill(self.pid, sign)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def start(
    *words: str, env: Mapping[str, str], stdout: int, stderr: int | None = None
) -> Forked:
    """Run `bc-gateway` with these words; what it prints goes to these files."""
    where = await asyncio.to_thread(_ready)
    files = [0, stdout, 2 if stderr is None else stderr]
    job = json.dumps([words, dict(env), str(Path.cwd())]).encode()
    other = socket.socket(socket.AF_UNIX)
    other.connect(str(where))
    socket.send_fds(other, [_NUMBER.pack(len(job))], files)
    other.sendall(job)
    reader, writer = await asyncio.open_unix_connection(sock=other)
    (pid,) = _NUMBER.unpack(await reader.readexactly(_NUMBER.size))

    async def ending() -> bytes:
        try:
            return await reader.readexactly(_NUMBER.size)
        finally:
            writer.close()
            await writer.wait_closed()

    return Forked(pid, asyncio.create_task(ending()))


def client() -> str:
    """A script that can stand for `bc-gateway` where a shell looks for it."""
    return CLIENT.replace("SOCKET", repr(str(_ready())))


def _status(told: bytes) -> int:
    return int(_NUMBER.unpack(told)[0])


def _ready() -> Path:
    """The socket of the process that is forked; it is started where nobody has yet."""
    folder = Path(os.environ[FOLDER])
    where = folder / _SOCKET
    with (folder / "commands.lock").open("w") as lock, (folder / "commands.log").open("w") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not where.exists():
            code = "import sys; from tests.forked import serve; serve(sys.argv[1])"
            subprocess.run(  # noqa: S603 - this interpreter, and lines of our own
                [sys.executable, "-c", code, str(folder)],
                cwd=ROOT,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
    return where


def end() -> None:
    """End the process that is forked, if any test needed it, and what was forked from it."""
    known = Path(os.environ[FOLDER]) / _PID
    if known.exists():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(known.read_text()))
            process.terminate()
            process.wait(20)


def serve(name: str) -> None:
    """Load everything, go into the background, and be forked for each command.

    A fork comes out of here and is the command from then on.
    """
    context, folder = click.Context(main), Path(name)
    for command in main.list_commands(context):
        main.get_command(context, command)
    load_snapshot(mappings=folders("mappings", None), schemas=folders("schemas", None))
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / _SOCKET))
        listener.listen(100)
        if os.fork():
            os._exit(0)
        os.setsid()
        (folder / _PID).write_text(str(os.getpid()))
        words = _Nest(listener, int((folder / "owner").read_text())).until_forked()
    if words is not None:
        main(words)


class _Nest:
    """The process that is forked. `running` has the connection of each command to whoever asked
    for it: its number is told there when it begins, and its status when it ends.
    """

    def __init__(self, listener: socket.socket, owner: int) -> None:
        self._listener = listener
        self._owner = owner
        self._running: dict[int, socket.socket] = {}

    def until_forked(self) -> list[str] | None:
        """The words of a command, in the process for it; None where this one is to end."""
        heard, woken = socket.socketpair()
        woken.setblocking(False)
        heard.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        signal.set_wakeup_fd(woken.fileno())
        with heard, woken, selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(heard, selectors.EVENT_READ)
            try:
                while psutil.pid_exists(self._owner):
                    for key, _ in selector.select(LOOK):
                        if key.fileobj is self._listener and (job := self._forked()) is not None:
                            signal.set_wakeup_fd(-1)
                            return job
                        if key.fileobj is heard:
                            heard.recv(4096)
                    self._reap()
            finally:
                for pid in self._running:
                    os.kill(pid, signal.SIGKILL)
        return None

    def _forked(self) -> list[str] | None:
        """The words of the command, where this is the process for it."""
        other, _ = self._listener.accept()
        size, files, _, _ = socket.recv_fds(other, _NUMBER.size, 3)
        words, environment, folder = json.loads(
            other.recv(_NUMBER.unpack(size)[0], socket.MSG_WAITALL)
        )
        if pid := os.fork():
            for file in files:
                os.close(file)
            self._running[pid] = other
            other.sendall(_NUMBER.pack(pid))
            return None
        for one in (other, *self._running.values()):
            one.close()
        self._running = {}
        for sign in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(sign, signal.SIG_DFL)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8", closefd=False)
            for number, mode in enumerate("rww")
        )
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        return list(words)

    def _reap(self) -> None:
        """Tell of the commands that have ended."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with self._running.pop(ended[0]) as other, suppress(OSError):
                    other.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(ended[1])))
