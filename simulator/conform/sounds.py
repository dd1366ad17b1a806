"""The kit's sounds: plain tones, made when they are needed. No two runs make the same, so no node has one already."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from audio.clip import RATE_HZ
from audio.encode import OpusWriter

BIT_RATE_BPS = 24_000
"""As the controller makes speech."""

LEVEL = 0.1
"""-20 dBFS: heard on a bench, and a neighbour stays a friend."""


def tone(hertz: float, length_ms: int) -> bytes:
    """An Opus file (Ogg, mono, 48 kHz) of one sine."""
    moments = np.arange(RATE_HZ * length_ms // 1000, dtype=np.float32) / RATE_HZ
    samples = (LEVEL * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="tl-conform-") as folder:
        path = Path(folder) / "tone.opus"
        with OpusWriter(path, kind="music", bit_rate_bps=BIT_RATE_BPS) as writer:
            writer.write(samples)
        return path.read_bytes()
