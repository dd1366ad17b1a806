"""The stranger fetches by hash: whole and right, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.stranger.wire import fetch

SOUND = b"sound" * 1_000
ENOUGH = 64_000_000
SHA256 = hashlib.sha256(SOUND).hexdigest()


class Server(BaseHTTPRequestHandler):
    """/right/, /redirect/, /missing/, /long/, /short/, /wrong/, /endless/ in front of the hash."""

    sent = 0

    def do_GET(self) -> None:
        kind, name = self.path.strip("/").split("/")
        body = {"right": SOUND, "long": SOUND + b"!" * 10_000_000, "short": SOUND[:-1], "wrong": SOUND[::-1]}.get(kind, b"")
        self.send_response({"redirect": 302, "missing": 404}.get(kind, 200))
        self.send_header("Location", f"/right/{name}")
        if kind != "endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        while kind == "endless" and Server.sent < ENOUGH:
            Server.sent += self.wfile.write(SOUND)

    def log_message(self, *_: object) -> None:
        """Nothing: what went wrong is in the test."""


@pytest.fixture
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("kind", "why"),
    [("right", ""), ("redirect", "status"), ("missing", "status"), ("long", "size"), ("short", "size"), ("wrong", "hash")],
)
def test_only_the_whole_and_right_file_is_kept(base: str, tmp_path: Path, kind: str, why: str) -> None:
    assert fetch([f"{base}/{kind}"], SHA256, len(SOUND), tmp_path / SHA256) == why
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([] if why else [SOUND])


def test_nobody_fills_its_disk_or_its_day(base: str, tmp_path: Path) -> None:
    assert fetch([f"{base}/endless"], SHA256, len(SOUND), tmp_path / SHA256) == "size"
    assert Server.sent < ENOUGH


def test_the_bases_are_tried_in_order(base: str, tmp_path: Path) -> None:
    assert fetch(["http://127.0.0.1:1", f"{base}/wrong", f"{base}/right"], SHA256, len(SOUND), tmp_path / SHA256) == ""


def test_nobody_there_is_a_dead_link(tmp_path: Path) -> None:
    assert fetch(["http://127.0.0.1:1"], SHA256, len(SOUND), tmp_path / SHA256) == "link"
