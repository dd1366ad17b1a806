"""What a sound's figures tell: where it begins and ends, speech or music, its waveform. Pure.

Everything here works on the two arrays that `loudness.Meter` keeps, never on samples.
"""

from __future__ import annotations

import numpy as np

from audio.clip import BUCKETS, Kind
from audio.loudness import F32, F64, integrated_lufs

SILENCE_LUFS = -60.0
"""Below this nothing is meant to be heard, however quiet the recording."""
SILENCE_BELOW_LU = 40.0
"""And below the sound's own loudness by this: a breath and a soft consonant stay, a room's hiss goes."""
MARGIN_10MS = 10
"""Kept on each side: 100 ms, the onset of a soft consonant and the end of a vowel."""
STRAY_10MS = 6
"""A click shorter than 60 ms at an end is a finger on a button, not a word."""

SPEECH_LOW_SHARE = 0.22
"""Share of 20 ms frames below half of their second's mean level, from which a sound is speech."""


def sounding(energy: F32) -> tuple[int, int]:
    """First and past-the-last 10 ms that sound, margins included; (0, 0) when none does.

    `energy` is K-weighted mean square per 10 ms.
    """
    floor_lufs = max(SILENCE_LUFS, integrated_lufs(energy) - SILENCE_BELOW_LU)
    loud = energy > 10 ** ((floor_lufs + 0.691) / 10)
    steady = np.convolve(loud, np.ones(STRAY_10MS), "valid") == STRAY_10MS if len(loud) >= STRAY_10MS else loud
    at = np.flatnonzero(steady)
    if not len(at):
        return 0, 0
    return max(0, int(at[0]) - MARGIN_10MS), min(len(energy), int(at[-1]) + STRAY_10MS + MARGIN_10MS)


def low_share(energy: F32) -> float:
    """Share of 20 ms frames whose level is below half the mean level of the second around them.

    Speech stops between syllables and words, music seldom does (Saunders 1996; Scheirer & Slaney 1997,
    "percentage of low-energy frames"). 0..1.
    """
    frames = np.sqrt(energy[: len(energy) // 2 * 2].reshape(-1, 2).mean(axis=1, dtype=np.float64))
    seconds = frames[: len(frames) // 50 * 50].reshape(-1, 50)
    if not len(seconds):
        seconds = frames.reshape(1, -1)
    means = seconds.mean(axis=1, keepdims=True)
    heard = means[:, 0] > means.max(initial=0.0) * 0.01  # a second of silence says nothing
    return float((seconds[heard] < 0.5 * means[heard]).mean()) if heard.any() else 0.0


def classify(energy: F32) -> Kind:
    """Speech or music, by `low_share`. Deterministic; a wrong guess costs 8 kbit/s or a little shine."""
    return "speech" if low_share(energy) >= SPEECH_LOW_SHARE else "music"


def waveform(peaks: F32 | F64) -> bytes:
    """Peaks per millisecond -> `BUCKETS` bytes for a page; 255 is full scale."""
    if not len(peaks):
        return bytes(BUCKETS)
    edges = np.linspace(0, len(peaks), BUCKETS + 1)[:-1].astype(np.int64)
    highest = np.maximum.reduceat(peaks, edges)
    return bytes(np.rint(np.clip(highest, 0.0, 1.0) * 255).astype(np.uint8))
