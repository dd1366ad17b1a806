"""A station is backed up while it works, and comes back: here, elsewhere, on the other kind of database."""

from __future__ import annotations

import os
import stat
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from controller import keyfile
from controller.db.database import Database
from controller.db.tables import outbox, units
from controller.domain.errors import Conflict, Refused, TiengLangError
from controller.lock import alone
from tests.unit.controller.backup.conftest import NewStation, Rows, Station
from tests.unit.controller.service.house import HOUR_MS, NOW_MS

FORGOTTEN = {"sessions", "tokens", "invitations"}


def refusal(station: Station, path: Path, *, replace: bool = False) -> str:
    with pytest.raises(TiengLangError) as told:
        station.restore(path, replace=replace)
    return told.value.code


def but_what_is_forgotten(rows: Rows) -> Rows:
    """The rows that come back as they were: all but what opens doors, and wishes of sounds that are still to be prepared."""
    kept = {name: found for name, found in rows.items() if name not in FORGOTTEN}
    kept["bulletins"] = [row for row in rows["bulletins"] if row[7] is None]
    return kept


@pytest.fixture
def backup(lived: Station, tmp_path: Path) -> Path:
    return lived.back_up(tmp_path / "backup.tar").path


def test_a_backup_is_one_private_file_that_any_tar_opens(lived: Station, tmp_path: Path) -> None:
    made = lived.back_up(tmp_path / "backup.tar")
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*backup*")] == ["backup.tar"], "nothing is left beside it"
    with tarfile.open(made.path) as file:
        names = file.getnames()
    assert names[:2] == ["manifest.json", "manifest.sha256"]
    assert {"keys/master.key", "keys/root.pub", "tables/nodes", "tables/receipts"} < set(names)
    assert sum(name.startswith("clips/") for name in names) == made.clips == 2  # the sound, and a plan
    assert sum(name.startswith("uploads/") for name in names) == 1
    assert made.missing == ("c" * 64,), "a sound that was lost is told"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_all_of_it_comes_back_on_either_kind_of_database(
    lived: Station, backup: Path, new_station: NewStation, kind: str, tmp_path: Path
) -> None:
    there = new_station(kind)
    restored = there.restore(backup)
    assert (restored.made_ms, restored.program, restored.kept_keys, restored.aside) == (NOW_MS, "1.2.3", False, ())
    assert but_what_is_forgotten(there.rows()) == but_what_is_forgotten(lived.rows())
    assert there.files() == lived.files()
    assert stat.S_IMODE((there.home / "keys").stat().st_mode) == 0o700
    assert not list(there.home.glob("*-wal")), "the file is whole by itself"
    assert [path.name for path in there.home.glob(".*")] == []
    ring = keyfile.open_or_create(there.home, NOW_MS, os.urandom, "test", may_create=False)
    assert ring.master == keyfile.open_or_create(lived.home, NOW_MS, os.urandom, "test").master
    again = there.back_up(tmp_path / "again.tar")
    back = new_station("sqlite")
    back.restore(again.path)
    assert but_what_is_forgotten(back.rows()) == but_what_is_forgotten(lived.rows()), "and from there back again"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_restored_database_counts_its_letters_on(backup: Path, new_station: NewStation, kind: str) -> None:
    there = new_station(kind)
    there.restore(backup)
    database = Database(there.url)
    with database.write() as connection:
        known = list(connection.scalars(outbox.select().with_only_columns(outbox.c.id)))
        row = dict(connection.execute(outbox.select().limit(1)).mappings().one())
        del row["id"]
        added = connection.execute(outbox.insert().returning(outbox.c.id), [row]).scalar_one()
    database.close()
    assert added > max(known)


def test_nobody_is_signed_in_and_no_wish_comes_true_a_day_late(lived: Station, backup: Path, new_station: NewStation) -> None:
    assert all(len(lived.rows()[table]) == 1 for table in FORGOTTEN)
    there = new_station("sqlite")
    there.restore(backup)
    rows = there.rows()
    assert [rows[table] for table in FORGOTTEN] == [[]] * 3
    assert rows["users"] == lived.rows()["users"]
    waiting = [dict(zip(("id", "upload", "error", "wish"), (row[0], *row[7:10]), strict=True)) for row in rows["bulletins"]]
    (pending,) = [each for each in waiting if each["upload"]]
    assert (pending["error"], pending["wish"]) == ('["bulletin.restored",{}]', None)
    assert (there.home / "uploads" / str(pending["upload"])).read_bytes() == b"a recording", "its sound is kept"


