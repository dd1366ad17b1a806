"""Where a sound begins and ends, what kind it is, and how it looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio import shape
from audio.clip import BUCKETS
from audio.decode import pcm
from audio.loudness import CHUNK, Meter
from tests.unit.audio import sounds

DEMO = Path(__file__).parents[3] / "simulator" / "sounds"


def energy_of(samples: sounds.Samples) -> np.ndarray:
    meter = Meter()
    for at in range(0, len(samples), CHUNK):
        meter.push(samples[at : at + CHUNK])
    return meter.energy


def energy_of_file(path: Path) -> np.ndarray:
    return energy_of(np.concatenate(list(pcm(path, high_pass_hz=120))))


def test_silence_at_both_ends_is_found() -> None:
    """Two seconds before and one after, up to the margin of 100 ms."""
    first, last = shape.sounding(energy_of(np.concatenate((sounds.silence(2), sounds.tone(3), sounds.silence(1)))))
    assert (first, last) == (pytest.approx(190, abs=2), pytest.approx(510, abs=3))


def test_a_quiet_hiss_at_both_ends_counts_as_silence() -> None:
    """A real room is never digital zero."""
    hiss = np.random.default_rng(5).standard_normal(48_000 * 7).astype(np.float32) * 0.0004
    hiss[48_000 * 2 : 48_000 * 5] += sounds.tone(3)
    first, last = shape.sounding(energy_of(hiss))
    assert 180 <= first <= 200
    assert 500 <= last <= 520


def test_a_click_before_the_speech_is_not_its_beginning() -> None:
    """A finger on the recorder's button."""
    sound = np.concatenate((sounds.silence(2), sounds.tone(3)))
    sound[4_800:5_000] = 0.8
    assert shape.sounding(energy_of(sound))[0] > 180


def test_pauses_inside_are_kept() -> None:
    """Only the ends are cut: a long pause between two sentences is the speaker's."""
    sound = np.concatenate((sounds.tone(1), sounds.silence(5), sounds.tone(1)))
    first, last = shape.sounding(energy_of(sound))
    assert last - first > 690


def test_nothing_sounds_in_silence() -> None:
    """Silence and an empty array have no beginning."""
    assert shape.sounding(energy_of(sounds.silence(2))) == (0, 0)
    assert shape.sounding(np.zeros(0, np.float32)) == (0, 0)


@pytest.mark.parametrize("path", [sounds.ENGLISH, sounds.FRENCH, sounds.PHONE, *sorted(DEMO.glob("*.mp3"))], ids=str)
def test_speech_is_called_speech(path: Path) -> None:
    """Every spoken file of the repository, human or machine, English, French or Vietnamese."""
    assert shape.classify(energy_of_file(path)) == "speech"


def test_music_is_called_music() -> None:
    """A real piece, a chord that swells, and a steady tone."""
    swell = sum(sounds.tone(5, hz=hz) for hz in (220, 277, 330)) * (1 + 0.3 * np.sin(np.arange(240_000) / 20_000))
    assert shape.classify(energy_of_file(sounds.MUSIC)) == "music"
    assert shape.classify(energy_of(swell.astype(np.float32))) == "music"
    assert shape.classify(energy_of(sounds.tone(3))) == "music"


def test_the_waveform_shows_where_it_is_loud() -> None:
    """Always as many columns, 255 at full scale, also for a sound shorter than the page is wide."""
    peaks = np.concatenate((np.zeros(1000), np.ones(1000), np.full(1000, 0.5)))
    drawn = np.frombuffer(shape.waveform(peaks), np.uint8)
    assert len(drawn) == BUCKETS
    assert (drawn[:260] == 0).all()
    assert (drawn[270:530] == 255).all()
    assert (drawn[540:] == 128).all()
    assert len(shape.waveform(np.ones(30))) == len(shape.waveform(np.zeros(0))) == BUCKETS
