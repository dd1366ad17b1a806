"""`--preview` of programmes and policies: what would change is told, village by village, and nothing is saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.cli.preview_view import LINE, NOW, THEN, differing, differing_reasons
from controller.service.days import PLAIN
from controller.web.day_schemas import PolicyPreviewIn, PreviewIn
from controller.web.programme_schemas import ProgrammeBody
from tests.support.stub_api import Server, problem, run

PROGRAMME: dict[str, Any] = {
    "owner": "x1",
    "units": ["x1"],
    "title": "Buổi chiều",
    "rule": {
        "first": "2026-11-23",
        "at": ["17:00"],
        "every": "day",
        "skips": ["2026-11-30"],
        "pauses": [{"from": "2027-02-05", "to": "2027-02-11"}],
    },
    "segments": [{"take": "relay", "source": "VOV1", "length_ms": 1_800_000}],
}
POLICY: dict[str, Any] = {"utc_offset": 420, "hours": [], "ceilings": [], "item_ms": None, "sessions": 2, "horizon_h": 72}


def line(start: str, title: str, **changes: Any) -> dict[str, Any]:
    told = {"start": f"2026-11-24T{start}:00.000Z", "length_ms": 900_000, "title": title, "programme": "Buổi chiều"}
    return told | {"owner": "Xã A", "class": "normal", "relay": False, "whole": True, "wish": "p1#0", "airing": None} | changes


def reason(code: str, vi: str = "", *, at: str = "10:00") -> dict[str, Any]:
    text = {"vi": vi, "en": f"English of {code}."}
    return {"wish": "p1#0", "title": "Buổi chiều", "sounds": ["VOV1"], "code": code, "text": text} | {
        "at": f"2026-11-24T{at}:00.000Z"
    }


def decided(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    return {"before": before, "after": after}


def group(
    number: int, before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], *decisions: dict[str, Any]
) -> dict[str, Any]:
    villages = [{"id": f"x1-{each}", "name": f"Thôn {each}"} for each in range(1, number + 1)]
    return {"villages": villages, "before": [*before], "after": [*after], "decisions": [*decisions]}


def preview(villages: int, *groups: dict[str, Any]) -> dict[str, Any]:
    return {"from": "2026-11-24T02:00:00.000Z", "to": "2026-11-26T02:00:00.000Z", "villages": villages, "groups": [*groups]}


SHORTER = preview(
    34,
    group(
        30,
        [line("10:00", "VOV1"), line("10:15", "Lịch tiêm")],
        [line("10:00", "Tin lũ", programme=None, **{"class": "priority"}), line("10:15", "Lịch tiêm", wish="p1#9")],
        decided(None, reason("plays")),
        decided(reason("plays"), reason("dropped.taken", "Không phát: đang có “Tin lũ”.")),
    ),
    group(1, [line("10:00", "VOV1")], []),
    group(1, [], [line("10:00", "VOV1")], decided(reason("dropped.hours", "Không phát: ngoài giờ."), reason("plays"))),
)
UNSAVED = "Chưa lưu gì. Muốn lưu, chạy lại lệnh này mà không có --preview."


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(PROGRAMME))
    return str(path)


def saved(server: Server) -> list[str]:
    """What was asked of the server that may have changed something."""
    return [f"{how} {where}" for how, where, _ in server.asked if how != "GET" and not where.endswith("/preview")]


def test_only_what_people_could_tell_apart_differs_and_what_is_now_comes_first() -> None:
    kept, moved = line("10:00", "VOV1"), line("10:15", "Họp thôn")
    before, after = [kept, moved], [line("09:00", "Sớm"), kept | {"wish": "p2#3", "airing": "a1"}, moved | {"whole": False}]
    assert differing(before, after, LINE) == [(THEN, after[0]), (NOW, moved), (THEN, after[2])]
    assert differing(before, before, LINE) == []


def test_a_reason_is_told_where_it_holds_on_one_side_only() -> None:
    taken, hours = reason("dropped.taken", "Vướng."), reason("dropped.hours", "Ngoài giờ.", at="11:00")
    assert differing_reasons([decided(taken, None), decided(None, taken | {"wish": "p2#0"})]) == []
    assert differing_reasons([decided(hours, reason("plays")), decided(None, taken)]) == [(THEN, taken), (NOW, hours)]
    assert differing_reasons([decided(reason(plain), reason("in")) for plain in sorted(PLAIN)]) == []


def test_villages_that_change_alike_are_told_together_with_what_sounds_now_and_what_would(
    home: Path, server: Server, file: str
) -> None:
    server.on("POST", "/programmes/preview", SHORTER)
    told = run(home, "programmes", "add", file, "--preview")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.splitlines() == [
        "32 thôn thay đổi, 2 thôn không (xem đến 26/11/2026 09:00:00).",
        "Dấu -: như hiện nay. Dấu +: nếu lưu.",
        "30 thôn: Thôn 1, Thôn 2, Thôn 3, Thôn 4, Thôn 5, Thôn 6, Thôn 7, Thôn 8 và 22 thôn nữa",
        "  - 24/11/2026 17:00:00   15:00  VOV1    Buổi chiều           Xã A",
        "  + 24/11/2026 17:00:00   15:00  Tin lũ              ưu tiên  Xã A",
        "    (1 mục khác như cũ)",
        "  + ! 24/11/2026 17:00:00 Buổi chiều (VOV1): Không phát: đang có “Tin lũ”.",
        "1 thôn: Thôn 1",
        "  - 24/11/2026 17:00:00   15:00  VOV1  Buổi chiều    Xã A",
        "  + (không phát gì)",
        "1 thôn: Thôn 1",
        "  - (không phát gì)",
        "  + 24/11/2026 17:00:00   15:00  VOV1  Buổi chiều    Xã A",
        "  - ! 24/11/2026 17:00:00 Buổi chiều (VOV1): Không phát: ngoài giờ.",
        UNSAVED,
    ]
    assert ProgrammeBody.model_validate_json(server.body("POST", "/programmes/preview")).title == "Buổi chiều"
    assert saved(server) == []


def test_where_nothing_or_everything_would_change_one_sentence_says_so(home: Path, server: Server, file: str) -> None:
    until = "26/11/2026 09:00:00"
    for said, first in (
        (preview(34), f"Không có gì thay đổi ở 34 thôn, xem đến {until}."),
        (preview(0), "Chưa có cụm loa nào."),
    ):
        server.on("POST", "/programmes/preview", said)
        assert run(home, "programmes", "add", file, "--preview").stdout.splitlines() == [first, UNSAVED]
    server.on("POST", "/programmes/preview", preview(1, group(1, [], [], decided(None, reason("dropped.hours", "Ngoài giờ.")))))
    assert run(home, "programmes", "add", file, "--preview", "--english").stdout.splitlines() == [
        f"Every village would change: 1 (looked at until {until}).",
        "-: as it is. +: as it would be.",
        "Villages (1): Thôn 1",
        "    (it sounds as before)",
        "  + ! 24/11/2026 17:00:00 Buổi chiều (VOV1): English of dropped.hours.",
        "Nothing is saved. To save it, run this again without --preview.",
    ]


def test_json_is_the_servers_answer_and_its_refusal_is_told(home: Path, server: Server, file: str) -> None:
    server.on("POST", "/programmes/preview", SHORTER)
    assert json.loads(run(home, "programmes", "add", file, "--preview", "--json").stdout) == SHORTER
    server.on("POST", "/programmes/preview", problem("programme.hours"), status=422)
    assert run(home, "programmes", "add", file, "--preview").exit_code == 4


def test_each_change_of_a_programme_can_be_looked_at(home: Path, server: Server, file: str) -> None:
    server.on("GET", "/programmes/p1", {"id": "p1", "version": 3, "programme": PROGRAMME})
    for words in (
        ("change", "p1", file),
        ("skip", "p1", "24/12/2026"),
        ("pause", "p1", "--from", "5/3/2027", "--to", "11/3/2027"),
        ("end", "p1"),
    ):
        server.asked.clear()
        server.on("POST", "/programmes/p1/preview", preview(34))
        told = run(home, "programmes", *words, "--preview")
        assert (told.exit_code, told.stdout.splitlines()[-1], saved(server)) == (0, UNSAVED, []), told.stderr
        sent = PreviewIn.model_validate_json(server.body("POST", "/programmes/p1/preview")).programme
        if words[0] == "end":
            assert sent is None
            continue
        assert sent is not None
        rule = sent.rule
        assert [f"{day}" for day in rule.skips] == ["2026-11-30", *(["2026-12-24"] if words[0] == "skip" else [])]
        pauses = [f"{each.first} {each.last}" for each in rule.pauses]
        assert pauses == ["2027-02-05 2027-02-11", *(["2027-03-05 2027-03-11"] if words[0] == "pause" else [])]


def test_a_policy_or_its_end_can_be_looked_at(home: Path, server: Server) -> None:
    server.on("GET", "/policies/x1", {"unit": "x1", "version": 3, "policy": POLICY})
    server.on("POST", "/policies/x1/preview", SHORTER)
    told = run(home, "policy", "set", "quang uyen", "--hours", "05:00-17:00", "--preview")
    assert told.stdout.startswith("32 thôn thay đổi, 2 thôn không")
    sent = PolicyPreviewIn.model_validate_json(server.body("POST", "/policies/x1/preview")).policy
    assert sent is not None
    assert (sent.hours[0].end, sent.sessions, sent.horizon_h) == ("17:00", 2, 72)
    server.asked.clear()
    assert json.loads(run(home, "policy", "set", "x1", "--remove", "--preview", "--json").stdout) == SHORTER
    assert json.loads(server.body("POST", "/policies/x1/preview")) == {"policy": None}
    assert saved(server) == []
