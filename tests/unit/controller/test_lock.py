from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller.domain.errors import Conflict
from controller.lock import alone, alone_with, is_held, name_of

HOLDER = """
import sys
from pathlib import Path
from controller.lock import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_who_has_the_home_has_it_alone_and_whoever_comes_is_told(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert not is_held(run)
    assert not run.exists()
    with alone(run):
        assert is_held(run)
        with pytest.raises(Conflict) as told, alone(run):
            raise AssertionError("two have it")
        assert (told.value.code, told.value.fields["home"]) == ("server.running", str(tmp_path))
    assert not is_held(run)
    with alone(run):
        pass


def test_a_holder_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"
    assert is_held(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    holder.stdin.close()
    holder.stdout.close()
    assert not is_held(tmp_path)


def test_a_database_that_is_a_file_has_one_server_whatever_homes_there_are(tmp_path: Path) -> None:
    file = tmp_path / "tl.db"
    with alone_with(file):
        with pytest.raises(Conflict), alone_with(file):
            raise AssertionError("two have it")
        with alone_with(None), alone_with(None), alone_with(tmp_path / "nowhere" / "tl.db"):
            pass
    with alone_with(file):
        pass


def test_a_home_keeps_its_name_over_starts_and_a_copy_has_another(tmp_path: Path) -> None:
    with alone(tmp_path / "run"):
        name = name_of(tmp_path / "run")
    with alone(tmp_path / "run"):
        assert name_of(tmp_path / "run") == name
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    assert name_of(tmp_path / "copy") != name
    assert len(name) == 32


def test_where_there_is_no_home_yet_no_name_is_given_twice(tmp_path: Path) -> None:
    assert name_of(tmp_path) != name_of(tmp_path)
