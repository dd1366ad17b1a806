"""`tienglang tonight`: the evening as people read it, grouped, with reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.stub_api import UNITS, Server, problem, run


def line(**changes: Any) -> dict[str, Any]:
    told = {"start": "2026-11-24T10:00:00.000Z", "length_ms": 1_800_000, "title": "VOV1", "programme": "Buổi chiều"}
    return told | {"owner": "Xã Quảng Uyên", "class": "normal", "relay": True, "whole": True} | changes


def reason(title: str, *sounds: str) -> dict[str, Any]:
    text = {"vi": "Bị cắt lúc 17:45: giới hạn một buổi 45 phút của Xã A.", "en": "Cut at 17:45: session limit of 45 minutes."}
    return {"title": title, "sounds": [*sounds], "text": text}


def day(unit: str, *groups: dict[str, Any]) -> dict[str, Any]:
    names = {each["id"]: each["name"] for each in UNITS}
    return {"unit": unit, "name": names[unit], "day": "2026-11-24", "groups": [*groups]}


def villages(number: int) -> list[dict[str, str]]:
    return [{"id": f"x1-{each}", "name": f"Thôn {each}"} for each in range(1, number + 1)]


EVENING = day(
    "x1",
    {
        "villages": villages(34),
        "lines": [line(), line(start="2026-11-24T10:30:00.000Z", length_ms=72_500, title="Tin lũ", relay=False, whole=False)],
        "reasons": [reason("Buổi chiều", "Tin lũ"), reason("Họp thôn", "Họp thôn")],
    },
    {"villages": villages(1), "lines": [], "reasons": []},
)


def test_an_evening_is_printed_by_groups_with_reasons(home: Path, server: Server) -> None:
    server.on("GET", "/units/x1/day?day=2026-11-24", EVENING)
    told = run(home, "tonight", "--unit", "quang uyen", "--day", "24/11/2026")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.splitlines() == [
        "Xã Quảng Uyên, ngày 24/11/2026",
        "34 thôn: Thôn 1, Thôn 2, Thôn 3, Thôn 4, Thôn 5, Thôn 6, Thôn 7, Thôn 8 và 26 thôn nữa",
        "  17:00:00   30:00  VOV1    Buổi chiều  tiếp âm  Xã Quảng Uyên",
        "  17:30:00    1:12  Tin lũ  Buổi chiều  bị cắt   Xã Quảng Uyên",
        "  ! Buổi chiều (Tin lũ): Bị cắt lúc 17:45: giới hạn một buổi 45 phút của Xã A.",
        "  ! Họp thôn: Bị cắt lúc 17:45: giới hạn một buổi 45 phút của Xã A.",
        "1 thôn: Thôn 1",
        "  (không phát gì)",
    ]


def test_everything_is_told_where_no_unit_is_said_and_in_english_by_choice(home: Path, server: Server) -> None:
    urgent = line(**{"class": "priority"}, programme=None, relay=False, title="Flood", whole=False)
    server.on("GET", "/units/p04/day", day("p04", {"villages": villages(1), "lines": [urgent], "reasons": [reason("Flood")]}))
    assert run(home, "tonight", "--english").stdout.splitlines() == [
        "Cao Bằng, 24/11/2026",
        "Villages (1): Thôn 1",
        "  17:00:00   30:00  Flood    priority, cut  Xã Quảng Uyên",
        "  ! Flood: Cut at 17:45: session limit of 45 minutes.",
    ]
    server.on("GET", "/units/p04/day", day("p04"))
    assert run(home, "tonight").stdout.splitlines()[1] == "Chưa có cụm loa nào."


def test_where_nothing_sounds_at_all_it_is_told_what_to_do_once_a_day_and_never_in_json(home: Path, server: Server) -> None:
    quiet: dict[str, Any] = {"villages": villages(1), "lines": [], "reasons": []}
    silent = day("p04", quiet, quiet | {"reasons": [reason("Họp thôn")]})
    server.on("GET", "/units/p04/day", silent)
    told = run(home, "tonight").stdout.splitlines()
    assert [number for number, each in enumerate(told) if "programmes add" in each and "tienglang say" in each] == [len(told) - 1]
    assert json.loads(run(home, "tonight", "--json").stdout) == [silent]
    server.on("GET", "/units/p04/day", day("p04", quiet, quiet | {"lines": [line()]}))
    assert "programmes add" not in run(home, "tonight").stdout


def test_json_is_a_list_of_days(home: Path, server: Server) -> None:
    server.on("GET", "/units/x1/day", EVENING)
    assert json.loads(run(home, "tonight", "--unit", "x1", "--json").stdout) == [EVENING]


def test_what_is_wrong_is_told(home: Path, server: Server) -> None:
    assert "[usage.day]" in run(home, "tonight", "--day", "tomorrow").stderr
    assert "[usage.unit-unknown]" in run(home, "tonight", "--unit", "nowhere").stderr
    server.on("GET", "/units/x1/day?day=2020-01-01", problem("day.far"), status=422)
    assert run(home, "tonight", "--unit", "x1", "--day", "2020-01-01").exit_code == 4
