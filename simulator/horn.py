"""What a horn sounds, written sample by sample in time: a WAV whose sample 0 is at a recorded moment of UTC.

Zeros where it is silent. Nothing is written ahead of time, so a power cut shows at the sample where it came, and a file
that a killed fleet leaves is whole up to its last quarter of a second. Beside `NODE.wav` lies `NODE.json`:
{"node": id, "t0_utc_us": UTC of sample 0 in whole us (good to 1 ms), "rate": 48000}. A fleet that starts again on the same
folder goes on with `NODE-2.wav`, `NODE-2.json` and so on.
"""

from __future__ import annotations

import itertools
import json
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
TICK_MS = 250
"""How often a sounding horn's file is brought up to now."""

_SAMPLES_PER_MS = RATE_HZ // 1000
_ZEROS = bytes(2 * RATE_HZ)

Samples = NDArray[np.int16]


class Horn:
    """One node's horn and its file. Moments are the fleet's monotonic ms; they must not go back. One thread."""

    def __init__(self, folder: Path, node: str, *, t0_ms: int, t0_utc_ms: int) -> None:
        self.path = _free_name(folder, node)
        self._file = self.path.open("wb")
        self._wav = wave.open(self._file, "wb")  # noqa: SIM115  open as long as the horn is: see `close`
        self._wav.setparams((1, 2, RATE_HZ, 0, "NONE", "not compressed"))
        self._t0_ms = t0_ms
        self._written = 0
        self._sound: Iterator[Samples] = iter(())
        self._rest: Samples = np.empty(0, np.int16)
        self._factor: float = 1.0
        facts = {"node": node, "t0_utc_us": t0_utc_ms * 1000, "rate": RATE_HZ}
        self.path.with_suffix(".json").write_text(json.dumps(facts) + "\n")

    def play(self, sound: Iterator[Samples], start_ms: int, gain: int) -> None:
        """Sound this (int16 mono 48 kHz, in pieces) from `start_ms` on, with `gain` (0.1 dB), until told otherwise."""
        self.silence(start_ms)
        self._sound = sound
        self._factor = 10 ** (gain / 200)

    def sound_until(self, now_ms: int) -> None:
        """Write what has sounded up to now."""
        missing = (now_ms - self._t0_ms) * _SAMPLES_PER_MS - self._written
        while missing > 0:
            if not len(self._rest):
                self._rest = next(self._sound, self._rest)
            if not len(self._rest):
                break
            piece, self._rest = self._rest[:missing], self._rest[missing:]
            self._write(self._gained(piece))
            missing -= len(piece)
        while missing > 0:
            self._write(_ZEROS[: 2 * missing])
            missing -= len(_ZEROS) // 2
        self._file.flush()

    def silence(self, now_ms: int) -> None:
        """The sound ends here."""
        self.sound_until(now_ms)
        self._sound = iter(())
        self._rest = self._rest[:0]

    def close(self, now_ms: int) -> None:
        """Silence, and the file is complete up to now."""
        self.silence(now_ms)
        self._wav.close()
        self._file.close()

    def _gained(self, piece: Samples) -> bytes:
        if self._factor == 1.0:
            return piece.tobytes()
        louder: Samples = np.rint(np.clip(piece * self._factor, -32_768, 32_767)).astype(np.int16)
        return louder.tobytes()

    def _write(self, frames: bytes) -> None:
        self._wav.writeframes(frames)  # writes the header's length anew each time, so the file is always a valid one
        self._written += len(frames) // 2


def _free_name(folder: Path, node: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = itertools.chain([node], (f"{node}-{number}" for number in itertools.count(2)))
    return next(path for name in names if not (path := folder / f"{name}.wav").exists())
