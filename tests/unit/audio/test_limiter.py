"""The limiter never lets a peak through, and asks for the gain that gives the wanted loudness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.decode import pcm
from audio.limiter import DRIVES_DB, Setting, gain_curve, limited_energy, solve, spread
from audio.loudness import CHUNK, Meter, from_db, integrated_lufs
from tests.unit.audio import sounds


@given(
    peaks=st.lists(st.floats(0, 4, width=32), min_size=1, max_size=300),
    gain_db=st.floats(-20, 40),
    drive_db=st.sampled_from(DRIVES_DB),
)
def test_no_peak_passes(peaks: list[float], gain_db: float, drive_db: float) -> None:
    """At both ends of every millisecond, hence between them, peak times gain stays below ceiling and drive."""
    array = np.array(peaks, np.float32)
    curve = gain_curve(array, Setting(gain_db=gain_db, ceiling_db=-4.0, drive_db=drive_db))
    assert len(curve) == len(array) + 1
    assert (array * np.maximum(curve[:-1], curve[1:]) <= from_db(-4.0 + drive_db) * 1.0001).all()


def test_the_curve_does_not_know_where_its_blocks_end() -> None:
    """Two and a half blocks in one go, and the same from a place in the middle."""
    peaks = np.random.default_rng(4).uniform(0, 2, 150_000).astype(np.float32)
    setting = Setting(gain_db=3.0, ceiling_db=-4.0)
    whole, part = gain_curve(peaks, setting), gain_curve(peaks[30_000:], setting)
    assert whole[31_000:149_000] == pytest.approx(part[1_000:119_000], abs=1e-6)


def test_what_is_below_the_ceiling_gets_the_plain_gain() -> None:
    """A limiter that has nothing to do changes nothing."""
    curve = gain_curve(np.full(100, 0.1, np.float32), Setting(gain_db=6.0, ceiling_db=-4.0))
    assert curve == pytest.approx(from_db(6.0))


def test_the_solved_gain_gives_the_wanted_loudness() -> None:
    """Peaky speech, too quiet for the air, with the limiter at work."""
    meter = Meter()
    speech = np.concatenate(list(pcm(sounds.ENGLISH))) * np.float32(0.3)
    for at in range(0, len(speech), CHUNK):
        meter.push(speech[at : at + CHUNK])
    setting = solve(meter.energy, meter.peaks, -16.0, -4.0)
    curve = gain_curve(meter.peaks, setting)
    assert integrated_lufs(limited_energy(meter.energy, curve)) == pytest.approx(-16.0, abs=0.05)
    assert float(curve.min()) < from_db(setting.gain_db) * 0.9


def test_gain_between_milliseconds_is_a_straight_line() -> None:
    """48 samples a millisecond, from one value towards the next."""
    gains = spread(np.array([1.0, 2.0, 2.0], np.float32), 0, 96)
    assert gains[0] == 1.0
    assert gains[24] == pytest.approx(1.5)
    assert (gains[48:] == 2.0).all()
