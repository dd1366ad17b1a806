"""The doctor before real brokers, disks and databases, whole and broken: it sees it, says so, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from audio.store import Store
from controller import keyfile
from controller.config import load
from controller.db.database import Database
from controller.doctor.database import look_at_database
from controller.doctor.probes import look_at_broker, look_at_disk, look_at_keys, look_at_server
from controller.lock import alone
from controller.protocol.messages import Use
from scheduler.clock import SystemClock
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.stack import BIN, Controller

NOW_MS = 1_795_000_000_000
CLOCK = SystemClock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with keys and an empty database."""
    home = tmp_path / "home"
    keyfile.open_or_create(home, NOW_MS, os.urandom, "tienglang")
    database = Database(f"sqlite:///{home}/tienglang.db")
    database.migrate()
    database.close()
    return home


def doctor(home: Path, **environ: str) -> tuple[int, dict[str, str]]:
    """The exit code, and each area's worst code."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIENGLANG_")}
    done = subprocess.run(
        [BIN / "tienglang", "doctor", "--json"],
        env=kept | {"TIENGLANG_HOME": str(home)} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, {each["area"]: each["code"] for each in json.loads(done.stdout)}


def trouble(url: str) -> str:
    seen = look_at_database(url)
    assert seen is not None
    return seen.trouble[0] if seen.trouble else "none"


def files(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


# ── the database ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_database_of_either_kind_is_known_by_its_revision(home: Path, postgres_url: str) -> None:
    postgres = Database(postgres_url)
    postgres.migrate()
    postgres.close()
    for url in (f"sqlite:///{home}/tienglang.db", postgres_url):
        seen = look_at_database(url)
        assert seen is not None
        assert (seen.trouble, seen.revision, seen.nodes, seen.newest_ms) == (None, seen.known[0], 0, None)


def test_a_file_that_is_damaged_is_told_and_left_alone(home: Path) -> None:
    path = home / "tienglang.db"
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
    path.write_bytes(data)
    before = files(home)
    assert trouble(f"sqlite:///{path}") == "damaged"
    path.write_bytes(b"this is no database at all" * 1000)
    assert trouble(f"sqlite:///{path}") == "damaged"
    path.write_bytes(data)
    assert files(home) == before


def test_a_database_that_is_held_or_may_not_be_written_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.doctor.database.BUSY_MS", 100)
    path = home / "tienglang.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert trouble(f"sqlite:///{path}") == "locked"
    other.execute("ROLLBACK")
    other.execute("CREATE TRIGGER no BEFORE UPDATE ON alembic_version BEGIN SELECT raise(ABORT, 'readonly'); END")
    other.close()
    assert trouble(f"sqlite:///{path}") == "read-only"


def test_a_postgres_that_is_away_or_may_not_be_written_is_told(postgres_url: str, tmp_path: Path) -> None:
    assert trouble(f"postgresql+psycopg://postgres@/t?host={tmp_path}") == "away"
    database = Database(postgres_url)
    database.migrate()
    with database.write() as connection:
        connection.exec_driver_sql("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    assert trouble(postgres_url.replace("postgres@", "reader@")) == "read-only"
    with database.write() as connection:
        connection.exec_driver_sql("DROP OWNED BY reader; DROP ROLE reader")
    database.close()


def test_the_newest_moment_is_that_of_the_last_commit(home: Path) -> None:
    database = Database(f"sqlite:///{home}/tienglang.db")
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO marks VALUES ('commit', 1795000000123)")
    database.close()
    seen = look_at_database(f"sqlite:///{home}/tienglang.db")
    assert seen is not None
    assert seen.newest_ms == 1_795_000_000_123


# ── the keys, the disk ───────────────────────────────────────────────────────────────────────────────────────────────


def test_keys_are_looked_at_and_not_touched_not_even_under_another_name(home: Path) -> None:
    before = files(home)
    seen = look_at_keys(home, NOW_MS, "another-name")  # a controller of that name would seal the trust document anew
    assert seen is not None
    assert (seen.refused, seen.root_here, len(seen.keys) > 3) == (None, True, True)
    assert files(home) == before


def test_a_key_that_was_replaced_is_no_matter_of_concern(home: Path) -> None:
    before = look_at_keys(home, NOW_MS, "tienglang")
    keyfile.rotate(home, Use.PLAN, now_ms=NOW_MS, after_ms=0, random=os.urandom, issuer="tienglang")
    after = look_at_keys(home, NOW_MS, "tienglang")
    assert before is not None
    assert after is not None
    assert len(after.keys) == len(before.keys)
    assert len({key.kid for key in before.keys} - {key.kid for key in after.keys}) == 1


def test_keys_that_no_controller_would_start_with_are_named_where_they_are(home: Path) -> None:
    path = home / "keys" / "master.key"
    path.chmod(0o640)
    seen = look_at_keys(home, NOW_MS, "tienglang")
    assert seen is not None
    assert seen.refused == ("keys.open-to-others", {"path": str(path)})


def test_a_disk_into_which_nothing_can_be_written_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = look_at_disk(home)
    assert whole is not None
    assert (whole.trouble, whole.free > 0) == (None, True)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("controller.doctor.probes.os.fsync", full)
    seen = look_at_disk(home)
    assert seen is not None
    assert seen.trouble == "No space left on device"
    assert not list(home.glob(".doctor-*"))


# ── the broker ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_broker_that_carries_our_word_there_and_back_is_well(mosquitto: Mosquitto) -> None:
    seen = look_at_broker(mosquitto.url, CLOCK)
    assert seen.trouble is None
    assert seen.echo_ms is not None


def test_a_broker_that_is_away_is_told() -> None:
    assert "refused" in (look_at_broker(f"mqtt://127.0.0.1:{free_port()}", CLOCK).trouble or "")


def test_a_broker_that_does_not_know_us_is_told_without_the_password() -> None:
    with Mosquitto("allow_anonymous false\n") as broker:
        seen = look_at_broker(broker.url.replace("//", "//controller:secret@"), CLOCK)
    assert seen.trouble is not None
    assert "secret" not in seen.address


def test_a_broker_that_lets_us_in_and_carries_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.doctor.probes.ECHO_S", 0.3)
    with TemporaryDirectory() as folder:  # not pytest's: Mosquitto gives up root before it reads its rules
        rules = Path(folder) / "acl"
        rules.write_text("topic read tl/1/#\n")
        rules.chmod(0o644)
        Path(folder).chmod(0o755)
        with Mosquitto(f"allow_anonymous true\nacl_file {rules}\n") as broker:
            seen = look_at_broker(broker.url, CLOCK)
    assert (seen.trouble, seen.echo_ms) == (None, None)


# ── the whole ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_before_a_running_server_all_is_well_and_nothing_is_changed(tmp_path: Path, mosquitto: Mosquitto) -> None:
    controller = Controller(tmp_path / "home", mqtt_url=mosquitto.url)
    try:
        controller.start()
        keys = {path: path.read_bytes() for path in (controller.home / "keys").iterdir()}
        done = controller.cli("doctor", "--json")
        assert done.returncode == 0, done.stdout
        said: list[dict[str, Any]] = json.loads(done.stdout)
        assert {each["code"] for each in said if each["verdict"] == "ok"} == {
            f"{area}.ok" for area in ("disk", "clock", "database", "broker", "server")
        }
        assert {path: path.read_bytes() for path in (controller.home / "keys").iterdir()} == keys
    finally:
        controller.kill()


def test_where_nothing_is_yet_there_is_advice_and_nothing_is_made(tmp_path: Path) -> None:
    code, said = doctor(tmp_path / "nowhere")
    assert (code, said["keys"], said["database"], said["server"]) == (0, "keys.not-yet", "database.not-yet", "server.none")
    assert not (tmp_path / "nowhere").exists()


def test_a_station_in_which_all_is_broken_is_looked_through_to_the_end(home: Path) -> None:
    (home / "tienglang.db").write_bytes(b"no database" * 1000)
    (home / "keys" / "keys.json").write_bytes(b"{")
    code, said = doctor(home, TIENGLANG_MQTT_URL=f"mqtt://127.0.0.1:{free_port()}")
    assert code == 1
    assert (said["keys"], said["database"], said["broker"], said["disk"]) == (
        "keys.damaged",
        "database.damaged",
        "broker.away",
        "disk.ok",
    )


def test_loudspeakers_without_keys_are_the_worst(home: Path) -> None:
    database = sqlite3.connect(home / "tienglang.db")
    database.execute("INSERT INTO units VALUES ('x1', NULL, 'village', 'x', '/x1/')")
    database.execute("INSERT INTO nodes VALUES ('x1-l1', 'x1', 'loa', 1, 0, NULL)")
    database.commit()
    database.close()
    shutil.rmtree(home / "keys")
    code, said = doctor(home)
    assert (code, said["keys"]) == (1, "keys.lost")


def test_a_controller_that_looks_for_sounds_elsewhere_is_told(home: Path) -> None:
    sound = Store(home / "clips").put_bytes(b"OggS")
    database = sqlite3.connect(home / "tienglang.db")
    database.execute("INSERT INTO clips VALUES (?, 4, 1, 'speech', -16.0, -1.0, x'00', 0)", [sound])
    database.commit()
    database.close()
    assert doctor(home)[1]["disk"] == "disk.ok"
    (home / "elsewhere").mkdir()
    code, said = doctor(home, TIENGLANG_FILES=str(home / "elsewhere"))
    assert (code, said["disk"]) == (1, "disk.sound-missing")


def test_a_server_that_hangs_is_told(home: Path) -> None:
    settings = load({"TIENGLANG_HOME": str(home)}).settings
    with alone(settings.run_dir):
        assert look_at_server(settings).status == 0
        settings.api_file.write_text(json.dumps({"url": f"http://127.0.0.1:{free_port()}", "token": "x"}))
        seen = look_at_server(settings)
    assert (seen.runs, seen.status) == (True, 0)
    assert not look_at_server(settings).runs