def test_a_backup_is_one_moment_of_a_database_that_is_written_all_the_while(lived: Station, tmp_path: Path) -> None:
    """Two rows are always added in one commit: no backup has one without the other."""
    database = Database(lived.url)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            pair = [
                {"id": f"{side}{number}", "parent": None, "level": "village", "name": "x", "path": f"/{side}{number}/"}
                for side in "ab"
            ]
            with database.write() as connection:
                connection.execute(units.insert(), pair)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backups = [lived.back_up(tmp_path / f"{number}.tar").path for number in range(3)]
    finally:
        done.set()
        writer.join()
        database.close()
    for number, path in enumerate(backups):
        there = Station(home=tmp_path / f"r{number}", url=f"sqlite:///{tmp_path}/r{number}/tienglang.db")
        there.restore(path)
        names = [str(row[0]) for row in there.rows()["units"]]
        assert sorted(name[1:] for name in names if name[0] == "a") == sorted(name[1:] for name in names if name[0] == "b")


def test_without_clips_it_holds_none_and_those_that_are_there_stay(
    lived: Station, new_station: NewStation, tmp_path: Path
) -> None:
    made = lived.back_up(tmp_path / "small.tar", with_clips=False)
    assert (made.clips, made.missing) == (0, ())
    there = new_station("sqlite")
    name = there.store.put_bytes(b"copied beforehand")
    assert there.restore(made.path).with_clips is False
    assert there.store.has(name)


def test_into_a_folder_it_is_named_by_its_time_and_never_takes_anothers_place(lived: Station, tmp_path: Path) -> None:
    folder = tmp_path / "usb"
    folder.mkdir()
    assert lived.back_up(folder).path.name == "tienglang-20261118-110640.tar"
    with pytest.raises(Refused) as told:
        lived.back_up(folder)
    assert told.value.code == "backup.exists"


def test_where_nothing_is_there_is_nothing_to_back_up(new_station: NewStation, tmp_path: Path) -> None:
    station = new_station("sqlite")
    with pytest.raises(Refused) as told:
        station.back_up(tmp_path / "b.tar")
    assert told.value.code == "backup.nothing"
    assert not station.home.exists()


def test_under_another_name_it_is_made_all_the_same_and_the_keys_are_not_touched(lived: Station, tmp_path: Path) -> None:
    """A nightly command that was not told TIENGLANG_CONTROLLER_ID seals no trust document of another name."""
    keyfile.take_root_off(lived.home, tmp_path / "root.key")
    before = lived.files()
    lived.back_up(tmp_path / "b.tar", issuer="another-name")
    assert lived.files() == before


def test_keys_that_are_damaged_are_told_today_and_not_when_they_are_needed(lived: Station, tmp_path: Path) -> None:
    (lived.home / "keys" / "master.key").write_bytes(b"short")
    with pytest.raises(Refused) as told:
        lived.back_up(tmp_path / "b.tar")
    assert (told.value.code, told.value.fields["path"]) == ("keys.damaged", str(lived.home / "keys" / "master.key"))


# ── what is refused, and leaves everything as it was ─────────────────────────────────────────────────────────────────


def test_under_a_running_controller_nothing_is_restored(backup: Path, lived: Station) -> None:
    before = lived.files(), lived.rows()
    with alone(lived.place.run_dir):
        assert refusal(lived, backup, replace=True) == "server.running"
    assert (lived.files(), lived.rows()) == before


@pytest.mark.parametrize("there", ["keys", "uploads", "database"])
def test_what_is_not_empty_is_not_restored_over(backup: Path, new_station: NewStation, there: str) -> None:
    station = new_station("sqlite")
    station.home.mkdir()
    if there == "database":
        (station.home / "tienglang.db").write_bytes(b"something")
    else:
        (station.home / there).mkdir()
        (station.home / there / "x").touch()
    with pytest.raises(Conflict) as told:
        station.restore(backup)
    assert told.value.code == "restore.not-empty"


def test_a_postgres_database_with_anything_in_it_is_not_restored_over(backup: Path, new_station: NewStation) -> None:
    station = new_station("postgres")
    database = Database(station.url)
    database.migrate()
    database.close()
    assert refusal(station, backup) == "restore.not-empty"


