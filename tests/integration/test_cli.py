"""The real command line against the real server: no loudspeaker answers, and that is what it says."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from controller.cli.times import ZONE
from scheduler.clock import SystemClock
from tests.support.ports import free_port, wait_until_listening

SPEECH = Path(__file__).parents[1] / "data" / "speech-english.mp3"
TIENGLANG = [sys.executable, "-c", "from controller.cli import main; main()"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIENGLANG_")}
    return kept | {"TIENGLANG_HOME": str(tmp_path), "TIENGLANG_LISTEN": f"127.0.0.1:{free_port()}", "TIENGLANG_DEMO": "1"}


def tienglang(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TIENGLANG, *words], env=environ, capture_output=True, text=True, check=False, timeout=100)


@pytest.fixture
def server(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*TIENGLANG, "serve"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        port = int(environ["TIENGLANG_LISTEN"].rpartition(":")[2])
        wait_until_listening(port, lambda: process.poll() is None, timeout_s=60)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_say_to_loudspeakers_that_never_call_names_them_all(server: subprocess.Popen[bytes], environ: dict[str, str]) -> None:
    api_file = Path(environ["TIENGLANG_HOME"]) / "run" / "api.json"
    assert stat.S_IMODE(api_file.stat().st_mode) == 0o600
    assert tienglang(environ, "units", "demo").returncode == 0
    assert len(json.loads(tienglang(environ, "nodes", "--json").stdout)) == 40
    said = tienglang(environ, "say", str(SPEECH), "--to", "lung noi", "--wait", "--timeout", "6", "--english")
    assert said.returncode == 3, said.stderr
    assert said.stdout.splitlines()[-2:] == [
        "  Lũng Nọi: Lũng Nọi 1 (x01501-6-l1): published",
        "  Lũng Nọi: Lũng Nọi 2 (x01501-6-l2): published",
    ]
    airing = json.loads(tienglang(environ, "airings", "--json").stdout)[0]["id"]
    assert tienglang(environ, "airings", "cancel", airing).returncode == 0
    overlap = tienglang(environ, "say", str(SPEECH), "--to", "x01501-6", "--at", "2020-01-01 05:00", "--wait")
    assert (overlap.returncode, "[airing.past]" in overlap.stderr) == (4, True)
    server.send_signal(signal.SIGINT)
    assert server.wait(30) == 0
    assert not api_file.exists()
    assert tienglang(environ, "nodes").returncode == 5


def test_a_second_server_of_the_same_home_is_told_that_one_runs(server: subprocess.Popen[bytes], environ: dict[str, str]) -> None:
    second = tienglang(environ | {"TIENGLANG_LISTEN": f"127.0.0.1:{free_port()}"}, "serve")
    assert (second.returncode, "[server.running]" in second.stderr) == (4, True)
    assert tienglang(environ, "units").returncode == 0, "the first is not disturbed"


def test_while_demo_accounts_exist_it_does_not_listen_to_the_world(environ: dict[str, str]) -> None:
    added = subprocess.run(
        [sys.executable, "-c", _ADD_DEMO_ACCOUNT, environ["TIENGLANG_HOME"]], env=environ, check=False, capture_output=True
    )
    assert added.returncode == 0, added.stderr
    wide = {"TIENGLANG_LISTEN": f"0.0.0.0:{free_port()}", "TIENGLANG_BASE_URL": "http://example.vn"}
    refused = tienglang(environ | wide, "serve")
    assert (refused.returncode, "[config.listen-wide]" in refused.stderr) == (4, True)


_ADD_DEMO_ACCOUNT = """
import sys
from pathlib import Path
from controller.config import load
from controller.domain.rights import OPERATOR, Role
from controller.opening import open_all
from controller.service.passwords import Passwords
from controller.service.users import Users
from scheduler.clock import SystemClock
opened = open_all(load({}, None, Path(sys.argv[1])).settings, SystemClock())
users = Users(database=opened.work, passwords=Passwords(), clock=SystemClock())
users.add("canbo", "everybody-knows", [(Role.ADMIN, None)], by=OPERATOR, demo=True)
opened.database.close()
"""


EVENING = """
owner = "dam thuy"
units = ["dam thuy"]
title = "Buổi chiều"
rule = {first = 2026-01-01, at = ["17:00"], every = "day"}
segments = [{take = "relay", source = "VOV1", length = "30m"}]
"""


def test_tonight_tells_a_demo_village_what_sounds_and_why_not_all_of_it(
    server: subprocess.Popen[bytes], environ: dict[str, str], tmp_path: Path
) -> None:
    assert tienglang(environ, "units", "demo").returncode == 0
    (tmp_path / "chieu.toml").write_text(EVENING, encoding="utf-8")
    added = tienglang(environ, "programmes", "add", str(tmp_path / "chieu.toml"))
    assert added.returncode == 0, added.stderr
    assert tienglang(environ, "policy", "set", "lung noi", "--session", "15m").returncode == 0
    tomorrow = (SystemClock().now() + timedelta(days=1)).astimezone(ZONE)
    told = tienglang(environ, "tonight", "--unit", "lung noi", "--day", tomorrow.strftime("%d/%m/%Y"))
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[1:] == [
        "1 thôn: Lũng Nọi",
        "  17:00:00   15:00  VOV1  Buổi chiều  tiếp âm, bị cắt  Xã Đàm Thuỷ",
        "  ! Buổi chiều (VOV1): Bị cắt lúc 17:15: giới hạn một buổi 15 phút của Lũng Nọi.",
    ]
    assert server.poll() is None
