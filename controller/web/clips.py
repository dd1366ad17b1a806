"""GET /clips/{sha256}: clips and plan bodies, public by hash, as fast as this process can (RFC 9110, 9111).

An ASGI application of its own beside FastAPI: 9,000 loudspeakers fetch the same 100 kB within seconds, and each layer
between the socket and the bytes would be walked 9,000 times. A file never changes under its name, so its headers are made
once, its name is its strong ETag, and a cache may keep it for ever. Small files stay in memory, least recently asked out
first; whoever asks for one that is being read waits for that one reading.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from starlette.types import Receive, Scope, Send

PREFIX = "/clips/"

MAX_CACHE = 64_000_000
"""Bytes kept in memory: a day's clips of a commune, a fifth of what the controller may use."""

MAX_CACHED = 1_000_000
"""A file above this (5 minutes of speech) is streamed: its disk reads are few beside its bytes."""

PIECE = 262_144
"""Bytes handed to the server at once: few enough that a slow reader holds little, many enough to be quick."""

NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

Headers = list[tuple[bytes, bytes]]


class Files(Protocol):
    """Where files lie by their SHA-256: `audio.store.Store`."""

    def path(self, sha256: str) -> Path: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file to serve: its headers as sent with 200, and its bytes in pieces, or none when it is streamed from `path`."""

    path: Path
    size: int
    headers: Headers
    pieces: tuple[bytes, ...] | None


class Clips:
    """The ASGI application. One loop only."""

    def __init__(self, files: Files, *, max_cache: int = MAX_CACHE, max_cached: int = MAX_CACHED) -> None:
        self._files = files
        self._max_cache = max_cache
        self._max_cached = max_cached
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0
        self._reading: dict[str, asyncio.Task[Kept | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request whose path begins with PREFIX."""
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            return await _empty(send, 405, [(b"allow", b"GET, HEAD"), (b"content-length", b"0")])
        name = scope["path"][len(PREFIX) :]
        kept = self._kept.get(name) or (await self._find(name) if NAME.fullmatch(name) else None)
        if kept is None:
            return await _empty(send, 404, [(b"content-length", b"0"), (b"cache-control", b"no-store")])
        if name in self._kept:
            self._kept.move_to_end(name)
        asked = {key: value for key, value in scope["headers"] if key in (b"range", b"if-range", b"if-none-match")}
        if asked:
            return await _conditional(kept, name, asked, method, send)
        await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
        return await _body(kept, 0, 0 if method == "HEAD" else kept.size, send)

    async def _find(self, name: str) -> Kept | None:
        task = self._reading.get(name)
        if task is None:
            task = asyncio.create_task(self._read(name))
            self._reading[name] = task
            task.add_done_callback(lambda _: self._reading.pop(name, None))
        return await asyncio.shield(task)  # one reader that hangs up must not take the file from the others

    async def _read(self, name: str) -> Kept | None:
        kept = await asyncio.to_thread(_load, self._files.path(name), name, self._max_cached)
        if kept is not None and kept.pieces is not None:
            self._kept[name] = kept
            self._bytes += kept.size
            while self._bytes > self._max_cache:
                _, old = self._kept.popitem(last=False)
                self._bytes -= old.size
        return kept


def _load(path: Path, name: str, max_cached: int) -> Kept | None:
    try:
        with path.open("rb") as file:
            data = file.read(max_cached + 1)
            size = len(data) if len(data) <= max_cached else path.stat().st_size
    except OSError:
        return None
    headers = [
        (b"content-type", _media_type(data)),
        (b"content-length", str(size).encode()),
        *_always(name),
    ]
    whole = len(data) == size
    pieces = tuple(data[at : at + PIECE] for at in range(0, size, PIECE)) if whole else None
    return Kept(path=path, size=size, headers=headers, pieces=pieces)


def _media_type(data: bytes) -> bytes:
    if data.startswith(b"OggS"):
        return b"audio/ogg"
    return b"application/json" if data[:1] in (b"{", b"[") else b"application/octet-stream"


def _always(name: str) -> Headers:
    return [
        (b"etag", b'"' + name.encode() + b'"'),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"x-content-type-options", b"nosniff"),
    ]


async def _conditional(kept: Kept, name: str, asked: Mapping[bytes, bytes], method: str, send: Send) -> None:
    etag = f'"{name}"'
    if b"if-none-match" in asked and _is_among(etag, asked[b"if-none-match"].decode("latin-1")):
        await _empty(send, 304, _always(name))
        return
    wanted = (0, kept.size)
    fresh = asked.get(b"if-range", etag.encode()) == etag.encode()
    if b"range" in asked and fresh and method == "GET":  # RFC 9110 14.2: ranges are for GET, others ignore the header
        found = parse_range(asked[b"range"].decode("latin-1"), kept.size)
        if found is None:
            lost = [(b"content-range", f"bytes */{kept.size}".encode()), (b"content-length", b"0"), *_always(name)]
            await _empty(send, 416, lost)
            return
        wanted = found
    start, end = wanted
    if wanted == (0, kept.size):
        await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
    else:
        headers = [(key, value) for key, value in kept.headers if key != b"content-length"]
        headers.append((b"content-length", str(end - start).encode()))
        headers.append((b"content-range", f"bytes {start}-{end - 1}/{kept.size}".encode()))
        await send({"type": "http.response.start", "status": 206, "headers": headers})
    await _body(kept, start, start if method == "HEAD" else end, send)


def parse_range(text: str, size: int) -> tuple[int, int] | None:
    """[start, end) of a single byte range; the whole for one we don't understand or several; None when it has no byte."""
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if match is None or match.group(0) == "bytes=-":
        return 0, size
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return 0, size  # not a valid range: as if it had not been there
    return (start, end) if start < end else None


def _is_among(etag: str, listed: str) -> bool:
    if listed.strip() == "*":
        return True
    return any(each.strip().removeprefix("W/") == etag for each in listed.split(","))


async def _body(kept: Kept, start: int, end: int, send: Send) -> None:
    if start == end or kept.pieces is None:
        await _stream(kept.path, start, end, send)
        return
    whole = (start, end) == (0, kept.size)
    pieces = kept.pieces if whole else tuple(_cut(kept.pieces, start, end))
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": pieces[-1]})


def _cut(pieces: tuple[bytes, ...], start: int, end: int) -> Iterable[bytes]:
    for number in range(start // PIECE, (end - 1) // PIECE + 1):
        at = number * PIECE
        yield pieces[number][max(start - at, 0) : end - at]


async def _stream(path: Path, start: int, end: int, send: Send) -> None:
    if start < end:
        file = await asyncio.to_thread(path.open, "rb")
        try:
            file.seek(start)
            while start < end:
                piece = await asyncio.to_thread(file.read, min(PIECE, end - start))
                if not piece:
                    raise OSError(f"{path.name} is shorter than it was")
                start += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            file.close()
    await send({"type": "http.response.body", "body": b""})


async def _empty(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
