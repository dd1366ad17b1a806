"""`tienglang backup` and `restore` at the command line: what they say, and with which code they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.cli import tienglang
from controller.cli.sentences import CODES
from tests.unit.controller.backup.conftest import Station
from tests.unit.house.tree import ROOT


@pytest.fixture
def station(home: Path) -> Station:
    """A station that lived, in the home of the command."""
    home.mkdir()
    station = Station(home=home, url=f"sqlite:///{home}/tienglang.db")
    station.live()
    return station


def run(home: Path, *words: str) -> Result:
    environ = {"TIENGLANG_HOME": str(home), "TIENGLANG_CONTROLLER_ID": "test"}
    return CliRunner(env=environ).invoke(tienglang, words, prog_name="tienglang")


def test_a_backup_is_made_and_restored_and_each_step_is_told(station: Station, home: Path, tmp_path: Path) -> None:
    path, there = tmp_path / "b.tar", tmp_path / "there"
    made = run(home, "backup", str(path), "--english")
    assert made.exit_code == 0, made.output
    assert f"The backup is {path}" in made.output
    assert "1 sounds that the database names are lost or damaged here" in made.output
    back = run(there, "restore", str(path), "--english")
    assert back.exit_code == 0, back.output
    assert back.output.startswith("Restored the backup of ")
    assert "docs/lenh.md" in back.output
    again = run(there, "restore", str(path))
    assert (again.exit_code, "[restore.not-empty]" in again.output) == (4, True)
    replaced = json.loads(run(there, "restore", str(path), "--replace", "--json").output)
    assert (replaced["kept_keys"], replaced["with_clips"], len(replaced["aside"])) == (True, True, 2)


def test_without_clips_it_says_where_the_sounds_must_come_from(station: Station, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    assert json.loads(run(home, "backup", str(path), "--without-clips", "--json").output)["clips"] == 0
    assert "copy the station's clips folder" in run(tmp_path / "there", "restore", str(path), "--english").output


def test_where_it_can_not_be_written_that_is_told(station: Station, home: Path, tmp_path: Path) -> None:
    nowhere = run(home, "backup", str(tmp_path / "no" / "such" / "folder.tar"))
    assert (nowhere.exit_code, "[usage.write]" in nowhere.output) == (2, True)
    assert run(tmp_path / "empty", "backup", str(tmp_path / "x.tar")).exit_code == 4


def test_each_refusal_of_theirs_has_its_sentences() -> None:
    for module in ("manifest", "archive", "make", "restore"):
        source = (ROOT / "controller" / "backup" / f"{module}.py").read_text()
        raised = {word.split('"')[1] for word in source.split("raise ")[1:] if '"' in word}
        assert {code for code in raised if code.startswith(("backup.", "restore."))} <= CODES.keys()
