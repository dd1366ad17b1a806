"""A horn's file holds what sounded, at the sample where it sounded, and zeros elsewhere."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulator.horn import Horn, Samples


def ramp(samples: int, piece: int = 700) -> Iterator[Samples]:
    whole = (np.arange(samples) % 1000 + 1).astype(np.int16)
    return iter([whole[at : at + piece] for at in range(0, samples, piece)])


def read(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48_000)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def test_sound_lies_where_it_sounded_and_zeros_elsewhere(tmp_path: Path) -> None:
    horn = Horn(tmp_path, "a", t0_ms=1_000, t0_utc_ms=7)
    horn.play(ramp(4_800), start_ms=1_500, gain=0)
    horn.sound_until(1_530)
    horn.close(2_000)
    samples = read(tmp_path / "a.wav")
    assert len(samples) == 48_000
    assert not samples[:24_000].any()
    assert (samples[24_000:28_800] == np.concatenate(list(ramp(4_800)))).all()
    assert not samples[28_800:].any()


def test_silence_cuts_at_the_sample_where_it_came(tmp_path: Path) -> None:
    horn = Horn(tmp_path, "a", t0_ms=0, t0_utc_ms=0)
    horn.play(ramp(48_000), start_ms=100, gain=0)
    horn.silence(350)
    horn.close(1_000)
    assert np.flatnonzero(read(horn.path)).tolist() == list(range(4_800, 16_800))


def test_a_second_sound_follows_the_first(tmp_path: Path) -> None:
    horn = Horn(tmp_path, "a", t0_ms=0, t0_utc_ms=0)
    for start in (0, 500):
        horn.play(ramp(4_800), start_ms=start, gain=0)
        horn.silence(start + 50)
    horn.close(1_000)
    assert np.flatnonzero(read(horn.path)).tolist() == [*range(2_400), *range(24_000, 26_400)]


def test_gain_is_applied_and_never_wraps(tmp_path: Path) -> None:
    horn = Horn(tmp_path, "a", t0_ms=0, t0_utc_ms=0)
    horn.play(iter([np.array([1_000, -1_000, 20_000, -20_000], np.int16)]), start_ms=0, gain=60)
    horn.close(1)
    assert read(horn.path)[:4].tolist() == [1_995, -1_995, 32_767, -32_768]


def test_the_file_is_valid_while_it_grows_and_its_moment_is_beside_it(tmp_path: Path) -> None:
    horn = Horn(tmp_path, "a", t0_ms=0, t0_utc_ms=1_700_000_000_123)
    horn.play(ramp(96_000), start_ms=0, gain=0)
    horn.sound_until(250)
    assert len(read(horn.path)) == 12_000
    horn.close(300)
    assert json.loads((tmp_path / "a.json").read_text()) == {"node": "a", "t0_utc_us": 1_700_000_000_123_000, "rate": 48_000}


def test_a_fleet_that_starts_again_leaves_the_first_file_alone(tmp_path: Path) -> None:
    for _ in range(3):
        Horn(tmp_path, "a", t0_ms=0, t0_utc_ms=0).close(10)
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == ["a-2.wav", "a-3.wav", "a.wav"]
    assert len(list(tmp_path.glob("*.json"))) == 3
