"""The test phrase: the same bytes each time, as loud as any other clip."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from audio.chime import chime, chime_clip
from audio.clip import RATE_HZ
from audio.prepare import prepare
from audio.store import Store


def test_the_phrase_is_four_seconds_and_is_the_same_each_time() -> None:
    sound = chime()
    assert 3 * RATE_HZ < len(sound) < 5 * RATE_HZ
    assert np.array_equal(sound, chime())
    assert abs(int(sound[0])) < 50
    assert abs(int(sound[-1])) < 50


def test_it_becomes_a_clip_of_the_usual_loudness(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = chime_clip(store, partial(prepare, store=store))
    assert made == chime_clip(store, partial(prepare, store=store))
    assert store.has(made.sha256)
    assert 3_000 <= made.duration_ms <= 5_000
    assert abs(made.loudness_lufs + 16.0) < 1.0
    assert made.true_peak_dbtp <= -1.0
