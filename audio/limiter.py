"""One gain and a look-ahead limiter, worked out on figures before a sample is touched. Pure.

The gain a millisecond may have is `ceiling / true peak`. A running minimum over the reach on both sides,
then a running mean of the same width, gives a curve without corners which is nowhere above what its
neighbourhood may have: the classical look-ahead limiter, without recursion, so numpy does it at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio.loudness import F32, F64, MS, from_db, integrated_lufs

REACH_MS = 10
"""Attack and release. Shorter distorts a low voice (100 Hz: a period is 10 ms); longer sinks whole words."""
DRIVES_DB = (0.0, 3.0, 6.0, 9.0, 12.0, 18.0)
"""How far peaks may rise over the ceiling before the limiter turns them down; what rises is cut off. The
least that reaches the loudness is taken: 0 for nearly all speech, more for a buzz whose every period is a spike."""
SIGHT_MS = 3 * REACH_MS  # how far a millisecond's gain depends on its neighbours
BLOCK_MS = 60_000  # worked on at a time, so that an hour's curve takes the memory of its result
MAX_SQUEEZE_DB = 12.0
"""Gain beyond what loudness alone asks for: more would lift the breath between words up to the words."""
SOLVE_STEPS = 40
SOLVED_LU = 0.02
CURVE_FLOOR = 1e-9  # a peak below -180 dBFS is silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One gain, a limiter that holds true peaks at `ceiling_db + drive_db`, and a cut at `ceiling_db`."""

    gain_db: float
    ceiling_db: float
    drive_db: float = 0.0


def gain_curve(peaks: F32, setting: Setting) -> F32:
    """Linear gain at each millisecond's start and one after the last: shape (len(peaks) + 1,)."""
    curve = np.empty(len(peaks) + 1, np.float32)
    for at in range(0, len(peaks), BLOCK_MS):
        end = min(len(peaks), at + BLOCK_MS)
        first = max(0, at - SIGHT_MS)
        curve[at:end] = _smooth_gain(peaks[first : end + SIGHT_MS], setting)[at - first : end - first]
    curve[-1] = curve[-2]
    return curve


def _smooth_gain(peaks: F32, setting: Setting) -> F64:
    gain, ceiling = from_db(setting.gain_db), from_db(setting.ceiling_db + setting.drive_db)
    allowed = np.minimum(gain, ceiling / np.maximum(peaks, CURVE_FLOOR)).astype(np.float32)
    # Twice the reach, since the mean looks one reach further; the mean of what is allowed is allowed too.
    lowest = _running_minimum(allowed, 2 * REACH_MS)
    width = 2 * REACH_MS + 1
    sums = np.concatenate(([0.0], np.cumsum(np.pad(lowest, REACH_MS, mode="edge"), dtype=np.float64)))
    mean: F64 = (sums[width:] - sums[:-width]) / width
    return mean


def solve(energy: F32, peaks: F32, target_lufs: float, ceiling_db: float) -> Setting:
    """The gentlest setting whose result has the wanted integrated loudness, as predicted from figures.

    `energy` is K-weighted mean square per 10 ms, `peaks` true peaks per ms, of the same sound. When none
    reaches the loudness the hardest is returned. What the cut takes away cannot be told from figures: the
    measurement afterwards tells it.
    """
    for drive_db in DRIVES_DB:
        setting, error_lu = _solve_gain(energy, peaks, target_lufs, ceiling_db, drive_db)
        if abs(error_lu) < SOLVED_LU:
            break
    return setting


def _solve_gain(energy: F32, peaks: F32, target_lufs: float, ceiling_db: float, drive_db: float) -> tuple[Setting, float]:
    plain_db = gain_db = target_lufs - integrated_lufs(energy)
    for _ in range(SOLVE_STEPS):
        setting = Setting(gain_db=gain_db, ceiling_db=ceiling_db, drive_db=drive_db)
        error_lu = target_lufs - integrated_lufs(limited_energy(energy, gain_curve(peaks, setting)))
        if abs(error_lu) < SOLVED_LU or gain_db >= plain_db + MAX_SQUEEZE_DB:
            break
        gain_db = min(gain_db + error_lu, plain_db + MAX_SQUEEZE_DB)
    return setting, error_lu


def limited_energy(energy: F32, curve: F32) -> F64:
    """What `energy` becomes under a gain curve: mean squares per 10 ms."""
    gains = curve[: len(energy) * 10].reshape(-1, 10)
    squares: F64 = np.einsum("ij,ij->i", gains, gains, dtype=np.float64) / 10
    squares *= energy
    return squares


def shaped(samples: F32, curve: F32, start_ms: int, setting: Setting) -> F32:
    """Samples from `start_ms` on, with the curve's gain, cut off at the ceiling."""
    ceiling = from_db(setting.ceiling_db)
    cut: F32 = np.clip(samples * spread(curve, start_ms, len(samples)), -ceiling, ceiling)
    return cut


def spread(curve: F32, start_ms: int, samples: int) -> F32:
    """Gain for each of `samples` samples from `start_ms` on, straight lines between milliseconds."""
    count = -(-samples // MS)
    left = curve[start_ms : start_ms + count, None]
    right = curve[start_ms + 1 : start_ms + count + 1, None]
    along = np.arange(MS, dtype=np.float32) / MS
    gains: F32 = (left + (right - left) * along).astype(np.float32, copy=False)
    return gains.reshape(-1)[:samples]


def _running_minimum(values: F32, reach: int) -> F32:
    """Minimum over `reach` on each side, by doubling: log2 passes instead of one a millisecond."""
    padded = np.pad(values, reach, mode="edge")
    span, width = 1, 2 * reach + 1
    while span * 2 <= width:
        padded = np.minimum(padded[:-span], padded[span:])
        span *= 2
    rest = width - span
    return np.minimum(padded[:-rest], padded[rest:]) if rest else padded
