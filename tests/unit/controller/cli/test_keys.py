"""`tienglang keys`: seen, changed and revoked on the files, with the root wherever it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from controller import keyfile
from controller.cli.times import parse_span
from controller.domain.errors import Refused
from scheduler.clock import SystemClock
from tests.support.stub_api import run


@pytest.fixture
def keys(home: Path) -> list[str]:
    """The kids of a station that was just set up."""
    return list(keyfile.open_or_create(home, SystemClock().now_ms(), os.urandom, "tienglang").keys)


def states(home: Path) -> dict[str, str]:
    return {key["kid"]: key["state"] for key in json.loads(run(home, "keys", "--json").stdout)["keys"]}


def test_a_key_is_rotated_and_the_list_tells_which_signs_and_which_will(home: Path, keys: list[str]) -> None:
    said = run(home, "keys", "rotate", "plan", "--after", "2h")
    assert (said.exit_code, said.stderr) == (0, "")
    (new,) = states(home).keys() - set(keys)
    assert new in said.stdout
    assert keys[0] in said.stdout
    assert states(home) == dict.fromkeys(keys, "current") | {new: "next"}
    rows = run(home, "keys").stdout.splitlines()
    assert [row.split()[:2] for row in rows[1:3]] == [["plan", keys[0]], ["plan", new]]
    assert ("đang ký" in rows[1], "sẽ ký từ" in rows[2]) == (True, True)


def test_json_names_the_new_key_and_its_moment(home: Path, keys: list[str]) -> None:
    said = json.loads(run(home, "keys", "rotate", "order", "--after", "0s", "--json").stdout)
    assert (said["use"], said["kid"].startswith("order-"), said["since"].endswith("Z")) == ("order", True, True)
    assert states(home)[keys[1]] == "old"


def test_a_key_is_revoked_and_a_new_one_signs(home: Path, keys: list[str]) -> None:
    said = json.loads(run(home, "keys", "revoke", keys[1], "--json").stdout)
    assert states(home)[said["new"]] == "current"
    shown = run(home, "keys")
    assert any(keys[1] in row and "đã thu hồi" in row for row in shown.stdout.splitlines())
    again = run(home, "keys", "revoke", keys[1])
    assert (again.exit_code, keys[1] in again.stdout) == (0, True)
    unknown = run(home, "keys", "revoke", "order-1999-x")
    assert (unknown.exit_code, "[keys.unknown]" in unknown.stderr) == (4, True)


def test_with_the_root_away_it_says_what_to_do_and_takes_the_file(home: Path, keys: list[str], tmp_path: Path) -> None:
    usb = tmp_path / "root.key"
    run(home, "keys", "take-root-off", "--to", str(usb))
    for change in (("rotate", "plan"), ("revoke", keys[0])):
        refused = run(home, "keys", *change)
        assert (refused.exit_code, "[keys.root-off]" in refused.stderr, "--root" in refused.stderr) == (4, True, True)
    assert run(home, "keys", "rotate", "plan", "--root", str(usb)).exit_code == 0
    assert run(home, "keys", "revoke", keys[0], "--root", str(usb)).exit_code == 0
    assert json.loads(run(home, "keys", "--json").stdout)["root_here"] is False
    assert run(home, "keys", "rotate", "plan", "--root", str(tmp_path / "none")).exit_code == 2


def test_wrong_words_are_told(home: Path, keys: list[str]) -> None:
    assert run(home, "keys", "rotate", "everything").exit_code == 2
    soon = run(home, "keys", "rotate", "plan", "--after", "soon")
    assert (soon.exit_code, "[usage.span]" in soon.stderr) == (2, True)
    far = run(home, "keys", "rotate", "plan", "--after", "31d")
    assert (far.exit_code, "[keys.after-long]" in far.stderr) == (4, True)
    assert set(states(home)) == set(keys)


def test_a_key_that_ends_within_sixty_days_is_told(home: Path) -> None:
    made_ms = SystemClock().now_ms() - (730 - 59) * 86_400_000
    keyfile.open_or_create(home, made_ms, os.urandom, "tienglang")
    shown = run(home, "keys").stdout
    assert shown.count("hết hạn lúc") == 6
    assert "tienglang keys rotate plan" in shown
    assert run(home, "keys", "rotate", "plan").exit_code == 0
    assert "tienglang keys rotate plan" not in run(home, "keys").stdout


@pytest.mark.parametrize(
    ("text", "ms"), [("0s", 0), ("90s", 90_000), (" 30m ", 1_800_000), ("2h", 7_200_000), ("1d", 86_400_000)]
)
def test_a_length_of_time_is_read(text: str, ms: int) -> None:
    assert parse_span(text) == ms


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "1.5h", "1h30m", "9999999d", "٣h"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_span(text)
    assert caught.value.code == "usage.span"
