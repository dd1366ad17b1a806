"""`tienglang-sim demo`: a controller with two communes, forty simulated loudspeakers, and nothing else to start.

It starts two processes, `tienglang serve` and `tienglang-sim fleet`, each in a session of its own, so that the terminal's
Ctrl-C comes to this process alone, and ends them in their order. The kernel ends them should this process be killed. All data
stays in the home (TIENGLANG_HOME, ./var): the next demo goes on from there.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from controller.cli.api import SOON, Api, ServerAway
from controller.config import Settings, load

START_S = 60.0
"""A server that brings an old database up to date on a small machine takes half a minute."""

LOOK_S = 0.1
STOP_S = 15.0
"""Time to end politely; what takes longer is killed."""

Say = Callable[[str], None]


class DemoError(Exception):
    """The demo can't go on; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a person needs to begin: the page's address, the accounts, how many loudspeakers listen."""

    url: str
    accounts: tuple[tuple[str, str], ...]
    nodes: int


def run(say: Say, environ: Mapping[str, str] = os.environ) -> int:
    """Run the demo until SIGINT or SIGTERM; the exit code. 1, after a sentence, if one of its processes ends by itself."""
    env = {"TIENGLANG_LOG": "warning", **environ, "TIENGLANG_DEMO": "1"}
    settings = load(env).settings
    with _stoppable():
        try:
            with _started([_beside("tienglang"), "serve"], env) as server:
                api = _wait_for_server(server, settings)
                made = api.post("/demo")
                nodes_file = _write_nodes(api, settings.home / "fleet")
                with _started(_fleet_command(nodes_file), env, stdout=subprocess.PIPE) as fleet:
                    _wait_for_fleet(fleet)
                    accounts = tuple((account["name"], account["password"]) for account in made["accounts"])
                    say(words_of(Ready(url=settings.base_url, accounts=accounts, nodes=made["nodes"])))
                    _watch({"server": server, "loudspeakers": fleet})
        except KeyboardInterrupt:
            say("Đang dừng… / Stopping…")
            return 0
        except DemoError as error:
            say(str(error))
            return 1
    return 0


def words_of(ready: Ready) -> str:
    """What is printed when all is ready."""
    lines = [f"{ready.nodes} cụm loa đang nghe. / {ready.nodes} loudspeakers are listening.", "", f"    {ready.url}", ""]
    lines += [f"    {name:<12} mật khẩu / password: {password}" for name, password in ready.accounts]
    return "\n".join([*lines, "", "Ctrl-C để dừng; dữ liệu được giữ. / Ctrl-C ends it; the data stays."])


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM, and SIGINT even where a shell had it ignored, end the block as Ctrl-C does."""

    def stop(_sign: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _started(command: list[str], env: Mapping[str, str], stdout: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=env, stdout=stdout, start_new_session=True, preexec_fn=_die_with_parent)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _beside(name: str) -> str:
    """A console script of this installation."""
    return str(Path(sys.executable).with_name(name))


def _fleet_command(nodes_file: Path) -> list[str]:
    return [_beside("tienglang-sim"), "fleet", "--nodes", str(nodes_file), "--home", str(nodes_file.parent), "--json"]


def _wait_for_server(server: subprocess.Popen[bytes], settings: Settings) -> Api:
    for _ in range(round(START_S / LOOK_S)):
        if server.poll() is not None:
            raise DemoError(f"tienglang serve ended with {server.returncode}")
        try:
            with Api(settings.api_file, SOON) as api:
                api.get("/version")
            return Api(settings.api_file)
        except ServerAway:
            time.sleep(LOOK_S)
    raise DemoError(f"tienglang serve does not answer at {settings.base_url}")


def _write_nodes(api: Api, folder: Path) -> Path:
    """What the loudspeakers are given at set-up. It holds their keys: for this user only."""
    provisions: list[Any] = api.post("/nodes/provision")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nodes.json"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(provisions, file)
    return path


def _wait_for_fleet(fleet: subprocess.Popen[bytes]) -> None:
    assert fleet.stdout is not None
    if not fleet.stdout.readline():
        raise DemoError(f"tienglang-sim fleet ended with {fleet.wait()}")


def _watch(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                raise DemoError(f"the {name} ended with {process.returncode}")
        time.sleep(LOOK_S)
