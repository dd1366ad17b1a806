"""What holds for every test (it leaves no process of its own behind), and the real servers a test may ask for."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings

from tests.support.mosquitto import Mosquitto
from tests.support.postgres import Postgres
from tests.support.rabbitmq import RabbitMQ

# A run must not fail by chance, nor on a busy machine; `make soak` (--hypothesis-profile soak) looks for what nobody has seen.
_ANY_PACE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", derandomize=True, max_examples=100, **_ANY_PACE)
settings.register_profile("soak", max_examples=20_000, print_blob=True, **_ANY_PACE)
settings.load_profile("default")

ROOT = Path(__file__).parent

# Python's own helpers live as long as the interpreter that started them, by design.
_PYTHONS_OWN = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
# A stopped process may need a moment to be gone after whoever stopped it has returned.
_GRACE_S = 1.0

# Servers for the whole session: a test that is the first to ask for one does not answer for it.
_session_pids: set[int] = set()


def pytest_configure() -> None:
    """Adopt orphans: a grandchild whose parent died comes to us, so that `no_child_is_left` sees it (Linux)."""
    if sys.platform == "linux":
        PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


SLOW = ("web", "system", "integration")
"""Folders whose files wait for processes, brokers and clocks, the longest first; the others compute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that wait and files that compute in turn, so that a machine is busy from the first minute to the last."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = [path for folder in SLOW for path in files if path.relative_to(ROOT).parts[0] == folder]
    computing = [path for path in files if path not in set(waiting)]
    turns = [(place / len(some), path) for some in (waiting, computing) for place, path in enumerate(some)]
    items[:] = [item for _, path in sorted(turns, key=lambda turn: turn[0]) for item in files[path]]


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    """Fail, and end, what a test started and did not stop. What a wider fixture started before it may live on."""
    before = set(_children())
    yield
    words = []
    while left := [child for child in _children().values() if _is_ours(child, before | _session_pids)]:
        _, alive = psutil.wait_procs(left, timeout=_GRACE_S)
        for child in alive:
            words.append(_words(child))
            child.kill()
        psutil.wait_procs(alive, timeout=_GRACE_S)  # and look again: it may have been starting another
    assert not words, f"the test left running: {'; '.join(words)}"


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    """A Mosquitto of this test's own, with default queues; `.url`, `.kill()`, `.start()`."""
    with Mosquitto() as broker:
        yield broker


@pytest.fixture
def rabbitmq() -> Iterator[RabbitMQ]:
    """A RabbitMQ of this test's own with its MQTT plugin; as `mosquitto`."""
    with RabbitMQ() as broker:
        yield broker


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        _session_pids.add(server.pid)
        yield server


@pytest.fixture
def postgres_url(_postgres: Postgres) -> str:
    """The URL of an empty PostgreSQL database of this test's own; the server is shared and starts when first asked for."""
    return _postgres.new_database()


def _children() -> dict[int, psutil.Process]:
    if not _has_children():
        return {}
    return {child.pid: child for child in psutil.Process().children(recursive=True)}


def _has_children() -> bool:
    """One system call: most tests have none, and reading all of /proc twice for each would cost seconds."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _is_ours(child: psutil.Process, others: set[int]) -> bool:
    """Did the test start it? Not if it, or one it descends from (a server's worker), is among `others`."""
    try:
        if child.status() == psutil.STATUS_ZOMBIE:
            return False  # has ended; only its parent has not asked yet
        if others & {child.pid, *(parent.pid for parent in child.parents() if parent.pid != os.getpid())}:
            return False
        return not any(name in " ".join(child.cmdline()) for name in _PYTHONS_OWN)
    except psutil.NoSuchProcess:
        return False


def _words(child: psutil.Process) -> str:
    try:
        return f"{child.pid} {' '.join(child.cmdline())[:200]}"
    except psutil.Error:
        return str(child.pid)
