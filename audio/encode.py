"""Samples -> Opus in Ogg (RFC 6716, RFC 7845), through PyAV's libopus."""

from __future__ import annotations

from errno import EDQUOT, ENOSPC
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.audio.frame import AudioFrame

from audio.clip import RATE_HZ, Kind
from audio.errors import AudioError
from audio.loudness import F32

APPLICATION: dict[Kind, str] = {"speech": "voip", "music": "audio"}
"""libopus' own names: `voip` keeps words clear at 24 kbit/s, `audio` keeps instruments true."""
FRAME_MS = "20"
"""The live packets' frame: one decoder set-up serves both, and a lost frame is a short one."""
COMPLEXITY = "8"
"""libopus 0..10: 10 takes a tenth more time for differences below what a horn gives back."""


class OpusWriter:
    """Writes one mono 48 kHz Opus file; equal samples give equal bytes.

    Use as a context: leaving it with an exception leaves the unfinished file for the caller to remove.
    """

    def __init__(self, path: Path, *, kind: Kind, bit_rate_bps: int) -> None:
        # bitexact: no random serial number and no encoder version, so that a clip's name is its sound's.
        self._container = av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"})
        options = {
            "application": APPLICATION[kind],
            "frame_duration": FRAME_MS,
            "compression_level": COMPLEXITY,
            "vbr": "constrained",
        }
        self._stream = self._container.add_stream("libopus", rate=RATE_HZ, options=options)
        self._stream.codec_context.layout = "mono"
        self._stream.codec_context.bit_rate = bit_rate_bps
        self._samples = 0

    def write(self, samples: F32) -> None:
        """Append float samples; beyond +-1.0 they are clipped here rather than in the encoder."""
        frame = AudioFrame.from_ndarray(np.clip(samples, -1.0, 1.0).reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, self._samples
        self._samples += len(samples)
        self._mux(frame)

    def _mux(self, frame: AudioFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except av.FFmpegError as error:
            raise _refusal(error) from error

    def __enter__(self) -> OpusWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._mux(None)
        finally:
            try:
                self._container.close()
            except av.FFmpegError as failure:
                if error is None:
                    raise _refusal(failure) from failure


def _refusal(error: av.FFmpegError) -> AudioError:
    return AudioError("store.full" if error.errno in (ENOSPC, EDQUOT) else "store.failed")
