"""A whole HTTP face over real use cases and a SQLite file; only the broker and the sound's preparation are not there."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import pytest
from fastapi import FastAPI

from audio.clip import Clip, Part, Progress
from audio.errors import AudioError
from audio.store import Store
from controller import keyfile
from controller.db.database import Database
from controller.db.unit_of_work import UnitOfWork
from controller.domain.rights import OPERATOR, Role
from controller.service.airings import Airings
from controller.service.alarms import Alarms
from controller.service.approvals import Approvals
from controller.service.bulletins import Bulletins
from controller.service.bus import LocalBus
from controller.service.clock_guard import ClockGuard
from controller.service.coverage import Coverages
from controller.service.days import Days
from controller.service.demo import make_demo
from controller.service.feeds import Feeds
from controller.service.inspection import Inspection
from controller.service.invitations import Invitations
from controller.service.keyring import Keyring
from controller.service.lease import Sole
from controller.service.logbook import Log
from controller.service.node_tests import NodeTests
from controller.service.nodes import Nodes
from controller.service.papers import Papers
from controller.service.passwords import Passwords
from controller.service.plans import Plans
from controller.service.policies import Policies
from controller.service.previews import Previews
from controller.service.programmes import Programmes
from controller.service.reports import Reports
from controller.service.sessions import Sessions
from controller.service.timekeeping import Timekeeping
from controller.service.tokens import Tokens
from controller.service.trail import Trail
from controller.service.units import Units
from controller.service.users import Users
from controller.service.vault import Vault
from controller.web.app import Services, faces, furnished
from scheduler.clock import VirtualClock
from tests.support.served import served

NOW_MS = 1_795_000_000_000
PASSWORD = "lung-vai-2026"


@dataclass
class House:
    """The services, and what a test turns by hand: the clock and the bulletins' worker."""

    services: Services
    clock: VirtualClock
    work: UnitOfWork

    def prepare_all(self) -> None:
        """Prepare what waits, in this thread."""
        bulletins = self.services.bulletins
        with self.work.reading() as tx:
            waiting = tx.bulletins.unprepared()
        for draft in waiting:
            bulletins._prepare_one(draft)


class FakePrepare:
    """Keeps the upload as if it were a clip; a file that begins with "bad" is refused."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(
        self, source: Path, *, part: Part, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> Clip:
        data = source.read_bytes()
        on_progress(Progress(step="read", fraction=0.5))
        if data.startswith(b"bad"):
            raise AudioError("audio.truncated")
        name = self.store.put_bytes(b"OggS" + data)
        return Clip(
            sha256=name,
            size=len(data) + 4,
            duration_ms=3_000,
            kind="speech",
            loudness_lufs=-16.0,
            true_peak_dbtp=-1.8,
            peaks=bytes(800),
        )


def fake_phrase(store: Store) -> Clip:
    """A test phrase of four seconds."""
    sha256 = store.put_bytes(b"OggS chime")
    return Clip(
        sha256=sha256, size=10, duration_ms=4_000, kind="music", loudness_lufs=-16.0, true_peak_dbtp=-1.8, peaks=bytes(800)
    )


@pytest.fixture
def anyio_backend() -> str:
    """The loop that async tests run on."""
    return "asyncio"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, migrated once for all tests."""
    path = tmp_path_factory.mktemp("template") / "tl.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture
def house(tmp_path: Path, migrated: Path) -> Iterator[House]:
    """Real services, and one account."""
    shutil.copy(migrated, tmp_path / "tl.db")
    database = Database(f"sqlite:///{tmp_path / 'tl.db'}")
    clock = VirtualClock(NOW_MS, 1_000_000)
    guard = ClockGuard(clock)
    held = keyfile.open_or_create(tmp_path / "keys", NOW_MS, Random(7).randbytes, "test").held
    keyring = Keyring(held, may_sign=guard.may_sign)
    files, bus, work = Store(tmp_path / "clips"), LocalBus(), UnitOfWork(database, guard, keyring.trail_key)
    bases = ("http://127.0.0.1:8080/clips",)
    papers = Papers(keyring=keyring, bases=bases)
    plans = Plans(database=work, keyring=keyring, files=files, clock=clock, bus=bus)
    airings = Airings(database=work, keyring=keyring, plans=plans, clock=clock, bus=bus)
    lease = Sole(place="may-1:8080", clock=clock)
    passwords = Passwords(memory_kib=64)
    users = Users(database=work, passwords=passwords, clock=clock)
    services = Services(
        airings=airings,
        bulletins=Bulletins(
            database=work, airings=airings, prepare=FakePrepare(files), uploads=tmp_path / "uploads", clock=clock, bus=bus
        ),
        approvals=Approvals(database=work, airings=airings, clock=clock, bus=bus),
        reports=Reports(database=work),
        log=Log(database=work, clock=clock),
        programmes=Programmes(database=work, clock=clock),
        policies=Policies(database=work, papers=papers, clock=clock, bus=bus),
        days=Days(database=work, clock=clock),
        previews=Previews(database=work, clock=clock),
        feeds=Feeds(database=work),
        trail=Trail(database=work, key=keyring.trail_key),
        units=Units(database=work, clock=clock),
        nodes=Nodes(
            database=work,
            keyring=keyring,
            papers=papers,
            plans=plans,
            clock=clock,
            bus=bus,
            broker="mqtt://x:1883",
            bases=bases,
        ),
        node_tests=NodeTests(
            database=work, keyring=keyring, clock=clock, bus=bus, phrase=lambda: fake_phrase(files), has=files.has
        ),
        inspection=Inspection(database=work, clock=clock),
        alarms=Alarms(database=work, clock=clock),
        coverage=Coverages(database=work, clock=clock),
        timekeeping=Timekeeping(database=work, guard=guard, papers=papers, plans=plans, bus=bus),
        acting=lease.acting,
        users=users,
        sessions=Sessions(database=work, passwords=passwords, vault=Vault(keyring.vault_key), clock=clock),
        tokens=Tokens(database=work, clock=clock),
        invitations=Invitations(database=work, passwords=passwords, clock=clock),
        clips=files,
        bus=bus,
        clock=clock,
        uploads=tmp_path / "uploads",
        local_token="the-local-token",
        make_demo=lambda by: make_demo(by, database=work, users=users, clock=clock, allowed=True),
    )
    users.add("canbo", PASSWORD, [(Role.ADMIN, None)], by=OPERATOR)
    yield House(services=services, clock=clock, work=work)
    database.close()


@pytest.fixture
def nobody(house: House) -> Iterator[httpx.Client]:
    """A browser that is not signed in."""
    with browser(house) as client:
        yield client


@pytest.fixture
def officer(nobody: httpx.Client) -> httpx.Client:
    """A browser that is signed in."""
    assert nobody.post("/api/v1/session", json={"name": "canbo", "password": PASSWORD}).status_code == 201
    return nobody


_idle: list[FastAPI] = []
"""Faces that no server has at the moment: to build them takes longer than most tests."""


@contextmanager
def browser(house: House) -> Iterator[httpx.Client]:
    """A client that says where it comes from, as browsers do."""
    app = _idle.pop() if _idle else faces()
    with served(furnished(app, house.services)) as url, httpx.Client(base_url=url, headers={"Origin": url}) as client:
        yield client
    _idle.append(app)


def sha256(data: bytes) -> str:
    """The name of bytes."""
    return hashlib.sha256(data).hexdigest()