# ── instead of what is there ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_replaced_is_put_aside_and_not_deleted(lived: Station, backup: Path, new_station: NewStation, kind: str) -> None:
    station = new_station(kind)
    station.home.mkdir()
    station.live()
    own = keyfile.open_or_create(station.home, NOW_MS, os.urandom, "test").master
    rows = station.rows()
    restored = station.restore(backup, replace=True)
    assert but_what_is_forgotten(station.rows()) == but_what_is_forgotten(lived.rows())
    assert (station.home / "keys.replaced-20261118-120640" / "master.key").read_bytes() == own
    assert (station.home / "keys" / "master.key").read_bytes() != own
    names = {path.name.partition(".replaced")[0] for path in restored.aside}
    assert {"keys", "uploads"} <= names
    if kind == "sqlite":
        old = Station(home=station.home, url=f"sqlite:///{station.home}/tienglang.db.replaced-20261118-120640")
        assert old.rows() == rows
    else:
        database = Database(station.url)
        with database.read() as connection:
            counted = connection.exec_driver_sql('SELECT count(*) FROM "replaced-20261118-120640".units').scalar_one()
        database.close()
        assert counted == len(rows["units"])
    assert [path.name for path in station.home.glob(".*")] == []


def test_keys_of_the_same_station_that_are_newer_than_the_backups_stay(backup: Path, lived: Station) -> None:
    """The backup is of before the root was taken off; loudspeakers that learnt of newer keys obey no older ones."""
    keyfile.take_root_off(lived.home, lived.home.parent / "root.key")
    restored = lived.restore(backup, replace=True)
    assert restored.kept_keys
    assert not keyfile.root_is_here(lived.home)
    assert not any(path.name.startswith("keys") for path in restored.aside)
    assert keyfile.open_existing(lived.home, NOW_MS, "test") is not None


def test_damaged_keys_are_replaced_by_the_backups(backup: Path, lived: Station) -> None:
    good = (lived.home / "keys" / "keys.json").read_bytes()
    (lived.home / "keys" / "keys.json").write_bytes(b"{")
    assert not lived.restore(backup, replace=True).kept_keys
    assert (lived.home / "keys" / "keys.json").read_bytes() == good


STEPS = {"sqlite": 7, "postgres": 5}
"""How many names a restore changes in place of a station that lived, with the clip that is new to it."""


@pytest.mark.parametrize(("kind", "moves"), [(kind, step) for kind, steps in STEPS.items() for step in range(steps)])
def test_a_restore_that_fails_at_any_step_leaves_what_was_there(
    lived: Station, backup: Path, new_station: NewStation, monkeypatch: pytest.MonkeyPatch, kind: str, moves: int
) -> None:
    station = new_station(kind)
    station.home.mkdir()
    station.live()
    before = station.files(), station.rows()
    real, done = os.rename, []

    def failing(source: Path, target: Path) -> None:
        if len(done) == moves:
            done.append(target)
            raise OSError(5, "Input/output error")
        done.append(target)
        real(source, target)

    monkeypatch.setattr("controller.backup.swap.os.rename", failing)
    assert refusal(station, backup, replace=True) == "disk.full"
    if (kind, moves) != ("postgres", STEPS[kind] - 1):  # after its commit only the keys are left, and nothing can be taken back
        assert (station.files(), station.rows()) == before


def test_a_server_that_dies_between_the_steps_leaves_a_home_in_which_no_controller_starts(
    backup: Path, lived: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.backup.restore._add_clips", lambda *_: (_ for _ in ()).throw(SystemError("power cut")))
    monkeypatch.setattr("controller.backup.swap.Mover.undo", lambda _: None)
    with pytest.raises(SystemError):
        lived.restore(backup, replace=True)
    with pytest.raises(Refused) as told:
        keyfile.open_or_create(lived.home, NOW_MS, os.urandom, "test", may_create=False)
    assert told.value.code == "keys.missing"
    monkeypatch.undo()
    lived.restore(backup, replace=True, now_ms=NOW_MS + 2 * HOUR_MS)
    assert keyfile.open_existing(lived.home, NOW_MS, "test") is not None


def test_sounds_and_uploads_come_from_and_go_to_a_folder_that_two_controllers_share(
    lived: Station, backup: Path, new_station: NewStation, tmp_path: Path
) -> None:
    there = replace(new_station("sqlite"), elsewhere=tmp_path / "shared")
    there.restore(backup)
    assert sorted(path.name for path in there.home.iterdir() if path.is_dir()) == ["keys", "run"]
    assert sorted(path.name for path in there.folder.iterdir()) == ["clips", "uploads"]
    again, first = there.back_up(tmp_path / "again.tar"), lived.back_up(tmp_path / "first.tar")
    assert (again.clips, again.missing) == (first.clips, first.missing)
