"""Clips by hash, byte for byte as RFC 9110 says, straight at the ASGI application."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from starlette.types import Message

from audio.store import Store
from controller.web import clips as clips_module
from controller.web.clips import Clips, parse_range

pytestmark = pytest.mark.anyio

DATA = b"OggS" + bytes(range(256)) * 2_000
ETAG = f'"{hashlib.sha256(DATA).hexdigest()}"'


class Answer:
    """What the application sent."""

    def __init__(self, sent: list[Message]) -> None:
        self.status: int = sent[0]["status"]
        self.headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])
        self.pieces = len(sent) - 1


async def ask(clips: Clips, name: str, method: str = "GET", **headers: str) -> Answer:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    raw = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    await clips({"type": "http", "method": method, "path": f"/clips/{name}", "headers": raw}, receive, send)
    return Answer(sent)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.mark.parametrize("max_cached", [1_000_000, 1_000], ids=["kept in memory", "streamed from disk"])
@pytest.mark.wire(44)
async def test_whole_and_ranges(store: Store, max_cached: int) -> None:
    clips = Clips(store, max_cached=max_cached)
    name = store.put_bytes(DATA)
    size = len(DATA)
    whole = await ask(clips, name)
    assert (whole.status, whole.body) == (200, DATA)
    assert whole.headers == {
        "content-type": "audio/ogg",
        "content-length": str(size),
        "etag": ETAG,
        "accept-ranges": "bytes",
        "cache-control": "public, max-age=31536000, immutable",
        "x-content-type-options": "nosniff",
    }
    for asked, (start, end) in {
        "bytes=0-0": (0, 1),
        "bytes=262143-262144": (262143, 262145),  # over the seam of two pieces
        f"bytes=100-{size + 5}": (100, size),
        "bytes=500000-": (500000, size),
        "bytes=-7": (size - 7, size),
        f"bytes=-{size * 2}": (0, size),
    }.items():
        part = await ask(clips, name, range=asked)
        assert part.body == DATA[start:end], asked
        assert part.headers["content-length"] == str(end - start)
        if end - start < size:
            assert (part.status, part.headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{size}")


async def test_a_range_without_a_byte_is_416(store: Store) -> None:
    clips, name = Clips(store), store.put_bytes(DATA)
    for asked in (f"bytes={len(DATA)}-", "bytes=-0"):
        answer = await ask(clips, name, range=asked)
        assert (answer.status, answer.headers["content-range"], answer.body) == (416, f"bytes */{len(DATA)}", b"")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=9-2", "bytes=x-", "bytes=" + "9" * 40 + "-"])
async def test_a_range_we_do_not_serve_gives_the_whole(store: Store, asked: str) -> None:
    answer = await ask(Clips(store), store.put_bytes(DATA), range=asked)
    assert (answer.status, answer.body) == (200, DATA)


@pytest.mark.wire(44)
async def test_conditions(store: Store) -> None:
    clips, name = Clips(store), store.put_bytes(DATA)
    for known in (ETAG, f'"x", {ETAG}', f"W/{ETAG}", "*"):
        answer = await ask(clips, name, if_none_match=known)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", ETAG)
    assert (await ask(clips, name, if_none_match='"other"')).status == 200
    assert (await ask(clips, name, range="bytes=0-9", if_range=ETAG)).status == 206
    for stale in ('"other"', f"W/{ETAG}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        assert (await ask(clips, name, range="bytes=0-9", if_range=stale)).status == 200


async def test_head_tells_all_but_the_bytes(store: Store) -> None:
    answer = await ask(Clips(store), store.put_bytes(DATA), method="HEAD", range="bytes=0-9")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(len(DATA)), b"")


async def test_a_plan_is_json_and_the_unknown_is_bytes(store: Store) -> None:
    clips = Clips(store)
    assert (await ask(clips, store.put_bytes(b'{"items":[]}'))).headers["content-type"] == "application/json"
    assert (await ask(clips, store.put_bytes(b"<script>"))).headers["content-type"] == "application/octet-stream"
    assert (await ask(clips, store.put_bytes(b""))).body == b""


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/", "%2e%2e"])
@pytest.mark.wire(44)
async def test_no_other_name_opens_anything(store: Store, name: str) -> None:
    assert (await ask(Clips(store), name)).status == 404


async def test_a_file_that_comes_later_is_found(store: Store) -> None:
    clips = Clips(store)
    assert (await ask(clips, ETAG.strip('"'))).status == 404
    store.put_bytes(DATA)
    assert (await ask(clips, ETAG.strip('"'))).status == 200


async def test_other_methods_are_refused(store: Store) -> None:
    answer = await ask(Clips(store), store.put_bytes(DATA), method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_cache_keeps_to_its_bytes_and_forgets_the_oldest(store: Store) -> None:
    clips = Clips(store, max_cache=250, max_cached=100)
    names = [store.put_bytes(bytes([number]) * 100) for number in range(3)]
    await ask(clips, names[0])
    await ask(clips, names[1])
    await ask(clips, names[0])
    await ask(clips, names[2])
    assert list(clips._kept) == [names[0], names[2]]
    assert clips._bytes == 200


async def test_a_crowd_that_comes_at_once_costs_one_reading(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    load = clips_module._load

    def counted(*args: object) -> object:
        nonlocal reads
        reads += 1
        return load(*args)

    monkeypatch.setattr("controller.web.clips._load", counted)
    clips, name = Clips(store), store.put_bytes(DATA)
    answers = await asyncio.gather(*(ask(clips, name) for _ in range(200)))
    assert {answer.body for answer in answers} == {DATA}
    assert reads == 1


def test_parse_range_never_leaves_the_file() -> None:
    for size in (0, 1, 10):
        for text in ("bytes=0-", "bytes=-1", "bytes=1-", "bytes=0-0", "bytes=10-20", "bytes=-0"):
            found = parse_range(text, size)
            assert found is None or 0 <= found[0] < found[1] <= size
