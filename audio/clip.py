"""What a prepared sound is, and the figures it must meet. Pure: no file is touched here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["speech", "music"]
Step = Literal["read", "write", "check"]

RATE_HZ = 48_000
"""Opus works inside at 48 kHz; one rate everywhere means no second resampling on the loudspeaker's side."""

BUCKETS = 800
"""Columns of the waveform a page draws: wider than a phone's screen, still under 1.1 kB as base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSpec:
    """What every finished clip obeys, measured on the decoded Opus file.

    Loudness is integrated LUFS and true peak is dBTP, both after ITU-R BS.1770-4.
    """

    loudness_lufs: float = -16.0
    """The level broadcasters use for speech on small speakers; a horn has no headroom for more."""
    tolerance_lu: float = 0.5
    true_peak_dbtp: float = -1.5
    """Room for the resampler and amplifier behind the decoder, which can overshoot by about 1 dB."""
    speech_bps: int = 24_000
    music_bps: int = 32_000
    high_pass_hz: int = 120
    """A 25-30 W horn reproduces nothing below; the energy would only heat its coil."""
    fade_ms: int = 20
    """Long enough that no start or end clicks, too short to eat a syllable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a person may bring. Beyond it `prepare` refuses with a code."""

    max_duration_ms: int = 60 * 60_000
    """The longest relay slot of a commune is 45 minutes."""
    max_size: int = 300 * 1000 * 1000
    """An hour of 16-bit 44.1 kHz mono WAV is 318 MB: who has more than this has the wrong file."""
    min_duration_ms: int = 100
    """Shorter than two fades and a syllable: a slip of the finger, not a notice."""
    max_gain_db: float = 40.0
    """What needs more is room noise; raised to -16 LUFS it would be 40 dB of hiss on a horn."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a person chose of a sound, in ms from its beginning; `to_ms` None is its end. Heeded to 10 ms."""

    from_ms: int = 0
    to_ms: int | None = None


WHOLE = Part()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a preparation is. `fraction` is 0..1 and never goes back."""

    step: Step
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One broadcast-ready sound: mono 48 kHz Opus in Ogg, named by its SHA-256.

    `size` is in bytes; `peaks` holds `BUCKETS` bytes, 255 = full scale, for the waveform on a page.
    """

    sha256: str
    size: int
    duration_ms: int
    kind: Kind
    loudness_lufs: float
    true_peak_dbtp: float
    peaks: bytes
