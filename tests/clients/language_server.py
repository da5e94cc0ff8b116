"""The YAML language server that editors use, spoken to as an editor does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

_WITHIN = 60.0  # seconds for one answer; the first one reads the whole schema


class LanguageServer:
    """A server that runs, and the files that are open in it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._into, self._from = process.stdin, process.stdout
        self._count = 0

    async def marks(self, path: Path, text: str) -> list[tuple[int, int, str]]:
        """Line, column and words of everything the server marks in a file with this text."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        await self._tell("textDocument/didOpen", {"textDocument": document})
        found = await self._until(
            lambda said: (
                said.get("method") == "textDocument/publishDiagnostics"
                and said["params"]["uri"] == path.as_uri()
            )
        )
        return [
            (
                one["range"]["start"]["line"] + 1,
                one["range"]["start"]["character"] + 1,
                one["message"],
            )
            for one in found["params"]["diagnostics"]
        ]

    async def offers(self, path: Path, line: int, column: int) -> dict[str, str]:
        """What the server offers at a place of a file that is open: labels with their words."""
        place = {"line": line - 1, "character": column - 1}
        found = await self._ask(
            "textDocument/completion",
            {"textDocument": {"uri": path.as_uri()}, "position": place},
        )
        return {one["label"]: _words(one.get("documentation")) for one in found["items"]}

    async def begin(self, folder: Path) -> None:
        """What an editor says first."""
        asked: dict[str, object] = {
            "processId": None,
            "rootUri": folder.as_uri(),
            "capabilities": {},
        }
        await self._ask("initialize", asked)
        await self._tell("initialized", {})
        settings = {
            "yaml": {"validate": True, "completion": True, "schemaStore": {"enable": False}}
        }
        await self._tell("workspace/didChangeConfiguration", {"settings": settings})

    async def _ask(self, method: str, params: object) -> dict[str, Any]:
        self._count += 1
        number = self._count
        await self._send({"id": number, "method": method, "params": params})
        found = await self._until(lambda said: said.get("id") == number and "method" not in said)
        assert "error" not in found, found
        result: dict[str, Any] = found["result"]
        return result

    async def _tell(self, method: str, params: object) -> None:
        await self._send({"method": method, "params": params})

    async def _send(self, message: dict[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._into.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        await self._into.drain()

    async def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(_WITHIN):
            while True:
                said = await self._next()
                if wanted(said):
                    return said
                if "id" in said and "method" in said:  # the server asks: nothing is configured
                    items = said.get("params", {}).get("items", [])
                    await self._send({"id": said["id"], "result": [None] * len(items)})

    async def _next(self) -> dict[str, Any]:
        length = 0
        while (line := (await self._from.readline()).strip()) or not length:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        said: dict[str, Any] = json.loads(await self._from.readexactly(length))
        return said


@asynccontextmanager
async def language_server(program: Path, folder: Path) -> AsyncIterator[LanguageServer]:
    """A language server for the files of `folder`."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(program),
        "--stdio",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        server = LanguageServer(process)
        await server.begin(folder)
        yield server
    finally:
        process.kill()
        await process.wait()


def _words(documentation: object) -> str:
    return str(documentation["value"] if isinstance(documentation, dict) else documentation or "")
