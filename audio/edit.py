"""Cut, join and fade short pieces: heads, tails, pauses between notices. The only import of pydub.

Pieces are int16 mono 48 kHz arrays, as `decode.decode` gives them; a piece is never changed in place.
pydub keeps everything in memory several times over, hence the cap: whole programmes go through `prepare`.
"""

from __future__ import annotations

import warnings
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import RATE_HZ
from audio.errors import AudioError

with warnings.catch_warnings():
    # pydub looks for an ffmpeg binary and for audioop at import, and complains of both; raw samples
    # need no binary, and audioop-lts stands in for audioop from Python 3.13 on.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

Pcm = NDArray[np.int16]

MAX_DURATION_MS = 5 * 60_000
"""29 MB as int16, about 120 MB while pydub works on it."""


def join(pieces: Sequence[Pcm], *, pause_ms: int = 0) -> Pcm:
    """The pieces one after the other, with silence of `pause_ms` between them."""
    total_ms = sum(map(_length_ms, pieces)) + pause_ms * max(0, len(pieces) - 1)
    _check_length(total_ms)
    pause = AudioSegment.silent(duration=pause_ms, frame_rate=RATE_HZ)
    whole = AudioSegment.empty().set_frame_rate(RATE_HZ)
    for number, piece in enumerate(pieces):
        whole += _segment(piece) if number == 0 or not pause_ms else pause + _segment(piece)
    return _samples(whole)


def trim(piece: Pcm, *, start_ms: int = 0, end_ms: int | None = None) -> Pcm:
    """What lies between two moments; beyond the end there is nothing."""
    return _samples(_segment(piece)[start_ms:end_ms])


def fade(piece: Pcm, *, in_ms: int = 0, out_ms: int = 0) -> Pcm:
    """The piece rising from silence and falling back to it."""
    return _samples(_segment(piece).fade_in(in_ms).fade_out(out_ms))


def save_wav(piece: Pcm, path: Path) -> None:
    """Write a piece as a WAV file, so that `prepare` can take it."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(piece.astype("<i2").tobytes())


def _segment(piece: Pcm) -> Any:
    _check_length(_length_ms(piece))
    return AudioSegment(data=piece.astype("<i2").tobytes(), sample_width=2, frame_rate=RATE_HZ, channels=1)


def _samples(segment: Any) -> Pcm:
    return np.frombuffer(segment.raw_data, dtype="<i2").astype(np.int16)


def _length_ms(piece: Pcm) -> int:
    return len(piece) * 1000 // RATE_HZ


def _check_length(length_ms: int) -> None:
    if length_ms > MAX_DURATION_MS:
        raise AudioError("audio.joined-too-long", duration_ms=length_ms, max_duration_ms=MAX_DURATION_MS)
