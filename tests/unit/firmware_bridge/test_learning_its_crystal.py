"""How fast its crystal goes: learned from answers hours apart, forgotten when one contradicts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.timekeeper import DRIFT_PPM, WANDER_PPM, Timekeeper
from tests.unit.firmware_bridge.harness import HOUR, MONDAY_10H

DAY = 24 * HOUR


class Wristwatch:
    """A clock on a crystal that goes so fast, beside the truth; answers come in 20 ms there and 10 back."""

    def __init__(self, ppm: float) -> None:
        self.ppm = ppm
        self.clock = Timekeeper()
        self.truth = 0.0
        self.shown = 0.0

    def pass_by(self, ms: int) -> None:
        self.truth += ms
        self.shown += ms * (1 + self.ppm / 1_000_000)

    def answer(self, ahead: int = 0, way: int = 20) -> str:
        """One round; the controller's clock is `ahead`."""
        self.clock.asked(f"{self.truth}", int(self.shown), 0)
        self.pass_by(way)
        t2 = MONDAY_10H + int(self.truth) + ahead
        nonce = f"{self.truth - way}"
        self.pass_by(10)
        return self.clock.answered(nonce, t2, t2, int(self.shown))

    def listen(self, ms: int, every: int = 600_000) -> None:
        for _ in range(ms // every):
            self.answer()
            self.pass_by(every - 30)

    def growth_ms(self) -> int:
        """By how much its bound grows in the next 1,000 s."""
        u = self.u_ms
        self.pass_by(1_000_000)
        return self.u_ms - u

    @property
    def off_ms(self) -> float:
        return abs(self.clock.utc(int(self.shown)) - (MONDAY_10H + self.truth))

    @property
    def u_ms(self) -> int:
        return self.clock.error(int(self.shown))


@given(ppm=st.floats(-DRIFT_PPM + 1, DRIFT_PPM - 1), listened=st.integers(1, 80), wander=st.floats(-WANDER_PPM, WANDER_PPM))
def test_the_truth_lies_within_the_bound_through_three_days_without_a_link(ppm: float, listened: int, wander: float) -> None:
    """However long it listened, and though the crystal goes somewhat otherwise since."""
    watch = Wristwatch(ppm)
    watch.listen(listened * HOUR)
    watch.ppm = max(-DRIFT_PPM, min(DRIFT_PPM, ppm + wander))
    for _ in range(12):
        watch.pass_by(6 * HOUR)
        assert watch.off_ms <= watch.u_ms + 1  # the answers are of whole ms


def test_after_half_a_day_of_answers_two_days_without_a_link_cost_less_than_two_seconds() -> None:
    """What waits in its plan begins within 2 s of its time; with any crystal it would be 17 s."""
    watch = Wristwatch(47)
    watch.listen(12 * HOUR)
    watch.pass_by(2 * DAY)
    assert watch.u_ms < 2_000


def test_the_moment_of_a_time_is_the_time_of_that_moment() -> None:
    watch = Wristwatch(-80)
    watch.listen(12 * HOUR)
    for later in (0, HOUR, 3 * DAY):
        moment = int(watch.shown) + later
        assert abs(watch.clock.monotonic(watch.clock.utc(moment)) - moment) <= 1


def test_an_hour_of_answers_teaches_nothing() -> None:
    """Their own errors would be too much of it."""
    watch = Wristwatch(30)
    watch.listen(HOUR)
    assert watch.growth_ms() >= 100


def test_answers_that_are_not_sure_teach_nothing() -> None:
    watch = Wristwatch(30)
    for _ in range(24):
        watch.answer(way=110)
        watch.pass_by(HOUR)
    assert watch.growth_ms() >= 100


def test_an_answer_that_contradicts_what_was_learned_makes_it_forgotten() -> None:
    """The controller's clock was set by five seconds: who knows since when it was wrong."""
    watch = Wristwatch(30)
    watch.listen(12 * HOUR)
    watch.answer(ahead=5_000)
    assert watch.growth_ms() >= 100


def test_a_pace_that_no_crystal_has_is_not_learned() -> None:
    """Answers that run away by 125 ppm are a controller's fault, not ours."""
    watch = Wristwatch(0)
    for step in range(72):
        watch.answer(ahead=step * 75)
        watch.pass_by(600_000)
    assert watch.growth_ms() >= 100
