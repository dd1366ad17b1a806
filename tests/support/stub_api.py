"""A small real HTTP server that plays the controller for the command line, and the command line run against it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from controller.cli import tienglang

TOKEN = "let-me-in"
UNITS = [
    {"id": "p04", "parent": None, "level": "province", "name": "Cao Bằng", "path": ["p04"]},
    {"id": "x1", "parent": "p04", "level": "commune", "name": "Xã Quảng Uyên", "path": ["p04", "x1"]},
    {"id": "x1-1", "parent": "x1", "level": "village", "name": "Khào A", "path": ["p04", "x1", "x1-1"]},
]
Answer = tuple[int, Any]


class Server(ThreadingHTTPServer):
    """Answers by the table `answers` ((method, path) -> function of the body), and remembers what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.token = TOKEN
        self.answers: dict[tuple[str, str], Callable[[bytes], Answer]] = {("GET", "/units"): lambda _: (200, UNITS)}
        self.asked: list[tuple[str, str, bytes]] = []
        self.threading = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.threading.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def on(self, method: str, path: str, *answers: Any, status: int = 200) -> None:
        """Give these answers in turn, the last one for ever."""
        left = list(answers)

        def answer(_: bytes) -> Answer:
            return status, left.pop(0) if len(left) > 1 else left[0]

        self.answers[method, path] = answer

    def body(self, method: str, path: str) -> bytes:
        return next(body for how, where, body in self.asked if (how, where) == (method, path))

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.threading.join()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other's acknowledgement

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.removeprefix("/api/v1")
        self.server.asked.append((self.command, path, body))
        if self.headers.get("authorization") != f"Bearer {self.server.token}":
            status, answer = 401, problem("session.none", "Xin đăng nhập.", "Please sign in.")
        else:
            status, answer = self.server.answers.get((self.command, path), lambda _: (404, problem("request.not-found")))(body)
        if isinstance(answer, list) and answer and isinstance(answer[0], bytes):
            self.stream(answer)
            return
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_PUT = do_DELETE = do_GET

    def stream(self, pieces: list[bytes]) -> None:
        """Events, then the end of the connection."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(b"".join(pieces))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def problem(code: str, vi: str = "Không được.", en: str = "No.", **fields: Any) -> dict[str, Any]:
    return {"code": code, "message_vi": vi, "message_en": en, "fields": fields}


def event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def airing(*, ended: bool, **changes: Any) -> dict[str, Any]:
    line = {
        "id": "a1",
        "title": "Họp thôn",
        "start": "2026-11-22T05:00:00.000Z",
        "total": 2,
        "good": 0,
        "open": 2,
        "ended": ended,
    }
    return line | {"summary": {"vi": "Câu.", "en": "Sentence."}, "cancelled": None, "units": ["x1"]} | changes


def row(number: int, state: str, evidence: str | None = None, why: str = "") -> dict[str, Any]:
    return {
        "node": f"x1-1-l{number}",
        "name": f"Khào A {number}",
        "village": "x1-1",
        "state": state,
        "why": why,
        "evidence": evidence,
        "at": "2026-11-22T05:00:00.000Z",
    }


def ledger(*rows: dict[str, Any], ended: bool) -> dict[str, Any]:
    return {"airing": airing(ended=ended), "villages": [{"village": "x1-1", "name": "Khào A", "nodes": list(rows)}]}


def change(*rows: dict[str, Any], ended: bool) -> dict[str, Any]:
    return {"airing": airing(ended=ended), "nodes": list(rows)}


def bulletin(**changes: Any) -> dict[str, Any]:
    said = {"id": "b1", "title": "Họp thôn", "preparing": True, "progress": 0.0, "airing": None, "error": None, "clip": None}
    return said | changes


def tell(home: Path, server: Server, token: str = TOKEN) -> None:
    (home / "run").mkdir(parents=True, exist_ok=True)
    (home / "run" / "api.json").write_text(json.dumps({"url": server.url, "token": token}))


def run(home: Path, *words: str, stdin: str = "", **environ: str) -> Result:
    return CliRunner().invoke(tienglang, list(words), input=stdin, env={"TIENGLANG_HOME": str(home), **environ})
