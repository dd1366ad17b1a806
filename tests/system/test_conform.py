"""The conformance kit: it finds our own node and controller as the contract wants them, and each planted fault where it is.

Every node here is a process of its own with a plug and a disk (`tests.support.pole`), and so is the kit.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.stack import BIN, Controller, Stack

Json = dict[str, Any]

SUPPORT = Path(__file__).parents[1] / "support"
KIT_S = 600
"""No run of the kit takes longer."""

GUILTY = {
    "hours": {56},
    "spent": {53, 70},
    "duration": {59},
    "expiry": {54},
    "life": {33},
    "revoked": {16, 23},
    "redirect": {39},
}
"""The duties that a node breaks in which one guard is missing: `tests.support.pole.FAULTS`."""

TRIED = {"spent": "70"}
"""What the kit is asked to try of a faulty node, if not just that: fewer power cuts find it as well."""

QUICK = "9,10,11,26,27,54,59,64"
"""What a default run tries of a healthy node: half a minute's worth."""


def kit(*arguments: str | Path, once_it_listens: Callable[[], None] = lambda: None) -> Json:
    """Run the kit; its JSON. Its exit code says the same as its answer."""
    command = [BIN / "tienglang-sim", "conform", *arguments, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as run:
        try:
            assert run.stderr is not None
            first = run.stderr.readline()
            once_it_listens()
            out, err = run.communicate(timeout=KIT_S)
        finally:
            run.kill()
    assert out, first + err
    found: Json = json.loads(out)
    assert (run.returncode == 0) is found["ok"]
    return found


def states(found: Json, state: str) -> dict[int, str]:
    """The duties of a state, each with what came."""
    return {row["duty"]: f"{row['check']}: {row['came']}" for row in found["duties"] if row["state"] == state}


def tried(fault: str) -> str:
    """What a default run asks of the kit, to find this fault."""
    return TRIED.get(fault) or ",".join(str(duty) for duty in sorted(GUILTY[fault]))


class Bench:
    """One node under test, set up by the kit and not switched on yet."""

    def __init__(self, home: Path, broker: Mosquitto) -> None:
        home.mkdir()
        self.provision, self.log, self._home = home / "node.json", home / "sounds.jsonl", home
        listen = f"127.0.0.1:{free_port()}"
        make = ["new", "--node-id", "loa-1", "--broker", broker.url, "--listen", listen, "-o", self.provision]
        subprocess.run([BIN / "tienglang-sim", "conform", *make], check=True, capture_output=True)
        self._plugs = Path(tempfile.mkdtemp(prefix="tl-pole-"))  # a unix socket's path is at most 107 bytes

    def try_it(self, command: Sequence[str | Path], *options: str | Path) -> Json:
        """Switch the node on (`command`) and run the kit against it."""
        nodes: list[subprocess.Popen[bytes]] = []
        try:
            with (self._home / "node.log").open("wb") as log:
                switch = partial(subprocess.Popen, command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
                arguments = ["--provision", self.provision, "--sound-log", self.log, *options]
                if "--power" not in options:
                    return kit(*arguments, once_it_listens=lambda: nodes.append(switch()))
                nodes.append(switch())
                Stack.wait_for((self._plugs / "plug").exists, 20)
                return kit(*arguments)
        finally:
            for node in nodes:
                node.terminate()
                node.wait(10)
            shutil.rmtree(self._plugs, ignore_errors=True)

    def try_ours(self, fault: str | None, *options: str, plug: bool = False) -> Json:
        """The same for our own node, perhaps with a fault; `plug` lets the kit cut its power."""
        return self._try_pole(["--fault", fault] if fault else [], options, plug)

    def try_stranger(self, *options: str, plug: bool = False) -> Json:
        """The same for the independent node."""
        return self._try_pole(["--foreign", "tests.stranger.node"], options, plug)

    def _try_pole(self, kind: Sequence[str], options: Sequence[str], plug: bool) -> Json:
        socket = self._plugs / "plug"
        command = [sys.executable, "-m", "tests.support.pole", "--provision", self.provision, "--home", self._home / "disk"]
        command += ["--sound-log", self.log, "--plug", socket, *kind]
        hand = f"{sys.executable} {SUPPORT / 'plug.py'} {socket}"
        return self.try_it(command, *options, *(["--power", hand, "--wipe", f"{hand} wipe"] if plug else []))


@contextmanager
def benches(home: Path, names: Sequence[str]) -> Iterator[list[Bench]]:
    """One broker and one bench for each name: nodes of one name meet on no broker."""
    brokers = [Mosquitto() for _ in names]
    try:
        for broker in brokers:
            broker.start()
        yield [Bench(home / name, broker) for name, broker in zip(names, brokers, strict=True)]
    finally:
        for broker in brokers:
            broker.stop()


@pytest.mark.timeout(KIT_S)
def test_each_planted_fault_is_found_and_healthy_nodes_pass(tmp_path: Path) -> None:
    names = ["ours", "stranger", *GUILTY]
    with benches(tmp_path, names) as (ours, stranger, *faulty), ThreadPoolExecutor(len(names)) as pool:
        passing = [pool.submit(ours.try_ours, None, "--only", QUICK), pool.submit(stranger.try_stranger, "--only", QUICK)]
        runs = {
            fault: pool.submit(bench.try_ours, fault, "--only", tried(fault), plug=fault == "spent")
            for (fault, bench) in zip(GUILTY, faulty, strict=True)
        }
        broken = {fault: states(run.result(), "broken") for fault, run in runs.items()}
        for healthy in passing:
            assert states(healthy.result(), "broken") == {}
            assert set(states(healthy.result(), "holds")) == {int(number) for number in QUICK.split(",")}
    assert {fault: set(duties) for fault, duties in broken.items()} == GUILTY, broken


@pytest.mark.soak
@pytest.mark.timeout(KIT_S)
def test_our_node_holds_every_duty_that_can_be_seen(tmp_path: Path) -> None:
    with benches(tmp_path, ["node"]) as (bench,):
        found = bench.try_ours(None, "--long", plug=True)
    assert states(found, "broken") == {}
    assert set(states(found, "untried")) == {58, 68, 78}


@pytest.mark.soak
@pytest.mark.timeout(KIT_S)
def test_an_independent_node_holds_every_duty_that_can_be_seen(tmp_path: Path) -> None:
    with benches(tmp_path, ["node"]) as (bench,):
        found = bench.try_stranger("--long", plug=True)
    assert states(found, "broken") == {}
    assert set(states(found, "untried")) == {58, 68, 78}


@pytest.mark.soak
@pytest.mark.timeout(KIT_S)
@pytest.mark.parametrize("fault", GUILTY)
def test_a_fault_breaks_no_other_duty(tmp_path: Path, fault: str) -> None:
    with benches(tmp_path, [fault]) as (bench,):
        broken = states(bench.try_ours(fault, plug=True), "broken")
    assert set(broken) == GUILTY[fault], broken


@pytest.mark.soak
@pytest.mark.timeout(KIT_S)
def test_our_controller_holds_every_duty_that_can_be_seen(tmp_path: Path) -> None:
    assert_controller_holds(tmp_path, "--long")


@pytest.mark.timeout(KIT_S)
def test_our_controller_keeps_custody_and_believes_only_true_names(tmp_path: Path) -> None:
    assert_controller_holds(tmp_path, "--only", "13,36,79")


def assert_controller_holds(home: Path, *options: str) -> None:
    """A controller with one village more, whose only loudspeaker the kit plays, breaks nothing."""
    with Mosquitto() as broker:
        controller = Controller(home / "controller", mqtt_url=broker.url)
        controller.start()
        try:
            commune = controller.call("POST", "/demo")["communes"][0]
            village = controller.call("POST", "/units", json={"parent": commune, "name": "Thử"})["id"]
            controller.call("POST", "/nodes", json={"village": village, "names": ["Thử 1"]})
            provisions = controller.call("POST", "/nodes/provision", json={"unit": village})
            (home / "node.json").write_text(json.dumps(provisions))
            token = json.loads((controller.home / "run" / "api.json").read_text())["token"]
            found = kit("controller", "--api", controller.url, "--token", token, "--provision", home / "node.json", *options)
        finally:
            controller.kill()
    assert states(found, "broken") == {}, controller.log[-2000:]
