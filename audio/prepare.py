"""Any file a person brings -> one broadcast-ready clip, or a refusal with its reason.

How: (1) decode, mix, high-pass; keep the samples on disk and their figures in memory; (2) from the
figures alone work out where the sound begins and ends, the gain and the limiter's curve; (3) encode;
(4) decode what was encoded and measure that. Opus at 24 kbit/s moves peaks by some dB, so only the
decoded file tells the truth: when it misses the specification, correct the targets and encode again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import BinaryIO

import numpy as np

from audio import limiter, shape
from audio.clip import DEFAULT_LIMITS, RATE_HZ, WHOLE, AudioSpec, Clip, Kind, Limits, Part, Progress, Step
from audio.decode import pcm
from audio.encode import OpusWriter
from audio.errors import AudioError
from audio.loudness import CHUNK, F32, FINE, MS, Meter, integrated_lufs
from audio.store import Store

MAX_PASSES = 10
"""Speech and music take one or two; a buzz that is all spikes may take six."""
VOICE_PASSES = 3
"""After these a sound is coded as music, whatever it is: that coder moves peaks by 0.5 dB, the voice coder by 3."""
PEAK_ROOM_DB = 0.2
"""Kept below the true-peak limit: decoders and meters differ by that much from each other."""
LOUDNESS_ROOM_LU = 0.1
FIRST_CEILING_DB = -4.0
"""Where the limiter begins: the 2.5 dB under the limit are what Opus adds to the peaks of speech."""
OPUS_LOSS_LU = 0.12
"""What Opus at 24 kbit/s takes away from speech, on average."""
SETTLE_MS = 20
"""The high-pass needs 10 ms to forget a constant offset; that step must not be taken for a sound."""
STEPS: dict[Step, tuple[float, float]] = {"read": (0.0, 0.25), "write": (0.25, 0.85), "check": (0.85, 1.0)}
"""Each step's part of the bar, from its share of the time."""

DEFAULT_SPEC = AudioSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """The figures of the sound between its silences. `start` counts samples in the raw file."""

    start: int
    samples: int
    kind: Kind
    energy: F32
    peaks: F32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """What the next encoding aims at."""

    target_lufs: float
    ceiling_db: float


def prepare(
    source: Path,
    store: Store,
    *,
    part: Part = WHOLE,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    limits: Limits = DEFAULT_LIMITS,
    spec: AudioSpec = DEFAULT_SPEC,
) -> Clip:
    """Make `source`, or a `part` of it, into a clip that meets `spec`, kept in `store`; or raise AudioError and keep nothing.

    `on_progress` and `cancelled` are called about once a second of sound, in this thread. Disk: 11.5 MB
    a minute of sound while it runs; memory stays flat. `source` is only read.
    """
    _check_size(source, limits)
    bar = _Bar(on_progress, cancelled)
    with store.scratch() as folder, _disk_errors():
        raw, opus = folder / "pcm", folder / "opus"
        survey = _survey(source, raw, bar, part, limits, spec)
        meter, kind = _level_until_right(survey, raw, opus, bar, spec)
        size = opus.stat().st_size
        bar.tick("check", 1.0)
        return Clip(
            sha256=store.adopt(opus),
            size=size,
            duration_ms=meter.samples * 1000 // RATE_HZ,
            kind=kind,
            loudness_lufs=round(meter.loudness_lufs(), 2),
            true_peak_dbtp=round(meter.true_peak_dbtp(), 2),
            peaks=shape.waveform(meter.peaks),
        )


class _Bar:
    """Tells progress that never goes back, and stops the work when it is cancelled."""

    def __init__(self, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]) -> None:
        self._on_progress, self._cancelled = on_progress, cancelled
        self._furthest = 0.0

    def tick(self, step: Step, share: float) -> None:
        if self._cancelled():
            raise AudioError("audio.cancelled")
        begin, end = STEPS[step]
        self._furthest = max(self._furthest, begin + (end - begin) * min(1.0, max(0.0, share)))
        self._on_progress(Progress(step=step, fraction=self._furthest))


def _check_size(source: Path, limits: Limits) -> None:
    try:
        size = source.stat().st_size
    except OSError as error:
        raise AudioError("audio.missing") from error
    if size > limits.max_size:
        raise AudioError("audio.too-big", size=size, max_size=limits.max_size)


def _survey(source: Path, raw: Path, bar: _Bar, part: Part, limits: Limits, spec: AudioSpec) -> _Survey:
    """Write the samples of `source` to `raw` and tell the figures of `part`, without the silence at both ends."""
    meter, read = Meter(), 0.0

    def on_read(share: float) -> None:
        nonlocal read
        read = share

    with raw.open("wb") as file:
        most = limits.max_duration_ms * MS
        for chunk in pcm(source, high_pass_hz=spec.high_pass_hz, max_samples=most, on_read=on_read):
            sound = chunk if meter.samples else _settled(chunk)
            meter.push(sound)
            sound.tofile(file)
            bar.tick("read", read)
    energy, peaks = meter.energy, meter.peaks
    first, last = _chosen(energy, part)
    energy, peaks = energy[first:last], peaks[first * 10 : last * 10]
    _check_heard(energy, limits, spec)
    samples = (last - first) * FINE
    kind = shape.classify(energy)
    return _Survey(start=first * FINE, samples=samples, kind=kind, energy=energy, peaks=peaks)


