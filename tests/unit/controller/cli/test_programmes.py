"""`tienglang programmes` and `tienglang policy` against a small server that plays the controller."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from controller.cli.planning_sentences import CODES, TEXTS
from controller.cli.policy import changes
from controller.cli.times import parse_day
from controller.domain.errors import Refused
from controller.web.policy_schemas import PolicyIn
from controller.web.programme_schemas import ProgrammeBody, ProgrammeChangeIn
from scheduler.rule import Every
from scheduler.wishes import Take
from tests.support.stub_api import Server, problem, run

MORNING = """
owner = "Quảng Uyên"
units = ["khao a", "x1"]
title = "Buổi sáng"
length = "45m"

[rule]
first = 2026-11-23
at = ["05:00", 17:30:00]
every = "week"
weekdays = [1, 7]

[[segments]]
take = "relay"
source = "VOV1"
length = "30m"
"""
SAID: dict[str, Any] = {
    "owner": "x1",
    "units": ["x1-1"],
    "title": "Buổi sáng",
    "rule": {
        "first": "2026-11-23",
        "at": ["05:00", "17:30"],
        "every": "week",
        "interval": 2,
        "weekdays": [1, 7],
        "monthdays": [],
    },
    "segments": [
        {"take": "relay", "source": "VOV1", "bulletins": [], "kinds": [], "length_ms": 1_800_000},
        {"take": "own", "source": None, "bulletins": [], "kinds": ["hop-thon"]},
    ],
}
KEPT: dict[str, Any] = {
    "id": "p1",
    "version": 3,
    "changed": "2026-11-22T05:00:00.000Z",
    "changed_by": "canbo",
    "ended": None,
    "programme": SAID,
}
LIMITS: dict[str, Any] = {
    "utc_offset": 420,
    "hours": [{"from": "05:00", "to": "21:00", "days": [1, 2]}],
    "ceilings": [{"from": "21:00", "to": "06:00", "gain": -150}],
    "item_ms": 90_000,
    "session_ms": 2_700_000,
    "sessions": 2,
    "languages": ["vi", "nut"],
}
OWN = LIMITS | {"horizon_h": 72, "places": ["school"]}


@pytest.fixture
def morning(tmp_path: Path) -> Path:
    path = tmp_path / "sang.toml"
    path.write_text(MORNING)
    return path


def test_programmes_are_listed_and_shown(home: Path, server: Server) -> None:
    server.on("GET", "/programmes", [KEPT])
    server.on("GET", "/programmes?unit=x1-1", [])
    server.on("GET", "/programmes/p1", KEPT)
    line = "p1  Buổi sáng  Khào A  05:00 17:30  hằng tuần (2) T2,CN"
    assert run(home, "programmes").stdout.splitlines() == [line]
    assert run(home, "programmes", "--unit", "khao a").stdout.splitlines() == [
        "(chưa có gì)",
        "Thêm một chương trình: `tienglang programmes add TỆP`; tệp mẫu ở docs/lenh.md.",
    ]
    assert run(home, "programmes", "--unit", "khao a", "--json").stdout == "[]\n"
    assert run(home, "programmes", "show", "p1").stdout.splitlines() == [
        line,
        "  1. tiếp âm: VOV1",
        "  2. tin của thôn: hop-thon",
        "Bản 3, canbo sửa lúc 22/11/2026 12:00:00.",
    ]
    assert json.loads(run(home, "programmes", "show", "p1", "--json").stdout) == KEPT
    assert run(home, "programmes", "show", "p2").exit_code == 4


def test_a_programme_is_added_from_a_file_as_people_write_it(home: Path, server: Server, morning: Path) -> None:
    server.on("POST", "/programmes", KEPT, status=201)
    assert run(home, "programmes", "add", str(morning)).stdout == "Đã thêm chương trình p1: Buổi sáng.\n"
    sent = json.loads(server.body("POST", "/programmes"))
    assert (sent["owner"], sent["units"], sent["length_ms"]) == ("x1", ["x1-1", "x1"], 2_700_000)
    body = ProgrammeBody.model_validate(sent)
    assert (body.rule.first, body.rule.at, body.segments[0].length_ms) == (date(2026, 11, 23), ["05:00", "17:30"], 1_800_000)


def test_what_show_gives_change_takes_and_the_second_of_two_sees_the_difference(
    home: Path, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps(KEPT))
    server.on("PUT", "/programmes/p1", KEPT | {"version": 4})
    assert "(bản 4)" in run(home, "programmes", "change", "p1", str(file)).stdout
    sent = ProgrammeChangeIn.model_validate_json(server.body("PUT", "/programmes/p1"))
    assert (sent.version, sent.programme.title) == (3, "Buổi sáng")
    late = problem("programme.changed", "An vừa sửa.", differences={"title": {"now": "Sớm", "yours": "Trưa"}})
    server.on("PUT", "/programmes/p1", late, status=409)
    told = run(home, "programmes", "change", "p1", str(file))
    assert (told.exit_code, told.stderr.splitlines()) == (
        4,
        ['  title: nay là "Sớm"; bạn muốn "Trưa"', "An vừa sửa. [programme.changed]"],
    )


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.toml", "owner = ", "usage.programme-file"),
        ("a.json", "{", "usage.programme-file"),
        ("a.json", "[]", "usage.programme-file"),
        ("a.json", '{"programme": 3}', "usage.programme-file"),
        ("a.toml", 'owner = "nowhere"', "usage.unit-unknown"),
        ("a.toml", '[[segments]]\nlength = "long"', "usage.span"),
        ("a.toml", 'owner = "x1"', "usage.version"),
    ],
)
def test_a_file_that_holds_no_programme_is_told(
    home: Path, server: Server, tmp_path: Path, name: str, text: str, code: str
) -> None:
    (tmp_path / name).write_text(text)
    given = () if code == "usage.version" else ("--version", "1")
    told = run(home, "programmes", "change", "p1", str(tmp_path / name), *given)
    assert (told.exit_code, f"[{code}]" in told.stderr) == (2, True), told.stderr
    assert "[usage.file]" in run(home, "programmes", "add", str(tmp_path / "none.toml")).stderr


def test_days_off_pauses_and_an_end_that_asks_first(home: Path, server: Server) -> None:
    server.on("PUT", "/programmes/p1/skips/2026-12-24", KEPT)
    server.on("POST", "/programmes/p1/pause", KEPT)
    server.on("POST", "/programmes/p1/end", KEPT | {"ended": "2026-11-22T05:00:00.000Z"})
    assert run(home, "programmes", "skip", "p1", "24/12/2026").stdout == "“Buổi sáng” nghỉ ngày 24/12/2026.\n"
    paused = run(home, "programmes", "pause", "p1", "--from", "5/2/2027", "--to", "2027-02-11")
    assert paused.stdout == "“Buổi sáng” tạm ngừng từ 05/02/2027 đến hết 11/02/2027.\n"
    assert json.loads(server.body("POST", "/programmes/p1/pause")) == {"from": "2027-02-05", "to": "2027-02-11"}
    assert "[usage.day]" in run(home, "programmes", "skip", "p1", "31/11/2026").stderr
    assert run(home, "programmes", "end", "p1", stdin="n\n").exit_code == 2
    assert run(home, "programmes", "end", "p1", "--yes").stdout == "Chương trình p1 đã kết thúc.\n"


def test_a_policy_is_shown_with_where_it_comes_from(home: Path, server: Server) -> None:
    server.on("GET", "/policies/x1-1/effective", {"unit": "x1-1", "by": ["p04", "x1"], "horizon_h": 48, "policy": LIMITS})
    server.on("GET", "/policies/x1-1", {"unit": "x1-1", "version": 1, "policy": OWN})
    assert run(home, "policy", "show", "khao a").stdout.splitlines() == [
        "Quy định phát ở Khào A (của: Cao Bằng, Xã Quảng Uyên).",
        "  được phát 05:00-21:00 (T2,T3)",
        "  21:00-06:00: to nhất -15.0 dB",
        "  một bản tin dài nhất 1.5 phút",
        "  một buổi dài nhất 45 phút",
        "  nhiều nhất 2 buổi một ngày",
        "  ngôn ngữ: vi, nut",
        "  lập kế hoạch trước 48 giờ",
    ]
    own = run(home, "policy", "show", "khao a", "--own", "--english").stdout.splitlines()
    assert own[0] == "What binds Khào A (by: Khào A)."
    assert own[-2:] == ["  beside: school", "  planned 72 h ahead"]


def test_what_is_given_is_set_and_the_rest_stays(home: Path, server: Server) -> None:
    server.on("GET", "/policies/x1", {"unit": "x1", "version": 3, "policy": OWN})
    server.on("PUT", "/policies/x1", {"version": 4})
    server.on("DELETE", "/policies/x1?version=3", None, status=204)
    words = ("--hours", "5h00-11h30", "--hours", "13:00-21:00", "--days", "1-6", "--ceiling", "21:00-06:00=-12.5")
    assert "(bản 4)" in run(home, "policy", "set", "x1", *words, "--sessions", "3", "--clear", "item", "--clear", "places").stdout
    sent = PolicyIn.model_validate_json(server.body("PUT", "/policies/x1"))
    assert (sent.version, sent.policy.sessions, sent.policy.item_ms, sent.policy.places) == (3, 3, None, [])
    assert [(each.begin, each.end, each.days) for each in sent.policy.hours] == [
        ("05:00", "11:30", [1, 2, 3, 4, 5, 6]),
        ("13:00", "21:00", [1, 2, 3, 4, 5, 6]),
    ]
    assert (sent.policy.ceilings[0].gain, sent.policy.session_ms, sent.policy.horizon_h) == (-125, 2_700_000, 72)
    assert run(home, "policy", "set", "x1", "--remove").stdout == "Xã Quảng Uyên không còn quy định riêng.\n"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"hours": ("5-21",)}, "usage.window"),
        ({"ceilings": ("21:00-06:00",)}, "usage.window"),
        ({"ceilings": ("21:00-06:00=inf",)}, "usage.window"),
        ({"hours": ("05:00-21:00",), "days": "8"}, "usage.days"),
        ({"item": "long"}, "usage.span"),
    ],
)
def test_a_limit_that_is_none_is_told(given: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as told:
        changes(**given)
    assert told.value.code == code


def test_days_are_read_as_people_write_them() -> None:
    assert parse_day("24/12/2026") == parse_day("2026-12-24") == parse_day(" 2026-12-24 ") == date(2026, 12, 24)
    for text in ("", "24/12", "2026-13-01", "tomorrow", "24/12/2026 17:30"):
        with pytest.raises(Refused):
            parse_day(text)


def test_every_way_to_repeat_and_every_part_has_its_words() -> None:
    assert {f"every-{each}" for each in Every} | {f"take-{each}" for each in Take} <= TEXTS.keys()
    assert {"usage.window", "usage.days", "usage.day", "usage.version", "usage.programme-file"} == CODES.keys()
