"""The kit's file server, and every bad server that a node may meet: HTTP/1.1 on bare asyncio, one answer a connection."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from enum import StrEnum

CHUNK = 16_384
"""Bytes written at a time."""

TOO_MUCH = 8_000_000
"""Bytes that a bad server sends of a file that should have ended: more than any socket buffers hold, so that a node that reads
on is seen to."""

HEAD_MAX = 16_384
"""Bytes of a request."""

TRICKLE, TRICKLE_S = 16, 1.0
"""Bytes of a slow server at a time, and the wait between."""


class Manner(StrEnum):
    """How a file is served."""

    GOOD = "good"
    REDIRECT = "redirect"  # to a place where the right bytes are
    MISSING = "missing"
    FAILING = "failing"
    ENDLESS = "endless"
    SHORT = "short"
    WRONG = "wrong"
    SLOW = "slow"


@dataclass(slots=True)
class Served:
    """One request: what was asked for, and how many bytes of a body left."""

    path: str
    headers: str
    sent: int = 0


class Shelf:
    """Files by hash. `manners` says how each is served (GOOD if not there); `log` holds all requests in their order."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._server: asyncio.Server | None = None
        self.manners: dict[str, Manner] = {}
        self.log: list[Served] = []

    async def start(self, host: str, port: int) -> None:
        """Listen; OSError."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_MAX)

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def put(self, data: bytes) -> str:
        """Shelve it; its SHA-256."""
        name = hashlib.sha256(data).hexdigest()
        self._files[name] = data
        return name

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return len(self._files[name])

    def asked(self, name: str) -> list[Served]:
        """The requests for one file, on whatever base."""
        return [served for served in self.log if served.path.endswith(name)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            served = Served(head.split(" ")[1], head)
            self.log.append(served)
            await self._answer(served, writer)
        writer.close()

    async def _answer(self, served: Served, writer: asyncio.StreamWriter) -> None:
        name = served.path.rpartition("/")[2]
        data = self._files.get(name)
        manner = self.manners.get(name, Manner.GOOD)
        if data is None or manner is Manner.MISSING:
            await _write(served, writer, "404 Not Found", b"")
        elif manner is Manner.FAILING:
            await _write(served, writer, "500 Internal Server Error", b"")
        elif manner is Manner.REDIRECT and "/elsewhere/" not in served.path:
            await _write(served, writer, "302 Found", b"", f"Location: /elsewhere/{name}\r\n")
        elif manner is Manner.ENDLESS:
            await _write(served, writer, "200 OK", data + bytes(TOO_MUCH), length=False)
        elif manner is Manner.SHORT:
            await _write(served, writer, "200 OK", data[: len(data) // 2])
        elif manner is Manner.WRONG:
            await _write(served, writer, "200 OK", data[:-1] + bytes([data[-1] ^ 1]))
        elif manner is Manner.SLOW:
            await self._trickle(served, writer, name)
        else:
            await _write(served, writer, "200 OK", data, f'ETag: "{name}"\r\n')

    async def _trickle(self, served: Served, writer: asyncio.StreamWriter, name: str) -> None:
        """A few bytes a second, until the manner changes: then the connection ends in the middle of the file."""
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {self.size(name)}\r\nConnection: close\r\n\r\n".encode())
        while self.manners.get(name) is Manner.SLOW:
            writer.write(self._files[name][served.sent : served.sent + TRICKLE])
            await writer.drain()
            served.sent += TRICKLE
            await asyncio.sleep(TRICKLE_S)


async def _write(
    served: Served, writer: asyncio.StreamWriter, status: str, body: bytes, more: str = "", *, length: bool = True
) -> None:
    announced = f"Content-Length: {len(body)}\r\n" if length else ""
    writer.write(f"HTTP/1.1 {status}\r\n{announced}{more}Connection: close\r\n\r\n".encode())
    await writer.drain()
    for start in range(0, len(body), CHUNK):
        writer.write(body[start : start + CHUNK])
        await writer.drain()
        served.sent += len(body[start : start + CHUNK])
