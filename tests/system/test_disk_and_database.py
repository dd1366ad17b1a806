"""The database locked, and the disk full, for a while: a clear code, a living controller, and nothing lost when it is over."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.mosquitto import Mosquitto
from tests.support.stack import Stack
from tests.system.conftest import FLEET, assert_heard_once, until
from tests.system.test_killed_controller import upload

DISK_MB = 32
"""Of the small disk: a home with its database, and the unfinished sound of two seconds."""


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Somebody else (a shell, a backup) holds the database's one writer while the block runs."""
    with sqlite3.connect(home / "controller" / "tienglang.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
    other.close()


def post(stack: Stack, bulletin: str) -> tuple[int, dict[str, Any]]:
    answer = stack.controller.raw("POST", "/airings", json={"bulletin": bulletin, "to": [stack.communes[1]]})
    return answer.status_code, answer.json()


@pytest.mark.wire(89)
def test_a_locked_database_is_told_and_survived(mosquitto: Mosquitto, tmp_path: Path, short: Path) -> None:
    with Stack(tmp_path, mqtt_url=mosquitto.url, fleet=FLEET) as stack:
        bulletin = stack.clip(short)
        airing = stack.say(bulletin, to=[stack.communes[0]], lead_ms=3_000)
        with locked(tmp_path):
            begun = time.monotonic()
            status, said = post(stack, bulletin)
            assert (status, said["code"]) == (503, "database.locked")
            assert time.monotonic() - begun < 15, "a person does not wait longer for a no"
            assert stack.controller.raw("GET", f"/airings/{airing}").status_code == 200, "who only reads is not concerned"
            until(lambda: len(stack.fleet.sounds()) == 44, "they play all the same")
            assert "finished" not in stack.ledger(airing).values()
        until(lambda: set(stack.ledger(airing).values()) == {"finished"}, "their receipts come home")
        again = stack.say(bulletin, lead_ms=1_500)
        assert_heard_once(stack, again)
        assert [each["id"] for each in stack.controller.call("GET", "/airings")] == [again, airing]


@pytest.mark.wire(89)
def test_a_full_disk_is_told_and_survived(mosquitto: Mosquitto, tmp_path: Path, short: Path) -> None:
    with small_disk(tmp_path / "controller") as disk, Stack(tmp_path, mqtt_url=mosquitto.url, fleet=FLEET) as stack:
        bulletin = stack.clip(short)
        airing = stack.say(bulletin, to=[stack.communes[0]], lead_ms=3_000)
        until(lambda: set(stack.ledger(airing).values()) == {"cached"}, "all have it")
        fill(disk)
        kept = until_refused(stack, bulletin)
        form = {"title": "Thử loa", "to": stack.communes}
        with short.open("rb") as file:
            answer = stack.controller.raw("POST", "/bulletins", data=form, files={"file": file})
        assert answer.status_code == 503, answer.text
        assert answer.json()["code"] in ("disk.full", "database.full")
        until(lambda: len(stack.fleet.sounds()) >= 44, "they play all the same")
        assert stack.controller.raw("GET", "/units").status_code == 200
        (disk / "filler").unlink()
        until(lambda: set(stack.ledger(airing).values()) == {"finished"}, "their receipts come home")
        for each in kept:  # what was answered 201 is kept
            assert stack.controller.call("GET", f"/airings/{each}")["airing"]["id"] == each
        again = stack.say(bulletin, to=[stack.communes[0]], lead_ms=1_500)
        until(lambda: set(stack.ledger(again).values()) == {"finished"}, "the next one airs")


def test_a_sound_that_was_taken_in_before_the_disk_was_full_is_prepared_and_aired_after(
    mosquitto: Mosquitto, tmp_path: Path, longer: Path
) -> None:
    with small_disk(tmp_path / "controller") as disk, Stack(tmp_path, mqtt_url=mosquitto.url, fleet=FLEET) as stack:
        (disk / "filler").write_bytes(bytes(free_bytes(disk) - 1_500_000))  # room for the upload, not for preparing it
        bulletin = upload(stack, longer, lead_ms=1_500)
        time.sleep(5)
        told = stack.controller.call("GET", f"/bulletins/{bulletin}")
        assert (told["state"], told["error"]) == ("draft", None)
        (disk / "filler").unlink()
        until(lambda: stack.controller.call("GET", f"/bulletins/{bulletin}")["airing"] is not None, "it is aired")
        (airing,) = [each["id"] for each in stack.controller.call("GET", "/airings")]
        assert_heard_once(stack, airing)


# ── a small disk ─────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of DISK_MB at `folder` (Linux: root mounts a tmpfs)."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk (tmpfs) to fill")
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this machine lets not even root mount a tmpfs: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def free_bytes(disk: Path) -> int:
    stat = os.statvfs(disk)
    return stat.f_bavail * stat.f_frsize


def fill(disk: Path) -> None:
    """Not one more byte fits."""
    with (disk / "filler").open("ab", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return


def until_refused(stack: Stack, bulletin: str) -> list[str]:
    """Decide until the database has no room left in the pages that it owns; the airings that were answered 201."""
    kept = []
    for number in range(400):
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 86_400 * 200 + 60 * number))
        wish = {"bulletin": bulletin, "to": [stack.communes[1]], "at": at}
        answer = stack.controller.raw("POST", "/airings", json=wish)
        if answer.status_code == 503:
            assert answer.json()["code"] in ("database.full", "store.full"), answer.text
            return kept
        assert answer.status_code == 201, answer.text
        kept.append(answer.json()["id"])
    raise AssertionError("the disk is full, and still it says 201")
