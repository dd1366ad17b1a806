"""The fleet's downloads over real HTTP: whole or nothing, no redirect, not a byte past what was announced."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.events import Fetch
from simulator.fetch import Fetcher, FetchError

BODY = bytes(range(256)) * 400
SHA256 = hashlib.sha256(BODY).hexdigest()

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def says(status: str = "200 OK", body: bytes = BODY, length: int | None = None, headers: str = "") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        size = len(body) if length is None else length
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n".encode() + body)

    return answer


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while not writer.is_closing():
        writer.write(BODY)
        await writer.drain()


@asynccontextmanager
async def server(answer: Answer) -> Any:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.append(await reader.readline())
            await answer(writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/clips", asked


def want(*bases: str, size: int = len(BODY), what: str = "clip", sha256: str = SHA256) -> Fetch:
    return Fetch(sha256=sha256, size=size, bases=bases, what=what)  # type: ignore[arg-type]


def run(folder: Path, answer: Answer, *, bytes_per_s: int | None = None, **wanted: Any) -> bytes | None:
    async def go() -> bytes | None:
        async with server(answer) as (base, _), Fetcher(folder) as fetcher:
            return await fetcher.fetch(want(base, **wanted), bytes_per_s)

    return asyncio.run(go())


def failure(folder: Path, answer: Answer, **wanted: Any) -> str:
    with pytest.raises(FetchError) as caught:
        run(folder, answer, **wanted)
    assert list(folder.iterdir()) == [], "a part was left behind"
    return caught.value.why


@pytest.mark.wire(41)
def test_a_clip_is_on_disk_under_its_hash_and_nothing_beside_it(tmp_path: Path) -> None:
    assert run(tmp_path, says()) is None
    assert [path.name for path in tmp_path.iterdir()] == [SHA256]
    assert (tmp_path / SHA256).read_bytes() == BODY


def test_a_plan_is_handed_over_and_not_stored(tmp_path: Path) -> None:
    assert run(tmp_path, says(), what="plan") == BODY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.wire(39, 40, 41)
def test_every_way_to_fail_has_its_name_and_leaves_nothing(tmp_path: Path) -> None:
    assert failure(tmp_path, says("404 Not Found")) == "status"
    assert failure(tmp_path, says("302 Found", headers=f"Location: /other/{SHA256}\r\n")) == "status"
    assert failure(tmp_path, says(body=BODY[:-1])) == "size"
    assert failure(tmp_path, says(body=BODY[:-1], length=len(BODY))) == "link"
    assert failure(tmp_path, says(body=b"x" + BODY[1:])) == "hash"
    assert failure(tmp_path, endless) == "size"


def test_nobody_listening_is_a_dead_link(tmp_path: Path) -> None:
    async def go() -> None:
        async with Fetcher(tmp_path) as fetcher:
            await fetcher.fetch(want("http://127.0.0.1:1/clips"))

    with pytest.raises(FetchError) as caught:
        asyncio.run(go())
    assert caught.value.why == "link"


def test_a_disk_that_refuses_is_said_to(tmp_path: Path) -> None:
    async def go() -> None:
        async with server(says()) as (base, _), Fetcher(tmp_path / "clips") as fetcher:
            (tmp_path / "clips").rmdir()
            await fetcher.fetch(want(base))

    with pytest.raises(FetchError) as caught:
        asyncio.run(go())
    assert caught.value.why == "disk"


@pytest.mark.wire(43)
def test_the_second_base_serves_when_the_first_does_not(tmp_path: Path) -> None:
    async def go() -> list[bytes]:
        async with server(says("503 Busy")) as (bad, _), server(says()) as (good, asked), Fetcher(tmp_path) as fetcher:
            await fetcher.fetch(want(bad, good))
            return asked

    assert asyncio.run(go()) == [f"GET /clips/{SHA256} HTTP/1.1\r\n".encode()]


def test_each_node_downloads_for_itself_and_the_disk_holds_it_once(tmp_path: Path) -> None:
    async def go() -> int:
        async with server(says()) as (base, asked), Fetcher(tmp_path) as fetcher:
            await asyncio.gather(*(fetcher.fetch(want(base)) for _ in range(20)))
            assert fetcher.bytes_read == 20 * len(BODY)
            return len(asked)

    assert asyncio.run(go()) == 20
    assert [path.name for path in tmp_path.iterdir()] == [SHA256]


def test_a_copy_that_others_stored_does_not_excuse_a_bad_download(tmp_path: Path) -> None:
    (tmp_path / SHA256).write_bytes(BODY)
    with pytest.raises(FetchError) as caught:
        run(tmp_path, says(body=b"x" + BODY[1:]))
    assert caught.value.why == "hash"
    assert (tmp_path / SHA256).read_bytes() == BODY


def test_a_slow_link_takes_its_time(tmp_path: Path) -> None:
    async def go() -> float:
        async with server(says()) as (base, _), Fetcher(tmp_path) as fetcher:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await fetcher.fetch(want(base), bytes_per_s=500_000)
            return loop.time() - begun

    assert asyncio.run(go()) > 0.2


def test_what_was_cut_off_and_what_nobody_holds_is_swept(tmp_path: Path) -> None:
    (tmp_path / f"{SHA256}.3.part").write_bytes(b"half")
    (tmp_path / SHA256).write_bytes(BODY)
    (tmp_path / ("e" * 64)).write_bytes(b"nobody's")

    async def go() -> None:
        async with Fetcher(tmp_path) as fetcher:
            fetcher.sweep(lambda sha256: sha256 == SHA256)

    asyncio.run(go())
    assert [path.name for path in tmp_path.iterdir()] == [SHA256]
