"""Real HTTP fetches for thousands of nodes: one session, bounded, whole or nothing. The only file that imports aiohttp.

Each node downloads and hashes for itself. One folder stands for all their disks: the first whole copy of a clip is written,
synced and renamed into place; those who come later find it there, and only their own download makes it theirs.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Self

import aiohttp

from firmware_bridge.events import Fetch

CONCURRENCY = 128
"""Downloads at a time: more only shortens each one's share of the two cores that serve and read them."""

CHUNK = 65_536
"""Bytes read at a time: what the kernel's socket buffer holds."""

SLOW_CHUNK = 1024
"""Bytes at a time on a slow link: small enough that 1 kB/s still moves each second."""

CONNECT_S, READ_S = 30.0, 30.0
"""A server that does not take the connection, or sends nothing, for this long is a dead link. A slow one is not."""


class FetchError(Exception):
    """It came to nothing. `why` is "link", "status", "size", "hash" or "disk"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Fetcher:
    """Fetches for all nodes of a fleet into `folder`; use it as an async context manager, in one loop."""

    def __init__(self, folder: Path, concurrency: int = CONCURRENCY) -> None:
        self._folder = folder
        self._slots = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._numbers = itertools.count()
        self._busy: Counter[str] = Counter()
        self.bytes_read = 0

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob("*.part"):
            left.unlink()
        timeout = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_S, sock_read=READ_S)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    def path(self, sha256: str) -> Path:
        """Where a clip lies once a node has fetched it."""
        return self._folder / sha256

    def sweep(self, is_held: Callable[[str], bool]) -> None:
        """Delete the clips that no node holds and nobody is fetching."""
        for file in self._folder.iterdir():
            if file.suffix != ".part" and not is_held(file.name) and not self._busy[file.name]:
                file.unlink(missing_ok=True)

    async def fetch(self, wanted: Fetch, bytes_per_s: int | None = None) -> bytes | None:
        """Fetch from the first base that serves it: a plan's bytes, or None once a clip is on disk; else FetchError.

        `bytes_per_s` makes the link slow; a slow one takes no slot, for it would hold it for minutes.
        """
        why = "link"
        self._busy[wanted.sha256] += 1
        try:
            for base in wanted.bases:
                try:
                    if bytes_per_s is not None:
                        return await self._one(f"{base}/{wanted.sha256}", wanted, bytes_per_s)
                    async with self._slots:
                        return await self._one(f"{base}/{wanted.sha256}", wanted, None)
                except FetchError as error:
                    why = error.why
                except (aiohttp.ClientError, TimeoutError, ConnectionError):
                    why = "link"
                except OSError:
                    why = "disk"
            raise FetchError(why)
        finally:
            self._busy[wanted.sha256] -= 1

    async def _one(self, url: str, wanted: Fetch, bytes_per_s: int | None) -> bytes | None:
        assert self._session is not None
        async with self._session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as response:
            if response.status != 200:
                raise FetchError("status")
            if wanted.what == "plan":
                body = BytesIO()
                await self._read(response, wanted, body, bytes_per_s)
                return body.getvalue()
            if self.path(wanted.sha256).exists():
                await self._read(response, wanted, None, bytes_per_s)
                return None
            await self._store(response, wanted, bytes_per_s)
            return None

    async def _store(self, response: aiohttp.ClientResponse, wanted: Fetch, bytes_per_s: int | None) -> None:
        part = self._folder / f"{wanted.sha256}.{next(self._numbers)}.part"
        try:
            with part.open("wb") as file:
                await self._read(response, wanted, file, bytes_per_s)
                if self.path(wanted.sha256).exists():
                    return  # a neighbour was faster
                await asyncio.to_thread(_sync, file)
            part.replace(self.path(wanted.sha256))
        finally:
            part.unlink(missing_ok=True)

    async def _read(self, response: aiohttp.ClientResponse, wanted: Fetch, out: BinaryIO | None, bytes_per_s: int | None) -> None:
        digest, size = hashlib.sha256(), 0
        while chunk := await response.content.read(SLOW_CHUNK if bytes_per_s else CHUNK):
            size += len(chunk)
            if size > wanted.size:
                raise FetchError("size")
            digest.update(chunk)
            if out is not None:
                out.write(chunk)
            if bytes_per_s:
                await asyncio.sleep(len(chunk) / bytes_per_s)
        self.bytes_read += size
        if size != wanted.size:
            raise FetchError("size")
        if digest.hexdigest() != wanted.sha256:
            raise FetchError("hash")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
