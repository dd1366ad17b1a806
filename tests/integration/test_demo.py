"""`tienglang-sim demo` starts all it needs, says how to begin, ends what it started, and goes on from its data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from controller.cli.api import Api
from tests.support.ports import free_port

READY_S = 60


def start(home: Path, port: int) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("TIENGLANG_")}
    env |= {"TIENGLANG_HOME": str(home), "TIENGLANG_LISTEN": f"127.0.0.1:{port}"}
    command = [str(Path(sys.executable).with_name("tienglang-sim")), "demo"]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def read_until_ready(demo: subprocess.Popen[str]) -> str:
    assert demo.stdout is not None
    said, end = "", time.monotonic() + READY_S
    while "Ctrl-C ends it" not in said:
        line = demo.stdout.readline()
        assert line, f"the demo ended with {demo.wait()}:\n{said}"
        assert time.monotonic() < end, said
        said += line
    return said


def stop(demo: subprocess.Popen[str], sign: signal.Signals) -> None:
    children = psutil.Process(demo.pid).children(recursive=True)
    demo.send_signal(sign)
    try:
        assert demo.wait(30) == 0
    finally:
        demo.kill()
        assert demo.stdout is not None
        demo.stdout.close()
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def online(api: Api) -> list[str]:
    """The forty, once the controller has committed their births."""
    for _ in range(100):
        ids = sorted(node["id"] for node in api.get("/nodes") if node["online"])
        if len(ids) == 40:
            return ids
        time.sleep(0.1)
    raise AssertionError(f"only {len(ids)} of 40 are online")


def test_a_second_demo_finds_what_the_first_left(tmp_path: Path) -> None:
    port = free_port()
    demo = start(tmp_path, port)
    try:
        said = read_until_ready(demo)
        assert f"http://127.0.0.1:{port}" in said
        assert "40 loudspeakers" in said
        assert "canbo" in said
        with Api(tmp_path / "run" / "api.json") as api:
            first = online(api)
            units = api.get("/units")
    finally:
        stop(demo, signal.SIGINT)
    demo = start(tmp_path, port)
    try:
        read_until_ready(demo)
        with Api(tmp_path / "run" / "api.json") as api:
            assert online(api) == first
            assert api.get("/units") == units
        assert (tmp_path / "fleet" / "nodes.json").stat().st_mode & 0o077 == 0
    finally:
        stop(demo, signal.SIGTERM)


def test_when_the_server_can_not_start_the_demo_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        demo = start(tmp_path, port)
        said, _ = demo.communicate(timeout=READY_S)
    assert demo.returncode == 1
    assert "tienglang serve ended" in said
    assert not (tmp_path / "fleet").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_a_killed_demo_takes_its_processes_with_it(tmp_path: Path) -> None:
    demo = start(tmp_path, free_port())
    read_until_ready(demo)
    children = psutil.Process(demo.pid).children(recursive=True)
    demo.kill()
    demo.wait()
    assert demo.stdout is not None
    demo.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []
