"""The fewest words to the loudspeakers: what can stay stays, and afterwards what is planned is what is wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller.domain.airing import Airing, Klass, Mode
from controller.service.ports import Planned
from controller.service.replanning import Changes, Sound, changes, sound_of

VILLAGES = "abcd"

sounds = st.builds(
    Sound,
    wish=st.sampled_from(["w1#0", "w2#0"]),
    source=st.sampled_from(["b1", "b2"]),
    sha256=st.just("c" * 64),
    start_ms=st.sampled_from([1_000, 2_000, 3_000]),
    duration_ms=st.sampled_from([10, 20]),
    klass=st.just("normal"),
    level=st.just(2),
    language=st.just("vi"),
)
villages = st.sets(st.sampled_from(VILLAGES), min_size=1)
wanted = st.dictionaries(sounds, villages, max_size=5)


def airing(number: int, sound: Sound) -> Airing:
    return Airing(
        id=f"a{number}",
        bulletin=sound.source,
        mode=Mode.PLANNED,
        rev=1,
        units=("x1",),
        start_ms=sound.start_ms,
        grace_ms=60_000,
        duration_ms=sound.duration_ms,
        klass=Klass(sound.klass),
        rank=sound.level,
        sha256=sound.sha256,
        size=9,
        gain=0,
        language=sound.language,
        created_ms=0,
        wish=sound.wish,
    )


def planned_of(there: dict[Sound, set[str]], elsewhere: bool = False) -> list[Planned]:
    return [
        Planned(airing=airing(number, sound), here=frozenset(names), elsewhere=elsewhere)
        for number, (sound, names) in enumerate(there.items())
    ]


def applied(planned: list[Planned], todo: Changes) -> dict[Sound, set[str]]:
    """What is planned after the changes."""
    after: dict[Sound, set[str]] = {}
    for each in planned:
        name = each.airing.id
        here = (set(each.here) | todo.joined.get(name, set())) - todo.left.get(name, set())
        if name not in todo.ended and here:
            after.setdefault(todo.moved.get(name, sound_of(each.airing)), set()).update(here)
    for sound, names in todo.added.items():
        after.setdefault(sound, set()).update(names)
    return after


@given(wanted, wanted, st.booleans())
def test_afterwards_what_is_planned_is_what_is_wanted(want: dict, there: dict, elsewhere: bool) -> None:
    planned = planned_of(there, elsewhere)
    assert applied(planned, changes(want, planned)) == want


@given(wanted)
def test_what_is_wanted_already_is_left_alone(want: dict) -> None:
    planned = planned_of(want)
    assert changes(want, planned) == Changes()


@given(wanted, wanted)
def test_only_villages_whose_plan_differs_are_told(want: dict, there: dict) -> None:
    planned = planned_of(there)
    told = changes(want, planned).villages(planned)

    def items(plans: dict) -> dict[str, set[Sound]]:
        return {village: {sound for sound, names in plans.items() if village in names} for village in VILLAGES}

    before, after = items(there), items(want)
    assert {village for village in VILLAGES if before[village] != after[village]} <= told


@given(wanted)
def test_an_airing_that_has_villages_elsewhere_is_neither_moved_nor_ended(there: dict) -> None:
    planned = planned_of(there, elsewhere=True)
    later = {replace(sound, start_ms=sound.start_ms + 60_000): names for sound, names in there.items()}
    todo = changes(later, planned)
    assert not todo.moved
    assert not todo.ended
