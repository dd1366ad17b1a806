"""The whole of it as real processes: a controller, a fleet of loudspeakers, and the API between a test and them.

    with Stack(tmp_path) as stack:                        # embedded broker, SQLite, the demo's forty nodes
        airing = stack.say(SPEECH, to=stack.communes)
        report = stack.wait(airing, lambda it: it["ended"])

A controller keeps its ports over restarts, for the loudspeakers were told them. `serve` may be replaced by `crashing(...)`:
the same, but it dies at a certain point or has another idea of the time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from sqlalchemy import Connection, create_engine

from simulator.control import ask
from tests.support.ports import free_port, wait_until_listening

DATA = Path(__file__).parents[1] / "data"
SPEECH = DATA / "speech-english.mp3"
BIN = Path(sys.executable).parent
START_S = 30.0

Json = dict[str, Any]
Program = Sequence[str | Path]

SERVE: Program = (BIN / "tienglang", "serve")
SIMULATOR: Program = (BIN / "tienglang-sim",)


def late_fleet(clock: Path) -> Program:
    """`tienglang-sim` whose clocks are moved by what is in `clock`."""
    return (sys.executable, Path(__file__).with_name("late_fleet.py"), clock)


def crashing(point: str | None = None, passage: int = 1, *, clock: Path | None = None, broker_port: int | None = None) -> Program:
    """`tienglang serve` that kills itself at the n-th passage of `point`, and reads how wrong its clock is from `clock`."""
    command: list[str | Path] = [sys.executable, Path(__file__).with_name("crash_serve.py")]
    command += ["--point", point, "--passage", str(passage)] if point else []
    command += ["--clock", clock] if clock else []
    command += ["--broker-port", str(broker_port)] if broker_port else []
    return command


class Controller:
    """`tienglang serve` as a process of its own."""

    def __init__(
        self,
        home: Path,
        *,
        mqtt_url: str | None = None,
        database_url: str | None = None,
        demo: bool = True,
        program: Program = SERVE,
        more: Json | None = None,
    ) -> None:
        """`more`: further settings, by variable."""
        self.home = home
        self.program = program
        self._log_file = home.with_name(f"{home.name}.log")  # beside the home: a full disk there must not silence it
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("TIENGLANG_")} | {
            "TIENGLANG_HOME": str(home),
            "TIENGLANG_LISTEN": f"127.0.0.1:{self.port}",
            "TIENGLANG_LANG": "en",
        }
        self.env.update(more or {})
        if demo:
            self.env["TIENGLANG_DEMO"] = "1"
        if mqtt_url is not None:
            self.env["TIENGLANG_MQTT_URL"] = mqtt_url
        if database_url is not None:
            self.env["TIENGLANG_DATABASE_URL"] = database_url
        self._process: subprocess.Popen[bytes] | None = None
        self._http: httpx.Client | None = None

    @property
    def pid(self) -> int:
        """The running server's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it has said so far, over all its starts."""
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def start(self, program: Program | None = None) -> None:
        """Start and wait until it answers; `program` instead of the one it was made with."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                program or self.program, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        process = self._process
        try:
            wait_until_listening(self.port, lambda: process.poll() is None)
        except RuntimeError as error:
            ended = process.poll()
            self.kill()
            raise RuntimeError(f"{error} (exit {ended})\n{self.log[-3000:]}") from None
        token = json.loads((self.home / "run" / "api.json").read_text())["token"]
        self._http = httpx.Client(base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def stop(self) -> int:
        """Ask it to end and wait; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it stand still (SIGSTOP): it hears nothing, and its sockets stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def wait_dead(self, timeout_s: float = START_S) -> int:
        """Wait until it has ended by itself; its exit code (-9: killed)."""
        assert self._process is not None
        code = self._process.wait(timeout_s)
        self._forget()
        return code

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One call of the API; its JSON. AssertionError with the answer when it is an error."""
        answer = self.raw(method, path, **options)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def raw(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One call of the API, whatever the answer."""
        assert self._http is not None, "the controller is not running"
        return self._http.request(method, path, **options)

    def cli(self, *arguments: str | Path, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `tienglang ARGUMENTS` against it."""
        return subprocess.run(
            [BIN / "tienglang", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )

    def _end(self, sign: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(sign)
        code = self._process.wait(START_S)
        self._forget()
        return code

    def _forget(self) -> None:
        self._process = None
        if self._http is not None:
            self._http.close()
            self._http = None


class FleetProcess:
    """`tienglang-sim fleet` as a process of its own; stopping it is a power cut for every node."""

    def __init__(
        self,
        home: Path,
        provisions: Sequence[Json],
        arguments: Sequence[str] = (),
        *,
        log: bool = True,
        program: Program = SIMULATOR,
    ) -> None:
        self.home = home
        self.nodes = [provision["node"] for provision in provisions]
        self.sounds_log = home / "sounds.jsonl"
        # A unix socket's path is at most 107 bytes, and pytest's folders are deep.
        folder = tempfile.mkdtemp(prefix="tl-fleet-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._control = Path(folder) / "control.sock"
        self._file = home / "nodes.json"
        self._log = log
        self._arguments = arguments
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(provisions))

    def start(self, *more: str) -> None:
        """Start and wait until every node that may be is connected."""
        command = [*self._program, "fleet", "--nodes", self._file, "--home", self.home / "memory", "--json"]
        command += ["--control", self._control, *self._arguments, *more]
        if self._log:
            command += ["--sound-log", self.sounds_log]
        log = (self.home / "fleet.log").open("ab")
        with log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.kill()
            raise RuntimeError((self.home / "fleet.log").read_text()[-3000:])

    def ask(self, **command: Any) -> Json:
        """One command of the control channel."""
        answer: Json = ask(self._control, **command)
        assert answer["ok"], answer
        return answer

    def stop(self) -> None:
        """Let it end well (its nodes lose their power all the same)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def sounds(self) -> list[Json]:
        """What horns sounded so far, as the fleet's own log tells."""
        if not self.sounds_log.exists():
            return []
        return [json.loads(line) for line in self.sounds_log.read_text().splitlines() if line.endswith("}")]

    def _end(self, sign: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(sign)
        self._process.wait(START_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


class Stack:
    """A controller with the demo's communes and a fleet of (some of) its nodes."""

    def __init__(
        self,
        home: Path,
        *,
        mqtt_url: str | None = None,
        database_url: str | None = None,
        nodes: int = 40,
        fleet: Sequence[str] = (),
        program: Program = SERVE,
        first: Program | None = None,
        simulator: Program = SIMULATOR,
    ) -> None:
        """`nodes`: how many of the demo's are there; `fleet`: more options of theirs; `first`: the program of the first start."""
        self.controller = Controller(home / "controller", mqtt_url=mqtt_url, database_url=database_url, program=program)
        self._first = first
        self._simulator = simulator
        self._home = home
        self._size = nodes
        self._arguments = fleet
        self.communes: list[str] = []
        self.fleet: FleetProcess

    def __enter__(self) -> Self:
        try:
            self.controller.start(self._first)
            self.communes = self.controller.call("POST", "/demo")["communes"]
            provisions = self.controller.call("POST", "/nodes/provision", json={})
            self.fleet = FleetProcess(self._home / "fleet", provisions[: self._size], self._arguments, program=self._simulator)
            self.fleet.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if hasattr(self, "fleet"):
            self.fleet.kill()
        self.controller.kill()

    @property
    def broker_port(self) -> int:
        """Where its loudspeakers are told to connect."""
        url: str = self.controller.call("POST", "/nodes/provision", json={})[0]["broker"]
        return int(url.rpartition(":")[2])

    def clip(self, file: Path = SPEECH, title: str = "Thử loa") -> str:
        """Bring a file and wait until its sound is prepared; the bulletin's id."""
        form = {"title": title, "class": "normal", "language": "vi"}
        with file.open("rb") as opened:
            bulletin: str = self.controller.call("POST", "/bulletins", data=form, files={"file": opened})["id"]
        self.wait_for(lambda: self.controller.call("GET", f"/bulletins/{bulletin}")["state"] == "approved", 60)
        return bulletin

    def say(self, bulletin: str, to: Sequence[str] | None = None, **how: Any) -> str:
        """Air a bulletin now, or `at`; the airing's id."""
        wish = {"bulletin": bulletin, "to": list(to or self.communes), **how}
        airing: str = self.controller.call("POST", "/airings", json=wish)["id"]
        return airing

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """Look into the controller's database, beside it."""
        url = self.controller.env.get("TIENGLANG_DATABASE_URL") or f"sqlite:///{self.controller.home / 'tienglang.db'}"
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def ledger(self, airing: str) -> dict[str, str]:
        """The state of each of the airing's nodes that the fleet runs."""
        report = self.controller.call("GET", f"/airings/{airing}")
        rows = [node for village in report["villages"] for node in village["nodes"]]
        return {row["node"]: row["state"] for row in rows if row["node"] in self.fleet.nodes}

    def wait_ledger(self, airing: str, state: str, timeout_s: float = 60) -> None:
        """Wait until every node of the fleet stands at `state`."""

        def reached() -> bool:
            return set(self.ledger(airing).values()) == {state}

        try:
            self.wait_for(reached, timeout_s)
        except TimeoutError:
            raise AssertionError(f"not all {state}: {self.ledger(airing)}\n{self.controller.log[-2000:]}") from None

    @staticmethod
    def wait_for(reached: Callable[[], bool], timeout_s: float) -> None:
        """Ask until it is so; TimeoutError when it is not in time."""
        end = time.monotonic() + timeout_s
        while not reached():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.1)
