"""The test phrase: a short chime that a loudspeaker plays so that somebody who stands below it knows that it is whole.

Four bell notes that rise and come to rest, made by arithmetic: the same samples on every machine, so the same clip, by its
hash, for as long as the encoder stays the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from audio.clip import RATE_HZ, Clip
from audio.edit import Pcm, save_wav
from audio.store import Store

NOTES_HZ = (392.0, 440.0, 523.25, 659.25)
"""G A C E, of the five-tone scale that every village here knows; all within what a horn carries well."""
STEP_S = 0.55
RING_S = 2.4
"""The last note dies away by itself: a horn that rattles is heard best in the quiet end."""
PARTIALS = ((1.0, 1.0, 1.6), (2.0, 0.45, 2.6), (3.0, 0.2, 3.8), (4.2, 0.09, 6.0))
"""(times the note, loudness, decay a second): a soft bell."""
ATTACK_S = 0.008
"""A note that begins at once clicks."""
PEAK = 0.5
"""Of full scale; `prepare` gives it its loudness."""


def chime() -> Pcm:
    """The phrase: int16 mono 48 kHz, a little over four seconds."""
    step, ring = int(STEP_S * RATE_HZ), int(RING_S * RATE_HZ)
    sound = np.zeros(step * (len(NOTES_HZ) - 1) + ring)
    at_s = np.arange(ring) / RATE_HZ
    swell = np.minimum(1.0, at_s / ATTACK_S) * np.minimum(1.0, (RING_S - at_s) / 0.1)
    for number, note_hz in enumerate(NOTES_HZ):
        bell = sum(loud * np.exp(-decay * at_s) * np.sin(2 * np.pi * note_hz * times * at_s) for times, loud, decay in PARTIALS)
        sound[number * step : number * step + ring] += swell * bell
    level: Pcm = np.rint(sound / np.abs(sound).max() * PEAK * 32_767).astype(np.int16)
    return level


def chime_clip(store: Store, prepare: Callable[[Path], Clip]) -> Clip:
    """The phrase as a clip, broadcast-ready like any other, kept in the store; errors are those of `prepare`."""
    with store.scratch() as folder:
        path = folder / "chime.wav"
        save_wav(chime(), path)
        return prepare(path)
