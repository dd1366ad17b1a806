"""The command line as a person or a script meets it, against a small real HTTP server that plays the controller."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from controller.cli import tienglang, watch
from tests.support.ports import free_port

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

    do_POST = do_GET

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


READY = bulletin(preparing=False, progress=1.0, airing="a1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PAUSE_S", 0.01)
    for name in [name for name in os.environ if name.startswith("TIENGLANG_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    running = Server()
    tell(home, running)
    yield running
    running.close()


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "Họp thôn tối nay.mp3"
    path.write_bytes(b"ID3" + b"s" * 200_000)
    return path


def tell(home: Path, server: Server, token: str = TOKEN) -> None:
    (home / "run").mkdir(parents=True, exist_ok=True)
    (home / "run" / "api.json").write_text(json.dumps({"url": server.url, "token": token}))


def run(home: Path, *words: str, stdin: str = "", **environ: str) -> Result:
    return CliRunner().invoke(tienglang, list(words), input=stdin, env={"TIENGLANG_HOME": str(home), **environ})


def say(home: Path, sound: Path, *words: str) -> Result:
    return run(home, "say", str(sound), "--to", "khao a", *words)


def plays(server: Server, *rows: dict[str, Any]) -> None:
    """The bulletin gets ready, and the airing ends like this."""
    server.on("POST", "/bulletins", bulletin(), status=202)
    server.on("GET", "/bulletins/b1", bulletin(progress=0.4), READY)
    server.on("GET", "/airings/a1", ledger(row(1, "published"), row(2, "published"), ended=False))
    server.on(
        "GET",
        "/airings/a1/events",
        [
            event("ledger", ledger(row(1, "accepted"), row(2, "published"), ended=False)),
            b": ping\n\n",
            event("change", change(row(1, "started"), row(2, "started"), ended=False)),
            event("change", change(*rows, ended=True)),
        ],
    )


# ── say ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_when_everybody_finished_say_shows_the_ladder_and_exits_0(home: Path, server: Server, sound: Path) -> None:
    plays(server, row(1, "finished", "heard"), row(2, "finished"))
    result = say(home, sound, "--wait")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "Đang gửi tệp 100 %",
        "Đang chuẩn bị âm thanh 100 %",
        "Lượt phát a1: “Họp thôn”, 22/11/2026 12:00:00, 2 cụm loa.",
        "0/2 cụm loa · đã gửi 2",
        "0/2 cụm loa · đã gửi 1 · đã nhận 1",
        "0/2 cụm loa · đang phát 2",
        "2/2 cụm loa",
        "Xong: cả 2 cụm loa đã phát.",
    ]


def test_a_dead_horn_or_a_missed_one_is_named_and_exits_3(home: Path, server: Server, sound: Path) -> None:
    plays(server, row(1, "finished", "silent"), row(2, "missed", why="some-reason"))
    result = say(home, sound, "--wait", "--english")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-3:] == [
        "Not all: 0 of 2 loudspeakers played it. Not heard at:",
        "  Khào A: Khào A 1 (x1-1-l1): finished, but the horn was silent",
        "  Khào A: Khào A 2 (x1-1-l2): missed (some-reason)",
    ]


def test_as_json_there_is_one_document_and_nothing_else(home: Path, server: Server, sound: Path) -> None:
    plays(server, row(1, "finished"), row(2, "unknown"))
    result = say(home, sound, "--wait", "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["total"], said["good"], said["open"], said["all_good"]) == (3, 2, 1, 0, False)
    assert [each["node"] for each in said["unheard"]] == ["x1-1-l2"]


def test_what_is_sent_is_a_form_with_the_file_and_the_wish(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", bulletin(), status=202)
    words = ("--to", "x1", "--at", "23/11/2026 17:30", "--class", "priority", "--language", "tyz", "--lead", "900")
    result = say(home, sound, *words)
    assert result.exit_code == 0, result.output
    assert "b1" in result.stdout
    form = server.body("POST", "/bulletins").decode("latin-1")
    fields = dict.fromkeys(("title", "class", "language", "at", "lead_ms"), "")
    for name in fields:
        fields[name] = form.split(f'name="{name}"\r\n\r\n')[1].split("\r\n")[0].encode("latin-1").decode()
    assert fields == {
        "title": "Họp thôn tối nay",
        "class": "priority",
        "language": "tyz",
        "at": "2026-11-23T10:30:00Z",
        "lead_ms": "900",
    }
    assert form.count('name="to"') == 2
    assert "x1-1\r\n" in form
    assert form.count("s" * 200_000) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--to", "nowhere"), "usage.unit-unknown"),
        (("--at", "25:00"), "usage.time"),
        (("--config", "/nonexistent"), "config.no-file"),
    ],
)
def test_wrong_usage_exits_2_and_sends_nothing(
    words: tuple[str, ...], code: str, home: Path, server: Server, sound: Path
) -> None:
    result = say(home, sound, *words)
    assert result.exit_code == 2
    assert f"[{code}]" in result.stderr
    assert ("POST", "/bulletins") not in [asked[:2] for asked in server.asked]


def test_a_file_that_is_not_there_exits_2(home: Path, server: Server, tmp_path: Path) -> None:
    assert "[usage.file]" in say(home, tmp_path / "none.mp3").stderr
    assert say(home, tmp_path).exit_code == 2
    assert run(home, "say").exit_code == 2  # click's own: no file, no --to


def test_a_file_no_server_would_take_is_not_sent(home: Path, server: Server, tmp_path: Path) -> None:
    huge = tmp_path / "huge.wav"
    with huge.open("wb") as file:
        file.truncate(400_000_000)
    result = say(home, huge)
    assert (result.exit_code, "[upload.too-big]" in result.stderr) == (4, True)


def test_the_servers_refusal_is_told_in_its_own_words_and_exits_4(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", problem("airing.past", "Giờ phát đã qua.", "That time is past."), status=422)
    assert say(home, sound).stderr.splitlines()[-1] == "Giờ phát đã qua. [airing.past]"
    result = say(home, sound, "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (4, "airing.past")


def test_a_sound_that_can_not_be_prepared_exits_4(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", bulletin(), status=202)
    server.on("GET", "/bulletins/b1", bulletin(preparing=False, error=problem("audio.silent", "Tệp này im lặng.")))
    result = say(home, sound, "--wait")
    assert (result.exit_code, "Tệp này im lặng. [audio.silent]" in result.stderr) == (4, True)


def test_an_answer_that_is_no_answer_of_ours_is_not_trusted(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", b"<html>Bad gateway</html>", status=502)
    result = say(home, sound)
    assert (result.exit_code, "[internal]" in result.stderr) == (4, True)


def test_when_time_is_over_those_still_open_are_named(home: Path, server: Server, sound: Path) -> None:
    plays(server)
    result = say(home, sound, "--wait", "--timeout", "0.4")
    assert result.exit_code == 3
    assert "Khào A 1 (x1-1-l1): đã gửi" in result.stdout
    assert "Hết thời gian chờ" in result.stderr
    assert ("GET", "/airings/a1/events") not in [asked[:2] for asked in server.asked]  # so little time is better asked
    server.on("GET", "/bulletins/b1", bulletin())
    assert say(home, sound, "--wait", "--timeout", "0").exit_code == 3


def test_a_stream_that_breaks_is_taken_up_again(home: Path, server: Server, sound: Path) -> None:
    plays(server)
    server.on("GET", "/airings/a1", *[ledger(row(1, "started"), ended=False)] * 3, ledger(row(1, "finished"), ended=True))
    server.on("GET", "/airings/a1/events", [b"event: ledger\ndata: {"])
    result = say(home, sound, "--wait")
    assert result.exit_code == 0, result.output


def test_a_server_that_restarts_in_the_middle_is_found_again(home: Path, server: Server, sound: Path) -> None:
    plays(server)
    fresh = Server()
    fresh.token = "new"
    fresh.on("GET", "/airings/a1", ledger(row(1, "finished"), ended=True))

    def restarted(_: bytes) -> Answer:
        tell(home, fresh, "new")
        server.token = "gone"
        return 200, ledger(row(1, "started"), ended=False)

    server.answers["GET", "/airings/a1"] = restarted
    try:
        result = say(home, sound, "--wait")
    finally:
        fresh.close()
    assert result.exit_code == 0, result.output


def test_a_server_that_stays_away_is_not_waited_for_longer_than_our_patience(
    home: Path, server: Server, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_PATIENCE_MS", 50)
    plays(server)

    def gone(_: bytes) -> Answer:
        (home / "run" / "api.json").unlink()
        server.token = "gone"
        return 200, bulletin()

    server.answers["GET", "/bulletins/b1"] = gone
    result = say(home, sound, "--wait")
    assert result.exit_code == 5
    assert result.stderr.count("Mất kết nối") == 1
    assert "[server.none]" in result.stderr


def test_when_time_is_over_and_the_server_away_that_is_the_end(home: Path, server: Server, sound: Path) -> None:
    plays(server)

    def gone(_: bytes) -> Answer:
        said = {"url": f"http://127.0.0.1:{free_port()}", "token": TOKEN}
        (home / "run" / "api.json").write_text(json.dumps(said))
        server.token = "gone"
        return 200, ledger(row(1, "started"), ended=False)

    server.answers["GET", "/airings/a1"] = gone
    assert say(home, sound, "--wait", "--timeout", "0.5").exit_code == 5


def test_without_a_server_one_sentence_says_what_to_do(home: Path, sound: Path) -> None:
    result = say(home, sound)
    assert result.exit_code == 5
    assert result.stderr.startswith("Chưa có máy chủ Tiếng Làng nào chạy ở đây.")
    assert run(home, "nodes", "--english").stderr.startswith("No Tiếng Làng server runs here.")
    assert run(home, "nodes", TIENGLANG_LANG="en").stderr.startswith("No Tiếng Làng server runs here.")


@pytest.mark.parametrize("said", ["", "[]", '{"url": 1}', "{"])
def test_a_token_file_that_makes_no_sense_is_told(said: str, home: Path) -> None:
    (home / "run").mkdir(parents=True)
    (home / "run" / "api.json").write_text(said)
    assert "[server.file]" in run(home, "units").stderr


# ── the other nouns ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_airings_are_listed_shown_and_cancelled(home: Path, server: Server) -> None:
    server.on("GET", "/airings?limit=20", [airing(ended=False)])
    server.on("GET", "/airings/a1", ledger(row(2, "finished"), row(1, "cut", why="x"), ended=True))
    server.on("POST", "/airings/a1/cancel", airing(ended=False))
    assert run(home, "airings").stdout == "a1  22/11/2026 12:00:00  0/2  Họp thôn  Câu.\n"
    assert json.loads(run(home, "airings", "--json").stdout)[0]["id"] == "a1"
    shown = run(home, "airings", "show", "a1").stdout.splitlines()
    assert shown[1:] == [
        "Khào A  Khào A 1  dừng giữa chừng: x",
        "Khào A  Khào A 2  phát xong",
        "1/2 cụm loa · dừng giữa chừng 1",
        "Câu.",
    ]
    assert run(home, "airings", "show", "a1", "--wait").exit_code == 3
    assert "a1" in run(home, "airings", "cancel", "a1").stdout
    assert run(home, "airings", "show", "b2").exit_code == 4
    assert run(home, "airings", "dance").exit_code == 2


def test_nodes_are_listed_added_and_provisioned_into_a_private_file(home: Path, server: Server, tmp_path: Path) -> None:
    node = {"id": "n1", "name": "Khào A 1", "village": "x1-1", "village_name": "Khào A", "online": False, "seen": None}
    server.on("GET", "/nodes", [node, node | {"online": True, "seen": "2026-11-22T05:00:00.000Z"}])
    server.on("GET", "/nodes?unit=x1", [])
    server.on("POST", "/nodes", [node], status=201)
    server.on("POST", "/nodes/provision", [{"node": "n1", "key": "secret"}])
    assert run(home, "nodes").stdout.splitlines() == [
        "Khào A  Khào A 1  n1  chưa gọi về",
        "Khào A  Khào A 1  n1  đang nối     22/11/2026 12:00:00",
    ]
    assert run(home, "nodes", "--unit", "quang uyen", "--json").stdout == "[]\n"
    assert run(home, "nodes", "add", "--village", "khào a", "--name", "Loa", "--count", "3").exit_code == 0
    assert json.loads(server.body("POST", "/nodes")) == {"village": "x1-1", "names": ["Loa 1", "Loa 2", "Loa 3"]}
    assert run(home, "nodes", "add", "--village", "x1-1", "--name", "a", "--name", "b", "--count", "3").exit_code == 2
    file = tmp_path / "provision.json"
    file.write_text("old")
    assert run(home, "nodes", "provision", "--unit", "x1-1", "-o", str(file)).exit_code == 0
    assert json.loads(file.read_text()) == [{"node": "n1", "key": "secret"}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(run(home, "nodes", "provision").stdout) == [{"node": "n1", "key": "secret"}]
    assert "[usage.write]" in run(home, "nodes", "provision", "-o", str(tmp_path / "no" / "where")).stderr


def test_units_are_shown_as_a_tree_imported_and_added(home: Path, server: Server) -> None:
    server.on("POST", "/units/import", UNITS[1], status=201)
    server.on("POST", "/units", UNITS[2], status=201)
    server.on("POST", "/demo", {"communes": ["x1"], "nodes": 40, "accounts": [{"name": "canbo", "password": "p"}]})
    assert run(home, "units").stdout.splitlines() == [
        "Cao Bằng         tỉnh  p04",
        "  Xã Quảng Uyên  xã    x1",
        "    Khào A       thôn  x1-1",
    ]
    assert run(home, "units", "import", "--commune", "dam thuy").exit_code == 0
    assert json.loads(server.body("POST", "/units/import")) == {"code": "01501"}
    server.asked.clear()
    assert run(home, "units", "import", "--province", "Cao Bằng").exit_code == 0
    codes = [json.loads(body)["code"] for _, path, body in server.asked if path == "/units/import"]
    assert len(codes) == len(set(codes)) > 40
    assert run(home, "units", "import").exit_code == 2
    assert run(home, "units", "add", "--under", "quang uyen", "Khào A").stdout == "Đã có đơn vị x1-1: Khào A.\n"
    assert "canbo / p" in run(home, "units", "demo").stdout


def test_keys_are_shown_without_their_secrets_and_the_root_goes_off(home: Path, tmp_path: Path) -> None:
    from controller import keyfile

    assert "[keys.none]" in run(home, "keys").stderr
    ring = keyfile.open_or_create(home, 1_795_323_600_000, os.urandom, "tienglang")
    shown = run(home, "keys")
    assert shown.exit_code == 0
    assert all(key.kid in shown.stdout for key in ring.keys.values())
    usb = tmp_path / "root.key"
    assert run(home, "keys", "take-root-off", "--to", str(usb)).exit_code == 0
    said = json.loads(run(home, "keys", "show", "--json").stdout)
    assert (said["root_here"], said["root"]) == (False, ring.root_text)
    assert usb.read_text().strip() not in shown.stdout
    again = run(home, "keys", "take-root-off", "--to", str(tmp_path / "b"))
    assert (again.exit_code, "[keys.root-off]" in again.stderr) == (4, True)


def test_config_tells_what_holds_and_hides_passwords(home: Path) -> None:
    result = run(home, "config", TIENGLANG_MQTT_URL="mqtts://me:s3cret@broker")
    assert result.exit_code == 0
    assert "mqtts://me:***@broker" in result.stdout
    assert "s3cret" not in result.stdout
    rows = {each["name"]: each for each in json.loads(run(home, "config", "--json").stdout)["settings"]}
    assert rows["home"] == {"name": "home", "variable": "TIENGLANG_HOME", "value": str(home), "origin": "TIENGLANG_HOME"}
    assert rows["listen"]["origin"] == "default"
    typo = run(home, "config", TIENGLANG_LISTN="x")
    assert (typo.exit_code, "TIENGLANG_LISTEN" in typo.stderr) == (2, True)


def test_users_are_added_and_changed_in_the_database_itself(home: Path) -> None:
    assert run(home, "users", "add", "Nông Văn An", stdin="a-good-password\n").exit_code == 0
    twice = run(home, "users", "add", "nông văn an", stdin="a-good-password\n")
    assert (twice.exit_code, "[user.exists]" in twice.stderr) == (4, True)
    assert "[password.short]" in run(home, "users", "add", "b", stdin="x\n").stderr
    assert run(home, "users", "password", "Nông Văn An", stdin="another-password\n").exit_code == 0
    assert "[user.unknown]" in run(home, "users", "password", "b", stdin="another-password\n").stderr
    assert json.loads(run(home, "users", "--json").stdout) == [{"name": "nông văn an", "demo": False}]
    assert run(home, "users", "remove", "nông văn an").exit_code == 0
    assert run(home, "users").stdout == "(chưa có gì)\n"


def test_every_command_explains_itself_in_both_languages(home: Path) -> None:
    for words in (
        [],
        ["say"],
        ["airings"],
        ["nodes"],
        ["units"],
        ["keys"],
        ["users"],
        ["nodes", "provision"],
        ["serve"],
        ["config"],
    ):
        result = run(home, *words, "--help")
        assert result.exit_code == 0
        assert " / " in result.stdout or "Each command" in result.stdout or "Say a sound" in result.stdout
