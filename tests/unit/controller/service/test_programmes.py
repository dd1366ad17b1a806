"""Programmes as people make and change them: what is kept, who is told, and what is refused with nothing half-saved."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from controller.db.wishes import decode_body, encode_body
from controller.domain.bulletin import BulletinState
from controller.domain.errors import Conflict, NotFound, Refused, TiengLangError
from controller.service.differences import differences
from controller.service.kept import KeptProgramme, Ruling
from scheduler.limits import Policy, Window
from scheduler.programme import DayChange, Programme
from scheduler.rule import Every
from scheduler.wishes import Begin, Over, Piece, Segment, Take
from tests.support.people import admin
from tests.unit.controller.service.house import DURATION_MS, HOUR_MS, NOW_MS, House
from tests.unit.controller.service.slots import MONDAY, naming, programme, programmes, relay, rule

DAYTIME = Ruling(policy=Policy(hours=(Window(from_minute=300, to_minute=1260),)))


def made(house: House, *segments: Segment, **told: Any) -> KeptProgramme:
    """A programme that is kept, and already planned."""
    kept = house.programmes.create(programme(*segments, **told), by=admin("An"))
    house.waiting()
    house.planned.clear()
    return kept


def test_a_new_programme_knows_its_sounds_its_rank_and_its_makers(house: House) -> None:
    house.bulletin("b1")
    kept = house.programmes.create(programme(naming("b1"), relay(" VOV1 "), title="  Buổi   sáng "), by=admin("An"))
    assert kept == house.programmes.get(kept.programme.id, by=admin())
    assert (kept.version, kept.created_by, kept.changed_ms, kept.programme.title) == (1, "An", NOW_MS, "Buổi sáng")
    assert kept.programme.level == 2
    assert kept.programme.segments[0].pieces == (Piece(source="b1", sound="c" * 64, duration_ms=DURATION_MS),)
    assert kept.programme.segments[1].pieces == (Piece(source="VOV1", sound=None, duration_ms=600_000),)
    assert (house.waiting(), house.planned) == (["x1"], ["programme"])


def test_what_a_segment_takes_from_the_waiting_notices_names_no_piece(small: House) -> None:
    own = Segment(take=Take.OWN, pieces=(Piece(source="b9", sound=None, duration_ms=1),), kinds=("hop-thon",))
    assert made(small, own).programme.segments == (replace(own, pieces=()),)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (
            programme(rule=rule(300, every=Every.MONTH, monthdays=(31,), first=date(2026, 11, 1), last=date(2026, 11, 30))),
            "rule.never",
        ),
        (programme(rule=rule(300, last=date(2026, 11, 22))), "rule.never"),
        (programme(rule=rule(*range(25))), "rule.too-often"),
        (programme(rule=rule(300, pauses=((date(2027, 2, 2), date(2027, 2, 1)),))), "rule.pause"),
        (programme(owner="nowhere"), "unit.unknown"),
        (programme(units=("x1-1", "nowhere")), "unit.unknown"),
        (programme(units=()), "airing.no-units"),
        (programme(units=("x10",)), "programme.reach"),
        (programme(units=("p04",)), "programme.reach"),
        (programme(owner="x1-1", units=("x1-2",)), "programme.reach"),
        (programme(owner="x1-1", units=("x1",)), "programme.reach"),
        (programme(title=" "), "programme.title"),
        (programme(klass="emergency"), "programme.class"),
        (programme(naming("b9")), "bulletin.unknown"),
        (programme(naming("draft")), "bulletin.not-approved"),
        (programme(naming("silent")), "bulletin.no-sound"),
        (programme(relay(length_ms=None)), "segment.relay"),
        (programme(relay(" ")), "segment.relay"),
        (programme(relay(over=Over.MOVE)), "segment.relay-moves"),
        (programme(naming()), "segment.empty"),
        (programme(naming(*["b1"] * 51)), "segment.many"),
        (programme(changes=(DayChange(day=MONDAY, segments=(naming("b9"),)),)), "bulletin.unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(small: House, wanted: Programme, code: str) -> None:
    small.bulletin("b1")
    small.bulletin("draft", state=BulletinState.DRAFT)
    small.bulletin("silent", clip=False)
    kept = made(small)
    small.bulletin("b1")
    for ask in (
        lambda: small.programmes.create(wanted, by=admin("An")),
        lambda: small.programmes.change(kept.programme.id, 1, wanted, by=admin("An")),
    ):
        with pytest.raises(TiengLangError) as told:
            ask()
        assert told.value.code == code
    assert small.programmes.list(by=admin()) == [kept]
    assert (small.waiting(), small.planned) == ([], [])


def test_a_village_reaches_itself_a_commune_its_villages_a_province_all(small: House) -> None:
    for owner, units, level in (("x1-1", ("x1-1",), 1), ("x1", ("x1-1", "x1-2"), 2), ("p04", ("x1", "x10-1"), 3)):
        kept = made(small, owner=owner, units=units)
        assert (kept.programme.level, kept.programme.units) == (level, units)
    assert made(small, units=("x1-1", "x1", "x1-1")).programme.units == ("x1",), "a village of a commune that is named too"


# ── the Trung Lộc case ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_relay_at_three_fifteen_is_refused_when_saved_and_says_whose_hours_they_are(house: House) -> None:
    house.policies.set("x1", 0, DAYTIME, by=admin("An"))
    with pytest.raises(Refused) as told:
        house.programmes.create(programme(rule=rule(195)), by=admin("An"))
    assert (told.value.code, told.value.fields) == ("programme.hours", {"start": "03:15", "unit": "Quảng Uyên"})
    kept = made(house)
    with pytest.raises(Refused) as told:
        house.programmes.change(kept.programme.id, 1, programme(rule=rule(195)), by=admin("An"))
    assert told.value.code == "programme.hours"
    assert house.programmes.list(by=admin()) == [kept]


@pytest.mark.parametrize(
    "wanted",
    [
        programme(rule=rule(195, 300)),
        programme(relay(), relay(begin=Begin.EXACT, offset_ms=2 * HOUR_MS), rule=rule(195)),
        programme(rule=rule(195), changes=(DayChange(day=MONDAY, minute=300),)),
        programme(owner="p04", units=("x1", "x10"), rule=rule(195)),
    ],
    ids=["another start", "a part that begins by day", "one day by day", "a commune without quiet hours"],
)
def test_a_programme_that_may_sound_at_some_time_somewhere_is_kept(small: House, wanted: Programme) -> None:
    small.policies.set("x1", 0, DAYTIME, by=admin("An"))
    assert small.programmes.create(wanted, by=admin("An")).version == 1


def test_hours_on_other_days_are_quiet_hours_too(small: House) -> None:
    weekdays = Ruling(policy=Policy(hours=(Window(from_minute=300, to_minute=1260, days=(1, 2, 3, 4, 5)),)))
    small.policies.set("x1", 0, weekdays, by=admin("An"))
    with pytest.raises(Refused) as told:
        small.programmes.create(programme(rule=rule(300, every=Every.WEEK, weekdays=(6, 7))), by=admin("An"))
    assert told.value.code == "programme.hours"
    assert made(small, rule=rule(300, every=Every.WEEK, weekdays=(5, 6))).version == 1


# ── two people ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_second_of_two_editors_is_told_by_whom_when_and_what_differs_and_nothing_is_saved(house: House) -> None:
    kept = made(house)
    name = kept.programme.id
    house.clock.advance(5_000)
    first = house.programmes.change(name, 1, programme(title="Buổi sớm", rule=rule(290)), by=admin("An"))
    assert (first.version, first.changed_by, first.created_ms) == (2, "An", NOW_MS)
    with pytest.raises(Conflict) as told:
        house.programmes.change(name, 1, programme(title="Buổi trưa"), by=admin("Bình"))
    fields = told.value.fields
    assert (told.value.code, fields["version"], fields["by"], fields["at_ms"]) == ("programme.changed", 2, "An", NOW_MS + 5_000)
    assert fields["differences"] == {
        "title": {"now": "Buổi sớm", "yours": "Buổi trưa"},
        "rule.minutes": {"now": (290,), "yours": (300,)},
    }
    assert house.programmes.get(name, by=admin()) == first
    second = house.programmes.change(name, 2, programme(title="Buổi trưa"), by=admin("Bình"))
    assert (second.version, second.changed_by) == (3, "Bình")


def test_the_same_change_again_is_no_conflict_and_no_new_version(small: House) -> None:
    name = made(small).programme.id
    first = small.programmes.change(name, 1, programme(title="Buổi sớm"), by=admin("An"))
    small.waiting()
    small.planned.clear()
    assert small.programmes.change(name, 1, programme(title="Buổi sớm"), by=admin("An")) == first
    assert (small.waiting(), small.planned) == ([], [])


def test_a_programme_that_moves_is_planned_anew_where_it_was_and_where_it_is(small: House) -> None:
    name = made(small, units=("x1-1",)).programme.id
    small.programmes.change(name, 1, programme(units=("x1-2",)), by=admin("An"))
    assert small.waiting() == ["x1-1", "x1-2"]


@given(programmes, programmes)
def test_two_values_are_equal_just_where_nothing_differs(one: Programme, other: Programme) -> None:
    assert (differences(one, other) == {}) == (one == other)


# ── single days ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_paused_a_day_is_skipped_or_changed_and_twice_is_once(house: House) -> None:
    house.bulletin("b1")
    name = made(house).programme.id
    tet = (date(2027, 2, 5), date(2027, 2, 11))
    for _ in range(2):
        house.programmes.pause(name, *tet, by=admin("An"))
        house.programmes.skip_day(name, date(2026, 12, 24), by=admin("An"))
        kept = house.programmes.change_day(
            name, DayChange(day=date(2027, 1, 1), minute=360, segments=(naming("b1"),)), by=admin("Bình")
        )
    assert (kept.version, kept.changed_by, kept.programme.rule.pauses) == (4, "Bình", (tet,))
    assert kept.programme.rule.skips == {date(2026, 12, 24)}
    changed = kept.programme.changes[0]
    assert changed.segments is not None
    assert changed.segments[0].pieces[0].sound == "c" * 64
    assert house.waiting() == ["x1"]
    back = house.programmes.change_day(name, DayChange(day=date(2027, 1, 1)), by=admin("An"))
    assert back.programme.changes == ()


def test_a_day_without_a_turn_is_neither_skipped_nor_changed(small: House) -> None:
    kept = made(small, rule=rule(300, every=Every.WEEK, weekdays=(1,)))
    tuesday, name = date(2026, 11, 24), kept.programme.id
    for ask in (
        lambda: small.programmes.skip_day(name, tuesday, by=admin("An")),
        lambda: small.programmes.change_day(name, DayChange(day=tuesday, minute=1), by=admin("An")),
    ):
        with pytest.raises(Refused) as told:
            ask()
        assert (told.value.code, told.value.fields["day"]) == ("programme.no-turn", "2026-11-24")
    with pytest.raises(Refused) as told:
        small.programmes.pause(name, tuesday, MONDAY, by=admin("An"))
    assert told.value.code == "rule.pause"
    assert small.programmes.get(name, by=admin()) == kept


def test_a_programme_that_a_new_policy_forbids_can_still_be_paused(small: House) -> None:
    name = made(small, rule=rule(195)).programme.id
    small.policies.set("x1", 0, DAYTIME, by=admin("An"))
    assert small.programmes.pause(name, MONDAY, date(2026, 12, 1), by=admin("An")).version == 2
    assert small.programmes.order(name, -1, by=admin("An")).programme.order == -1


def test_an_ended_one_stays_as_it_was_and_twice_is_once(house: House) -> None:
    house.bulletin("b1")
    name = made(house, naming("b1")).programme.id
    ended = house.programmes.end(name, by=admin("Bình"))
    house.clock.advance(1_000)
    assert house.programmes.end(name, by=admin("An")) == ended == house.programmes.get(name, by=admin())
    assert (ended.ended_ms, ended.version, ended.changed_by, house.programmes.list(by=admin())) == (NOW_MS, 2, "Bình", [])
    assert (house.waiting(), house.planned) == (["x1"], ["programme"])
    with pytest.raises(Refused) as told:
        house.programmes.change(name, 2, programme(), by=admin("An"))
    assert told.value.code == "programme.ended"


def test_a_unit_sees_what_is_heard_in_it_or_below(small: House) -> None:
    by_title = {
        title: made(small, title=title, owner="p04", units=units)
        for title, units in (("a", ("x1-1",)), ("b", ("x1",)), ("c", ("p04",)), ("d", ("x10",)))
    }
    for unit, titles in (("x1-1", "abc"), ("x1-2", "bc"), ("x1", "abc"), ("x10-1", "cd"), ("p04", "abcd")):
        assert small.programmes.list(unit, by=admin()) == [by_title[title] for title in titles]
    with pytest.raises(NotFound) as told:
        small.programmes.list("nowhere", by=admin())
    assert told.value.code == "unit.unknown"
    with pytest.raises(NotFound) as told:
        small.programmes.get("nothing", by=admin())
    assert told.value.code == "programme.unknown"


@given(programmes)
def test_any_programme_comes_back_from_its_text_and_equal_ones_have_the_same(one: Programme) -> None:
    text = encode_body(one)
    again = decode_body(text, Programme)
    assert again == one
    assert encode_body(again) == text
