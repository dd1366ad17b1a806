"""Loudness and true peak after ITU-R BS.1770-4, streaming, in numpy. Pure.

The K-weighting is applied by FFT (overlap-save) because numpy has no recursive filter: its impulse
response has fallen by 90 dB after `HISTORY` samples, so cutting it there changes nothing that can be
measured. `tests/unit/audio/test_loudness.py` holds both figures against FFmpeg's own `ebur128`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.clip import RATE_HZ

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

CHUNK = RATE_HZ
"""Samples a push takes: one second, so Python's cost per call vanishes and memory stays small."""
FINE = RATE_HZ // 100
"""Energies are kept per 10 ms: 360,000 numbers an hour, fine enough to cut silence."""
MS = RATE_HZ // 1000
"""Peaks are kept per millisecond, the limiter's step."""

FFT_SIZE = 8192  # stays in a core's first caches: measured fastest, with HOP dividing CHUNK
HOP = 6000
HISTORY = FFT_SIZE - HOP
TAPS = 16  # a phase of the interpolator; BS.1770-4 annex 2 uses 12, more reads closer near 20 kHz
PHASES = 4  # four-fold oversampling, as in BS.1770-4 annex 2
FLOOR_LUFS = -120.0  # what silence is called, so that no figure is infinite

# BS.1770-4 tables 1 and 2, for 48 kHz: the head's shelf, then the RLB high-pass.
SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
RLB = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


class Meter:
    """Listens to a mono 48 kHz signal, second by second, and remembers its energies and peaks.

    Not thread-safe. Memory: 4.2 kB a second of sound at most.
    """

    def __init__(self) -> None:
        self._past = np.zeros(HISTORY, dtype=np.float32)
        self._energy: list[F32] = []
        self._peaks: list[F32] = []
        self.samples = 0

    def push(self, chunk: F32) -> None:
        """Take the next `CHUNK` samples; only the last push may be shorter."""
        if self.samples % CHUNK or len(chunk) > CHUNK:
            raise ValueError("only the last chunk may differ from one second")
        self.samples += len(chunk)
        signal = np.concatenate((self._past, chunk))
        self._energy.append(_fine_energy(_k_weight(signal)[: len(chunk)]))
        self._peaks.append(_true_peaks(signal[HISTORY - TAPS :]))
        self._past = signal[-HISTORY:]

    @property
    def energy(self) -> F32:
        """Mean square of the K-weighted signal, per whole 10 ms."""
        return np.concatenate(self._energy) if self._energy else np.zeros(0, np.float32)

    @property
    def peaks(self) -> F32:
        """True peak, linear, per started millisecond."""
        return np.concatenate(self._peaks) if self._peaks else np.zeros(0, np.float32)

    def true_peak_dbtp(self) -> float:
        return to_db(float(self.peaks.max(initial=0.0)))

    def loudness_lufs(self) -> float:
        return integrated_lufs(self.energy)


def integrated_lufs(energy: F32 | F64) -> float:
    """Integrated loudness of K-weighted mean squares per 10 ms, gated at -70 LUFS and -10 LU.

    Below 400 ms there is no gating block: the whole is measured ungated, which BS.1770-4 leaves open.
    """
    if len(energy) < 40:
        return _lufs(float(energy.mean())) if len(energy) else FLOOR_LUFS
    sums = np.concatenate(([0.0], np.cumsum(energy, dtype=np.float64)))
    blocks = (sums[40:] - sums[:-40])[::10] / 40
    loud = blocks[blocks > _power(-70.0)]
    if not len(loud):
        return FLOOR_LUFS
    kept = loud[loud > loud.mean() * 0.1]
    return _lufs(float(kept.mean()))


def to_db(amplitude: float) -> float:
    """Linear amplitude to dB full scale, never below `FLOOR_LUFS`."""
    return max(FLOOR_LUFS, 20 * float(np.log10(max(amplitude, 1e-30))))


def from_db(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _lufs(power: float) -> float:
    return max(FLOOR_LUFS, -0.691 + 10 * float(np.log10(max(power, 1e-30))))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


@cache
def _k_response() -> NDArray[np.complex64]:
    """The K-weighting's frequency response on the FFT's grid."""
    z = np.exp(-2j * np.pi * np.arange(FFT_SIZE // 2 + 1) / FFT_SIZE)
    response = np.ones_like(z)
    for b, a in (SHELF, RLB):
        response *= (b[0] + b[1] * z + b[2] * z**2) / (a[0] + a[1] * z + a[2] * z**2)
    narrow: NDArray[np.complex64] = response.astype(np.complex64)
    return narrow


def _k_weight(signal: F32) -> F32:
    """K-weight what follows the first `HISTORY` samples, which carry the filter's memory."""
    hops = -(-(len(signal) - HISTORY) // HOP)
    padded = np.concatenate((signal, np.zeros(HISTORY + hops * HOP - len(signal), np.float32)))
    spectra = np.fft.rfft(sliding_window_view(padded, FFT_SIZE)[::HOP], axis=1)
    spectra *= _k_response()
    weighted: F32 = np.fft.irfft(spectra, FFT_SIZE, axis=1)[:, HISTORY:].astype(np.float32, copy=False)
    return weighted.reshape(-1)


def _fine_energy(weighted: F32) -> F32:
    whole = weighted[: len(weighted) // FINE * FINE].reshape(-1, FINE)
    energy: F32 = (np.einsum("ij,ij->i", whole, whole) / FINE).astype(np.float32)
    return energy


@cache
def _interpolator() -> F32:
    """Matrix (MS + TAPS - 1, MS * 3): the three values between samples, of a millisecond at once."""
    reach = TAPS // 2
    offsets = np.arange(-reach + 1, reach + 1)
    matrix = np.zeros((MS + TAPS - 1, MS, PHASES - 1), dtype=np.float32)
    for phase in range(1, PHASES):
        distance = offsets - phase / PHASES
        taps = np.sinc(distance) * np.cos(np.pi * distance / (TAPS + 1)) ** 2
        taps /= taps.sum()
        for at in range(MS):
            matrix[at : at + TAPS, at, phase - 1] = taps
    return matrix.reshape(MS + TAPS - 1, -1)


def _parts(windows: F32) -> Iterator[F32]:
    """Products small enough that BLAS keeps them in this thread: its own threads only spin at this size."""
    return (windows[at : at + 25] for at in range(0, len(windows), 25))


def _true_peaks(signal: F32) -> F32:
    """True peak per started millisecond of what follows the first `TAPS` samples.

    The interpolator looks `TAPS` / 2 samples ahead, so each figure is read half a tap-length late:
    a sixth of a millisecond, which the limiter's window covers.
    """
    count = -(-(len(signal) - TAPS) // MS)
    if count <= 0:
        return np.zeros(0, np.float32)
    padded = np.concatenate((signal, np.zeros(MS, np.float32)))[: TAPS + count * MS]
    windows = np.ascontiguousarray(sliding_window_view(padded[1:], MS + TAPS - 1)[::MS][:count])
    between = np.concatenate([np.abs(part @ _interpolator()).max(axis=1) for part in _parts(windows)])
    own = np.abs(padded[TAPS:].reshape(count, MS)).max(axis=1)
    highest: F32 = np.maximum(between, own).astype(np.float32, copy=False)
    return highest
