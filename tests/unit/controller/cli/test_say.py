"""`tienglang say`: the ladder as it fills, and what its exit code promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from controller.cli import watch
from tests.support.ports import free_port
from tests.support.stub_api import TOKEN, Answer, Server, bulletin, change, event, ledger, problem, row, run, tell

READY = bulletin(preparing=False, progress=1.0, airing="a1")


def say(home: Path, sound: Path, *words: str) -> Result:
    return run(home, "say", str(sound), "--to", "khao a", *words)


def plays(server: Server, *rows: dict[str, Any]) -> None:
    """The bulletin gets ready, and the airing ends like this."""
    server.on("POST", "/bulletins", bulletin(), status=202)
    server.on("GET", "/bulletins/b1", bulletin(progress=0.4), READY)
    server.on("GET", "/airings/a1", ledger(row(1, "published"), row(2, "published"), ended=False))
    server.on(
        "GET",
        "/airings/a1/events",
        [
            event("ledger", ledger(row(1, "accepted"), row(2, "published"), ended=False)),
            b": ping\n\n",
            event("change", change(row(1, "started"), row(2, "started"), ended=False)),
            event("change", change(*rows, ended=True)),
        ],
    )


def test_when_everybody_finished_say_shows_the_ladder_and_exits_0(home: Path, server: Server, sound: Path) -> None:
    plays(server, row(1, "finished", "heard"), row(2, "finished"))
    result = say(home, sound, "--wait")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "Đang gửi tệp 100 %",
        "Đang chuẩn bị âm thanh 100 %",
        "Lượt phát a1: “Họp thôn”, 22/11/2026 12:00:00, 2 cụm loa.",
        "0/2 cụm loa · đã gửi 2",
        "0/2 cụm loa · đã gửi 1 · đã nhận 1",
        "0/2 cụm loa · đang phát 2",
        "2/2 cụm loa",
        "Khào A  Khào A 1  phát xong",
        "Khào A  Khào A 2  phát xong",
        "Xong: cả 2 cụm loa đã phát.",
    ]


def test_a_dead_horn_or_a_missed_one_is_named_and_exits_3(home: Path, server: Server, sound: Path) -> None:
    plays(server, row(1, "finished", "silent"), row(2, "missed", why="some-reason"))
    result = say(home, sound, "--wait", "--english")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-3:] == [
        "Not all: 0 of 2 loudspeakers played it. Not heard at:",
        "  Khào A: Khào A 1 (x1-1-l1): finished, but the horn was silent",
        "  Khào A: Khào A 2 (x1-1-l2): missed (some-reason)",
    ]


def test_as_json_there_is_one_document_and_nothing_else(home: Path, server: Server, sound: Path) -> None:
    plays(server, row(1, "finished"), row(2, "unknown"))
    result = say(home, sound, "--wait", "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["total"], said["good"], said["open"], said["all_good"]) == (3, 2, 1, 0, False)
    assert [each["node"] for each in said["unheard"]] == ["x1-1-l2"]


def test_what_is_sent_is_a_form_with_the_file_and_the_wish(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", bulletin(), status=202)
    words = ("--to", "x1", "--at", "23/11/2026 17:30", "--latest", "23/11/2026 18h")
    words += ("--class", "priority", "--language", "tyz", "--lead", "900")
    result = say(home, sound, *words)
    assert result.exit_code == 0, result.output
    assert "b1" in result.stdout
    form = server.body("POST", "/bulletins").decode("latin-1")
    fields = dict.fromkeys(("title", "class", "language", "at", "latest", "lead_ms"), "")
    for name in fields:
        fields[name] = form.split(f'name="{name}"\r\n\r\n')[1].split("\r\n")[0].encode("latin-1").decode()
    assert fields == {
        "title": "Họp thôn tối nay",
        "class": "priority",
        "language": "tyz",
        "at": "2026-11-23T10:30:00Z",
        "latest": "2026-11-23T11:00:00Z",
        "lead_ms": "900",
    }
    assert form.count('name="to"') == 2
    assert "x1-1\r\n" in form
    assert form.count("s" * 200_000) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--to", "nowhere"), "usage.unit-unknown"),
        (("--at", "25:00"), "usage.time"),
        (("--config", "/nonexistent"), "config.no-file"),
    ],
)
def test_wrong_usage_exits_2_and_sends_nothing(
    words: tuple[str, ...], code: str, home: Path, server: Server, sound: Path
) -> None:
    result = say(home, sound, *words)
    assert result.exit_code == 2
    assert f"[{code}]" in result.stderr
    assert ("POST", "/bulletins") not in [asked[:2] for asked in server.asked]


def test_a_file_that_is_not_there_exits_2(home: Path, server: Server, tmp_path: Path) -> None:
    assert "[usage.file]" in say(home, tmp_path / "none.mp3").stderr
    assert say(home, tmp_path).exit_code == 2
    assert run(home, "say").exit_code == 2  # click's own: no file, no --to


def test_a_file_no_server_would_take_is_not_sent(home: Path, server: Server, tmp_path: Path) -> None:
    huge = tmp_path / "huge.wav"
    with huge.open("wb") as file:
        file.truncate(400_000_000)
    result = say(home, huge)
    assert (result.exit_code, "[upload.too-big]" in result.stderr) == (4, True)


def test_the_servers_refusal_is_told_in_its_own_words_and_exits_4(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", problem("airing.past", "Giờ phát đã qua.", "That time is past."), status=422)
    assert say(home, sound).stderr.splitlines()[-1] == "Giờ phát đã qua. [airing.past]"
    result = say(home, sound, "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (4, "airing.past")


def test_a_sound_that_can_not_be_prepared_exits_4(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", bulletin(), status=202)
    server.on("GET", "/bulletins/b1", bulletin(preparing=False, error=problem("audio.silent", "Tệp này im lặng.")))
    result = say(home, sound, "--wait")
    assert (result.exit_code, "Tệp này im lặng. [audio.silent]" in result.stderr) == (4, True)


def test_an_answer_that_is_no_answer_of_ours_is_not_trusted(home: Path, server: Server, sound: Path) -> None:
    server.on("POST", "/bulletins", b"<html>Bad gateway</html>", status=502)
    result = say(home, sound)
    assert (result.exit_code, "[internal]" in result.stderr) == (4, True)


def test_when_time_is_over_those_still_open_are_named(home: Path, server: Server, sound: Path) -> None:
    plays(server)
    result = say(home, sound, "--wait", "--timeout", "0.4")
    assert result.exit_code == 3
    assert "Khào A 1 (x1-1-l1): đã gửi" in result.stdout
    assert "Hết thời gian chờ" in result.stderr
    assert ("GET", "/airings/a1/events") not in [asked[:2] for asked in server.asked]  # so little time is better asked
    server.on("GET", "/bulletins/b1", bulletin())
    assert say(home, sound, "--wait", "--timeout", "0").exit_code == 3


def test_a_stream_that_breaks_is_taken_up_again(home: Path, server: Server, sound: Path) -> None:
    plays(server)
    server.on("GET", "/airings/a1", *[ledger(row(1, "started"), ended=False)] * 3, ledger(row(1, "finished"), ended=True))
    server.on("GET", "/airings/a1/events", [b"event: ledger\ndata: {"])
    result = say(home, sound, "--wait")
    assert result.exit_code == 0, result.output


def test_a_server_that_restarts_in_the_middle_is_found_again(home: Path, server: Server, sound: Path) -> None:
    plays(server)
    fresh = Server()
    fresh.token = "new"
    fresh.on("GET", "/airings/a1", ledger(row(1, "finished"), ended=True))

    def restarted(_: bytes) -> Answer:
        tell(home, fresh, "new")
        server.token = "gone"
        return 200, ledger(row(1, "started"), ended=False)

    server.answers["GET", "/airings/a1"] = restarted
    try:
        result = say(home, sound, "--wait")
    finally:
        fresh.close()
    assert result.exit_code == 0, result.output


def test_a_server_that_stays_away_is_not_waited_for_longer_than_our_patience(
    home: Path, server: Server, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_PATIENCE_MS", 50)
    plays(server)

    def gone(_: bytes) -> Answer:
        (home / "run" / "api.json").unlink()
        server.token = "gone"
        return 200, bulletin()

    server.answers["GET", "/bulletins/b1"] = gone
    result = say(home, sound, "--wait")
    assert result.exit_code == 5
    assert result.stderr.count("Mất kết nối") == 1
    assert "[server.none]" in result.stderr


def test_when_time_is_over_and_the_server_away_that_is_the_end(home: Path, server: Server, sound: Path) -> None:
    plays(server)

    def gone(_: bytes) -> Answer:
        said = {"url": f"http://127.0.0.1:{free_port()}", "token": TOKEN}
        (home / "run" / "api.json").write_text(json.dumps(said))
        server.token = "gone"
        return 200, ledger(row(1, "started"), ended=False)

    server.answers["GET", "/airings/a1"] = gone
    assert say(home, sound, "--wait", "--timeout", "0.5").exit_code == 5


def test_without_a_server_one_sentence_says_what_to_do(home: Path, sound: Path) -> None:
    result = say(home, sound)
    assert result.exit_code == 5
    assert result.stderr.startswith("Chưa có máy chủ Tiếng Làng nào chạy ở đây.")
    assert run(home, "nodes", "--english").stderr.startswith("No Tiếng Làng server runs here.")
    assert run(home, "nodes", TIENGLANG_LANG="en").stderr.startswith("No Tiếng Làng server runs here.")


@pytest.mark.parametrize("said", ["", "[]", '{"url": 1}', "{"])
def test_a_token_file_that_makes_no_sense_is_told(said: str, home: Path) -> None:
    (home / "run").mkdir(parents=True)
    (home / "run" / "api.json").write_text(said)
    assert "[server.file]" in run(home, "units").stderr
