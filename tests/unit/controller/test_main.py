"""What the composition root decides itself: whose keys these are, and who acts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import keyfile
from controller.config import Settings, load
from controller.db.database import Database
from controller.db.unit_of_work import UnitOfWork
from controller.domain.errors import Refused
from controller.main import _lease
from controller.opening import open_keys
from controller.service.clock_guard import ClockGuard
from controller.service.lease import Lease, Sole
from controller.service.papers import Papers, bases_of
from scheduler.clock import VirtualClock

NOW_MS = 1_795_000_000_000
CLOCK = VirtualClock(NOW_MS)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[UnitOfWork]:
    """The database that two homes use, in which the first one's trust document is written."""
    database = Database(f"sqlite:///{tmp_path / 'tl.db'}")
    database.migrate()
    work = UnitOfWork(database, ClockGuard(CLOCK), b"key")
    first = keyfile.open_or_create(tmp_path / "first", NOW_MS, os.urandom, "tienglang")
    with work.writing() as tx:
        tx.documents.set([Papers(keyring=first, bases=()).trust()])
    yield work
    database.close()


def settings(home: Path, **more: str) -> Settings:
    return load({"TIENGLANG_HOME": str(home), **more}).settings


def test_a_second_home_with_a_copy_of_the_keys_has_them(work: UnitOfWork, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "first" / "keys", tmp_path / "second" / "keys")
    ring = open_keys(settings(tmp_path / "second"), work, CLOCK)
    assert ring.master == open_keys(settings(tmp_path / "first"), work, CLOCK).master


def test_a_second_home_without_keys_makes_none_of_its_own(work: UnitOfWork, tmp_path: Path) -> None:
    with pytest.raises(Refused) as told:
        open_keys(settings(tmp_path / "second"), work, CLOCK)
    assert told.value.code == "keys.missing"
    assert not (tmp_path / "second" / "keys").exists()


def test_a_second_home_with_keys_of_another_station_does_not_start(work: UnitOfWork, tmp_path: Path) -> None:
    keyfile.open_or_create(tmp_path / "second", NOW_MS, os.urandom, "tienglang")
    with pytest.raises(Refused) as told:
        open_keys(settings(tmp_path / "second"), work, CLOCK)
    assert told.value.code == "keys.exchanged"


def test_on_sqlite_a_controller_acts_by_itself_and_on_postgresql_by_the_lease(work: UnitOfWork, tmp_path: Path) -> None:
    sole = _lease(settings(tmp_path), work, CLOCK)
    assert isinstance(sole, Sole)
    assert sole.acts()
    both = _lease(settings(tmp_path, TIENGLANG_DATABASE_URL="postgresql:///none"), work, CLOCK)
    assert isinstance(both, Lease)
    assert not both.acts()


def test_sounds_and_uploads_are_in_the_home_unless_they_are_shared(tmp_path: Path) -> None:
    assert settings(tmp_path).files == tmp_path
    assert settings(tmp_path, TIENGLANG_FILES="/srv/tienglang").files == Path("/srv/tienglang")


def test_loudspeakers_are_told_of_both_controllers_this_one_first() -> None:
    assert bases_of("https://may1.vn/", None) == ("https://may1.vn/clips",)
    assert bases_of("https://may1.vn", "https://may2.vn") == ("https://may1.vn/clips", "https://may2.vn/clips")
