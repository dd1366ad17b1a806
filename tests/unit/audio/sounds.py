"""Sounds the tests make, and loudness measured by somebody else's code."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parents[2] / "data"
ENGLISH = DATA / "speech-english.mp3"
FRENCH = DATA / "speech-french.mp3"
PHONE = DATA / "speech-english-phone.amr"
MUSIC = DATA / "music-morning-coffee.mp3"

Samples = NDArray[np.float32]


def babble(seconds: float, *, rate_hz: int = 48_000, level: float = 0.3, seed: int = 1) -> Samples:
    """Something like speech: syllables of a buzzing voice, four a second, a breath after every eighth."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    pitch = 140 + 20 * np.sin(2 * np.pi * 0.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    voice = sum(np.sin(phase * n) / n for n in range(1, 12)) + 0.1 * rng.standard_normal(len(at))
    syllables = np.clip(np.sin(2 * np.pi * 4 * at), 0, 1) * ((at * 4 % 10) < 8)
    sound = voice * syllables
    return (level * sound / np.abs(sound).max()).astype(np.float32)


def tone(seconds: float, *, hz: float = 440.0, rate_hz: int = 48_000, level: float = 0.3) -> Samples:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def silence(seconds: float, *, rate_hz: int = 48_000) -> Samples:
    return np.zeros(int(seconds * rate_hz), np.float32)


def save(
    path: Path, samples: Samples, *, codec: str, rate_hz: int = 48_000, layout: str = "mono", format_: str | None = None
) -> Path:
    """Write samples, (n,) or (channels, n), in any format FFmpeg knows; the suffix of `path` tells which."""
    with av.open(str(path), "w", format=format_) as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.codec_context.layout = layout
        for piece in frames(samples, rate_hz, layout, stream.codec_context.format.name):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def frames(samples: Samples, rate_hz: int, layout: str, sample_format: str) -> list[av.AudioFrame]:
    rows = np.ascontiguousarray(np.atleast_2d(samples))
    frame = av.AudioFrame.from_ndarray(rows, format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
    resampler = av.AudioResampler(sample_format, layout, rate_hz, 1024)
    return [*resampler.resample(frame), *resampler.resample(None)]


def decoded(path: Path) -> Samples:
    """The sound of a finished clip, by PyAV alone."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("opus", 48_000, 1)
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(stream)])


def ebur128(path: Path) -> tuple[float, float]:
    """Integrated LUFS and dBTP by the ebur128 filter of PyAV's FFmpeg 8."""
    graph, last = av.filter.Graph(), {}
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        nodes = [graph.add_abuffer(template=stream), graph.add("ebur128", "metadata=1:peak=true")]
        graph.link_nodes(*nodes, graph.add("abuffersink")).configure()
        for frame in [*container.decode(stream), None]:
            graph.push(frame)
            try:
                while True:
                    last = graph.pull().metadata or last
            except (av.BlockingIOError, av.EOFError):
                pass
    return float(last["lavfi.r128.I"]), 20 * float(np.log10(max(1e-9, float(last["lavfi.r128.true_peak"]))))


def ffmpeg_ebur128(ffmpeg: str, path: Path) -> tuple[float, float]:
    """The same by the system's ffmpeg, which is another version and decodes for itself."""
    command = [ffmpeg, "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr.split("Summary:")[1]
    loudness, peak = re.search(r"I:\s+(\S+) LUFS", told), re.search(r"Peak:\s+(\S+) dBFS", told)
    assert loudness
    assert peak
    return float(loudness.group(1)), float(peak.group(1))
