"""The pure parts of the command line: times, names, the ledger, progress, event streams."""

from __future__ import annotations

import json
import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import options
from controller.cli.api import Event, parse_events
from controller.cli.ledger import as_json, ladder_line, ledger_of, name_order, unheard_lines, village_rows
from controller.cli.progress import Progress, fit
from controller.cli.sentences import CODES, HINTS, TEXTS, describe
from controller.cli.times import parse_time, show_clock, show_iso, show_time
from controller.cli.units import find_place, find_unit, in_order
from controller.domain.delivery import State
from controller.domain.errors import Refused

NOON = 1_795_323_600_000  # 22 November 2026, 12:00 in Viet Nam, 05:00 UTC


# ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("17:30", "22/11/2026 17:30:00"),
        ("17h30", "22/11/2026 17:30:00"),
        ("17H", "22/11/2026 17:00:00"),
        ("5:05", "23/11/2026 05:05:00"),
        ("12:00", "23/11/2026 12:00:00"),  # now is past: the next one is tomorrow
        ("12:00:01", "22/11/2026 12:00:01"),
        ("2026-11-23 17:30", "23/11/2026 17:30:00"),
        ("2026-11-23T17:30:05", "23/11/2026 17:30:05"),
        ("23/11/2026 5h", "23/11/2026 05:00:00"),
        (" 2026-11-23T10:30:00Z ", "23/11/2026 17:30:00"),
        ("2026-11-23T10:30:00.500+00:00", "23/11/2026 17:30:00"),
        ("2020-02-29 00:00", "29/02/2020 00:00:00"),  # past: the server says so
    ],
)
def test_a_time_is_understood_as_people_write_it(text: str, local: str) -> None:
    assert show_time(parse_time(text, NOON)) == local