def _chosen(energy: F32, part: Part) -> tuple[int, int]:
    """Where the sound of the part begins and ends, in steps of 10 ms of the whole."""
    begin = min(part.from_ms // 10, len(energy))
    end = None if part.to_ms is None else max(begin, part.to_ms // 10)
    first, last = shape.sounding(energy[begin:end])
    return begin + first, begin + last


def _settled(chunk: F32) -> F32:
    """The first second without the step that the high-pass makes of a constant offset."""
    length = min(len(chunk), SETTLE_MS * MS)
    ramp = np.clip(np.linspace(-1.0, 1.0, length, dtype=np.float32), 0.0, 1.0)
    return np.concatenate((chunk[:length] * ramp, chunk[length:]))


def _check_heard(energy: F32, limits: Limits, spec: AudioSpec) -> None:
    loudness_lufs = integrated_lufs(energy)
    if not len(energy) or loudness_lufs < spec.loudness_lufs - limits.max_gain_db:
        raise AudioError("audio.silent", loudness_lufs=round(loudness_lufs, 1))
    if len(energy) * 10 < limits.min_duration_ms:
        raise AudioError("audio.too-short", duration_ms=len(energy) * 10, min_duration_ms=limits.min_duration_ms)


def _level_until_right(survey: _Survey, raw: Path, opus: Path, bar: _Bar, spec: AudioSpec) -> tuple[Meter, Kind]:
    """Encode, decode, measure; correct by what was missed; until the decoded file meets `spec`."""
    level = _Level(target_lufs=spec.loudness_lufs + OPUS_LOSS_LU, ceiling_db=FIRST_CEILING_DB)
    for number in range(MAX_PASSES):
        if number >= VOICE_PASSES:
            survey = replace(survey, kind="music")
        setting = limiter.solve(survey.energy, survey.peaks, level.target_lufs, level.ceiling_db)
        _encode(survey, raw, opus, setting, bar, spec)
        meter = _measure(opus, survey.samples, bar)
        quiet_lu = spec.loudness_lufs - meter.loudness_lufs()
        over_db = meter.true_peak_dbtp() - (spec.true_peak_dbtp - PEAK_ROOM_DB)
        if over_db <= 0 and abs(quiet_lu) <= spec.tolerance_lu - LOUDNESS_ROOM_LU:
            return meter, survey.kind
        level = _Level(
            # Where peaks are cut off, a dB of gain brings about half a dB of loudness.
            target_lufs=level.target_lufs + quiet_lu * (2.0 if setting.drive_db and quiet_lu > 0 else 1.0),
            ceiling_db=level.ceiling_db - max(0.0, over_db),
        )
    raise AudioError(
        "audio.unlevel",
        loudness_lufs=round(meter.loudness_lufs(), 2),
        true_peak_dbtp=round(meter.true_peak_dbtp(), 2),
    )


def _encode(survey: _Survey, raw: Path, opus: Path, setting: limiter.Setting, bar: _Bar, spec: AudioSpec) -> None:
    bit_rate_bps = spec.speech_bps if survey.kind == "speech" else spec.music_bps
    curve, fade = limiter.gain_curve(survey.peaks, setting), spec.fade_ms * MS
    with raw.open("rb") as file, OpusWriter(opus, kind=survey.kind, bit_rate_bps=bit_rate_bps) as writer:
        file.seek(survey.start * 4)
        for at, samples in _pieces(file, survey.samples):
            louder = limiter.shaped(samples, curve, at // MS, setting)
            writer.write(_faded(louder, at, survey.samples, fade))
            bar.tick("write", at / survey.samples)


def _pieces(file: BinaryIO, total: int) -> Iterator[tuple[int, F32]]:
    for at in range(0, total, CHUNK):
        yield at, np.fromfile(file, dtype=np.float32, count=min(CHUNK, total - at))


def _faded(samples: F32, at: int, total: int, fade: int) -> F32:
    """Straight fades over the first and last `fade` samples of the whole."""
    if at >= fade and at + len(samples) <= total - fade:
        return samples
    place = np.arange(at, at + len(samples), dtype=np.float32)
    faded: F32 = samples * np.clip(np.minimum(place / fade, (total - 1 - place) / fade), 0.0, 1.0)
    return faded


def _measure(opus: Path, expected: int, bar: _Bar) -> Meter:
    meter = Meter()
    for chunk in pcm(opus):
        meter.push(chunk)
        bar.tick("check", meter.samples / expected * 0.99)
    return meter


@contextmanager
def _disk_errors() -> Iterator[None]:
    """A full disk under the work in progress is told as the store tells it."""
    try:
        yield
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise AudioError("store.full") from error
        raise AudioError("store.failed", reason=error.strerror or type(error).__name__) from error
