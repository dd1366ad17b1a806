"""Where system tests take place: a broker and a database, and on them a controller and a fleet as processes of their own.

A test that asks for `place` runs on Mosquitto and SQLite; `make soak` runs it on all combinations.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Container, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from _pytest.mark import ParameterSet
from sqlalchemy import text

from audio import edit
from audio.decode import decode
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.rabbitmq import RabbitMQ
from tests.support.stack import SERVE, SIMULATOR, SPEECH, FleetProcess, Program, Stack, crashing

HAPPENS_S = 60
"""Whatever must happen happens in this time: nodes say a receipt again after 10 to 12 s, and machines may be busy."""

FLEET = ("--retry-max", "1", "--back", "1")
"""Loudspeakers that come back soon: a test has no minutes."""


@dataclass(slots=True)
class Place:
    """One broker and one database. `broker` None is the embedded one, which the controller starts itself."""

    home: Path
    broker: Mosquitto | RabbitMQ | None
    database_url: str | None
    broker_port: int

    def stack(self, *fleet: str, nodes: int = 40, first: Program | None = None, simulator: Program = SIMULATOR) -> Stack:
        """A controller with the demo's forty loudspeakers; enter it. `fleet`: more options of theirs; `first`: see Stack."""
        return Stack(
            self.home,
            mqtt_url=self.broker.url if self.broker else None,
            database_url=self.database_url,
            nodes=nodes,
            fleet=(*FLEET, *fleet),
            program=SERVE if self.broker else self.crashing(),
            first=first,
            simulator=simulator,
        )

    def crashing(self, point: str | None = None, passage: int = 1, *, clock: Path | None = None) -> Program:
        """As `stack.crashing`; an embedded broker begins on a port of this place's own, for tests run side by side."""
        return crashing(point, passage, clock=clock, broker_port=None if self.broker else self.broker_port)

    def kill_broker(self, stack: Stack) -> None:
        """End the broker without a word: its memory is gone."""
        if self.broker:
            self.broker.kill()
        else:
            self._embedded(stack).kill()

    def revive_broker(self) -> None:
        """Start it again on its port; the embedded one is its controller's to start."""
        if self.broker:
            self.broker.start()

    @staticmethod
    def _embedded(stack: Stack) -> psutil.Process:
        children = psutil.Process(stack.controller.pid).children()
        return next(child for child in children if "broker_child.py" in " ".join(child.cmdline()))


Heard = TypeVar("Heard", bound=AbstractContextManager[Any])


@contextmanager
def overheard(place: Place, nodes: int, listen: Callable[[Stack, list[str]], Heard]) -> Iterator[tuple[Stack, Heard]]:
    """A controller, some loudspeakers of both communes, and somebody (`listen(stack, nodes)`) who was there at their birth."""
    with place.stack(nodes=0) as stack:
        provisions = stack.controller.call("POST", "/nodes/provision", json={})
        chosen = provisions[:: len(provisions) // nodes][:nodes]
        with listen(stack, [each["node"] for each in chosen]) as somebody:
            stack.fleet.kill()
            stack.fleet = FleetProcess(place.home / "overheard", chosen, FLEET)
            stack.fleet.start()
            yield stack, somebody


COMMON = list(itertools.product(("mosquitto", "embedded"), ("sqlite", "postgresql")))
COMBINATIONS = [*COMMON, ("rabbitmq", "sqlite")]


def _params(usual: Container[tuple[str, str]]) -> list[ParameterSet]:
    """All combinations; those that are not `usual` in the soak run only."""
    return [pytest.param(each, id="-".join(each), marks=() if each in usual else pytest.mark.soak) for each in COMBINATIONS]


def _place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    broker, database = request.param
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    running = None if broker == "embedded" else request.getfixturevalue(broker)
    return Place(home=tmp_path, broker=running, database_url=url, broker_port=free_port())


@pytest.fixture(params=_params(usual=COMMON[:1]))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Mosquitto and SQLite; in the soak run also all other combinations."""
    return _place(request, tmp_path)


@pytest.fixture(params=_params(usual=COMMON))
def every_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Mosquitto and the embedded broker on both databases, in every run; in the soak run also RabbitMQ."""
    return _place(request, tmp_path)


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of real speech."""
    return excerpt(tmp_path_factory.mktemp("short") / "short.wav", 2_000)


@pytest.fixture(scope="session")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of real speech: time to do something in the middle of it."""
    return excerpt(tmp_path_factory.mktemp("longer") / "longer.wav", 6_000)


def excerpt(path: Path, length_ms: int) -> Path:
    """The first `length_ms` of what the repository's speech says, as a WAV."""
    pieces: list[Any] = list(decode(SPEECH))
    edit.save_wav(edit.trim(edit.join(pieces[: length_ms // 1000 + 2]), start_ms=300, end_ms=300 + length_ms), path)
    return path


# ── what every test looks at in the end ──────────────────────────────────────────────────────────────────────────────


def starts(stack: Stack, airing: str) -> Counter[str]:
    """How often each loudspeaker began to sound this airing, by the fleet's own log."""
    return Counter(sound["node"] for sound in stack.fleet.sounds() if sound["airing"] == airing and sound["end"] is None)


def assert_heard_once(stack: Stack, airing: str, timeout_s: float = HAPPENS_S) -> None:
    """Every loudspeaker finishes in the ledger, sounded it exactly once, and every word of it is in custody."""
    stack.wait_ledger(airing, "finished", timeout_s)
    assert starts(stack, airing) == dict.fromkeys(stack.fleet.nodes, 1)
    assert_nothing_twice(stack)
    until(lambda: not without_custody(stack, airing), f"all receipts come home from {without_custody(stack, airing)}")


def without_custody(stack: Stack, airing: str) -> list[str]:
    """The loudspeakers of which a word about this airing, or any word before the last one, is not in the database."""
    with stack.database() as database:
        said = database.execute(text("SELECT node, state FROM receipts WHERE airing = :it"), {"it": airing}).all()
        seqs = database.execute(text("SELECT node, count(DISTINCT seq), max(seq) FROM receipts GROUP BY node")).all()
        upto = {row.node: row.upto for row in database.execute(text("SELECT node, upto FROM custody"))}
    words = set(said)
    whole = {node for node, number, last in seqs if number == last == upto.get(node)}
    rungs = ("accepted", "started", "finished")
    return [node for node in stack.fleet.nodes if node not in whole or not {(node, rung) for rung in rungs} <= words]


def assert_nothing_twice(stack: Stack) -> None:
    """No (node, airing) began more than once; no engine failed."""
    began = Counter((sound["node"], sound["airing"]) for sound in stack.fleet.sounds() if sound["end"] is None)
    assert [pair for pair, times in began.items() if times > 1] == []
    assert stack.fleet.ask(stats=True)["stats"]["counts"].get("engine_errors", 0) == 0


def until(reached: Callable[[], bool], what: str, timeout_s: float = HAPPENS_S) -> None:
    """Wait until it is so; AssertionError that says what did not happen."""
    try:
        Stack.wait_for(reached, timeout_s)
    except TimeoutError:
        raise AssertionError(f"it did not happen in {timeout_s} s: {what}") from None
