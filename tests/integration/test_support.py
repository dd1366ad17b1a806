"""The helpers that other tests stand on do what they say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy

from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port, wait_until_listening

ROOT = Path(__file__).parents[2]


def test_a_killed_broker_is_gone_and_comes_back_on_the_same_port(mosquitto: Mosquitto) -> None:
    first = mosquitto.pid
    mosquitto.kill()
    assert not psutil.pid_exists(first)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", mosquitto.port))
    mosquitto.start()
    assert mosquitto.pid != first


def test_a_broker_that_can_not_start_says_what_it_wrote() -> None:
    broker = Mosquitto("no_such_setting 1")
    with pytest.raises(RuntimeError, match="no_such_setting"):
        broker.start()


def test_free_ports_differ_and_waiting_for_a_dead_server_ends_at_once() -> None:
    ports = {free_port() for _ in range(50)}
    assert len(ports) == 50
    with pytest.raises(RuntimeError, match="ended before"):
        wait_until_listening(ports.pop(), still_alive=lambda: False)


def test_each_test_gets_an_empty_postgresql_that_sqlalchemy_reads_too(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_url")  # asked for late, as a fixture with parameters does
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE loa (id int)")
    engine = sqlalchemy.create_engine(url)
    assert sqlalchemy.inspect(engine).get_table_names() == ["loa"]
    engine.dispose()


def test_the_next_test_finds_its_database_empty(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row == (0,)


def test_a_test_that_leaves_a_process_fails_and_the_process_ends(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import no_child_is_left, pytest_configure\n")
    (tmp_path / "test_it.py").write_text(
        "import subprocess\nkept = []\n"
        "def test_leaves(): kept.append(subprocess.Popen(['sleep', '321']))\n"
        "def test_orphans(): subprocess.run(['sh', '-c', 'sleep 323 > /dev/null &'], check=True)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert "2 passed, 2 errors" in done.stdout, done.stdout + done.stderr
    assert all(f"sleep {number}" in done.stdout for number in (321, 323))
    running = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not [child for child in running if child.cmdline()[:1] == ["sleep"]]


def test_a_test_that_ends_what_it_started_passes() -> None:
    subprocess.run(["true"], check=True)