@pytest.mark.parametrize("text", ["", "24:00", "17:60", "1730", "mai", "2026-11-31 10:00", "2026-11-23", "17:30 +07", "٥:٠٠x"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_time(text, NOON)
    assert caught.value.code == "usage.time"


@given(st.text(string.digits + ":-+/hTZ ", max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with suppress(Refused):  # and nothing else
        assert isinstance(parse_time(text, NOON), int)


def test_moments_are_shown_locally_to_people_and_in_utc_to_machines() -> None:
    assert (show_clock(NOON), show_iso(NOON)) == ("12:00:00", "2026-11-22T05:00:00Z")
    assert parse_time(show_iso(NOON), 0) == NOON


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def unit(id_: str, name: str, *above: str) -> dict[str, Any]:
    return {"id": id_, "name": name, "path": [*above, id_], "level": "village"}


TREE = [
    unit("p04", "Cao Bằng"),
    unit("x1", "Xã Quảng Uyên", "p04"),
    unit("x1-1", "Khào A", "p04", "x1"),
    unit("x1-10", "Xóm 10", "p04", "x1"),
    unit("x1-2", "Xóm 2", "p04", "x1"),
    unit("x2", "Xã Đàm Thuỷ", "p04"),
    unit("x2-1", "Bản Giốc", "p04", "x2"),
    unit("x2-2", "Khào B", "p04", "x2"),
    unit("x2-3", "Khào A", "p04", "x2"),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x1-1", "x1-1"),
        ("quang uyen", "x1"),
        ("XÃ QUẢNG  UYÊN", "x1"),
        ("dam thuy", "x2"),
        ("Đàm Thủy", "x2"),
        ("giốc", "x2-1"),
        ("khao b", "x2-2"),
        ("cao bang", "p04"),
        ("2", "x1-2"),
    ],
)
def test_a_unit_is_found_by_id_or_by_its_name_without_accents(text: str, found: str) -> None:
    assert find_unit(TREE, text)["id"] == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("khao a", "usage.unit-ambiguous"),
        ("khao", "usage.unit-ambiguous"),
        ("ha noi", "usage.unit-unknown"),
        ("", "usage.unit-unknown"),
    ],
)
def test_a_name_that_is_nobodys_or_several_places_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        find_unit(TREE, text)
    assert caught.value.code == code


def test_official_places_are_found_by_code_or_name() -> None:
    assert find_place("04", commune=False).name == find_place("cao bang", commune=False).name
    assert find_place("01501", commune=True) == find_place("đàm thuỷ", commune=True)
    with pytest.raises(Refused) as caught:
        find_place("tan lap", commune=True)
    assert caught.value.code == "usage.place-ambiguous"
    with pytest.raises(Refused):
        find_place("atlantis", commune=True)


def test_a_tree_is_shown_as_people_read_it() -> None:
    assert [each["id"] for each in in_order(TREE[::-1])] == ["p04", "x2", "x2-1", "x2-3", "x2-2", "x1", "x1-1", "x1-2", "x1-10"]
    assert sorted(["Đâu Cọ", "Khào 10", "Khào 2", "Bản Rạ"], key=name_order) == ["Bản Rạ", "Đâu Cọ", "Khào 2", "Khào 10"]


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    assert len(sorted(names, key=name_order)) == len(names)


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────


def row(node: str, state: str, *, why: str = "", evidence: str | None = None, village: str = "v1") -> dict[str, Any]:
    name = f"Loa {node}"
    return {"node": node, "name": name, "village": village, "state": state, "why": why, "evidence": evidence, "at": "x"}


def airing(**changes: Any) -> dict[str, Any]:
    line = {"id": "a1", "title": "Họp thôn", "start": "2026-11-22T05:00:00Z", "total": 3, "good": 0, "open": 3, "ended": False}
    return line | {"summary": {"vi": "Tốt.", "en": "Good."}, "cancelled": None, "class": "normal"} | changes


def ledger_text(*rows: dict[str, Any], **changes: Any) -> str:
    villages = [
        {"village": village, "name": name, "nodes": [each for each in rows if each["village"] == village]}
        for village, name in (("v1", "Khào A"), ("v2", "Đâu Cọ"))
    ]
    return json.dumps({"airing": airing(**changes), "villages": villages})


def test_a_ledger_is_kept_up_by_its_changes() -> None:
    ledger = ledger_of(ledger_text(row("1", "accepted"), row("2", "published")))
    assert not ledger.all_good
    ledger.change(
        json.dumps({"airing": airing(ended=True), "nodes": [row("1", "finished"), row("2", "finished", evidence="heard")]})
    )
    assert ledger.all_good
    assert ledger.airing.ended


def test_a_horn_measured_silent_was_not_heard_and_nobody_is_not_everybody() -> None:
    assert not ledger_of(ledger_text(row("1", "finished"), row("2", "finished", evidence="silent"))).all_good
    assert ledger_of(ledger_text(row("1", "finished", evidence="not_measured"))).all_good
    assert not ledger_of(ledger_text()).all_good


def test_the_ladder_counts_rungs_in_their_order() -> None:
    ledger = ledger_of(
        ledger_text(row("1", "missed"), row("2", "started"), row("3", "finished"), row("4", "finished", evidence="silent"))
    )
    assert ladder_line(ledger, "en") == "1 of 4 · playing 1 · missed 1 · finished, but the horn was silent 1"
    assert ladder_line(ledger, "vi") == "1/4 cụm loa · đang phát 1 · lỡ giờ 1 · phát xong nhưng loa câm 1"


def test_who_was_not_heard_is_named_with_village_and_reason() -> None:
    ledger = ledger_of(
        ledger_text(
            row("1", "missed", village="v1"), row("2", "refused", why="no-such-reason", village="v2"), row("3", "finished")
        )
    )
    assert list(unheard_lines(ledger, "en")) == ["  Đâu Cọ: Loa 2 (2): refused (no-such-reason)", "  Khào A: Loa 1 (1): missed"]
    assert as_json(ledger)["unheard"][0]["village_name"] == "Đâu Cọ"  # type: ignore[index]
    assert village_rows(ledger, "en")[0] == ("Đâu Cọ", "Loa 2", "refused: no-such-reason")


def test_every_state_has_a_name_and_every_text_two_languages() -> None:
    assert {f"state-{state.value}" for state in State} <= TEXTS.keys()
    for pair in (*CODES.values(), *HINTS.values(), *TEXTS.values()):
        assert all(pair)


def test_every_reason_of_a_bad_setting_is_explained() -> None:
    reasons = {"too-long", "flag", "text", "home-in-home"}
    for option in options.OPTIONS:
        for text in ("\x00", "x" * 3000, "::", "ftp://"):
            try:
                option.read_text(text, "test")
            except Refused as error:
                reasons.add(str(error.fields["reason"]))
    assert reasons <= HINTS.keys()
    told = describe(Refused("config.bad-value", name="listen", value="x", origin="TIENGLANG_LISTEN", reason="host-port"))
    assert told["message_en"].endswith("It is HOST:PORT, as 127.0.0.1:8080 or [::1]:8080.")


# ── progress and events ──────────────────────────────────────────────────────────────────────────────────────────────


def test_before_eyes_one_line_is_redrawn_else_each_change_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    live, plain, silent = Progress(live=True, silent=False), Progress(live=False, silent=False), Progress(live=True, silent=True)
    for progress in (live, plain, silent):
        for fraction in (0.0, 0.005, 0.5, 1.0, 1.0):
            progress.percent("x", fraction)
        progress.end()
    assert (
        capsys.readouterr().out == "\rx 0 %\rx 50 %\rx 100 %\nx 0 %\nx 100 %\n"
    )  # click takes colours and the like out for a pipe


@given(st.text(max_size=30), st.integers(1, 20))
def test_a_line_never_wraps(line: str, columns: int) -> None:
    assert len(fit(line, columns)) <= max(len(line), columns)
    assert fit("Khào A và Đâu Cọ", 8) == "Khào A …"


def test_events_are_read_as_the_standard_says() -> None:
    lines = ["retry: 2000", "event: ledger", "data: {", "data:1}", "id: 7", "", ": ping", "", "data: x", "", "event: lost"]
    assert list(parse_events(iter(lines))) == [
        Event(name="ledger", data="{\n1}"),
        Event(name="", data=""),
        Event(name="message", data="x"),
    ]
