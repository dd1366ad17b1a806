"""Any sound file -> mono 48 kHz samples, in seconds. With `encode.py`, the only import of PyAV.

FFmpeg runs inside this process: hostile files are for `audio.worker`, which can die alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from audio import sniff
from audio.clip import RATE_HZ
from audio.errors import AudioError
from audio.loudness import CHUNK, F32

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

FORMATS = "wav,w64,aiff,caf,mp3,aac,mov,ogg,matroska,flac,amr,amrnb,amrwb,avi,asf,mpegts"
"""What may be opened. Playlist formats (hls, concat, dash) would read other files and the network."""
RATES_HZ = range(4_000, 384_001)
"""Any real sound. A header that says 1 Hz would make 48,000 samples out of each byte."""
MAX_CHANNELS = 64
MAX_BAD_SHARE = 0.05
"""Packets that may fail to decode. A phone's recording has a few; one in twenty is heard as damage."""
MAX_BAD_FREE = 3  # encoders and taggers leave this many stray packets around a sound one
BUTTERWORTH_QS = (0.5412, 1.3066)
"""Two sections make a fourth-order Butterworth: -3 dB at the corner, mains hum (50 Hz) 30 dB down."""
PULL_EVERY = 16
"""Frames pushed into the filters between two looks at what came out: looking costs as much as filtering."""
MAX_SAMPLE = 8.0  # +18 dBFS: keeps a mad float from drowning the filter's memory, touches nothing real

INT16_SCALE = 32_767


def decode(path: Path) -> Iterator[NDArray[np.int16]]:
    """The sound of a file as int16 mono 48 kHz, in arrays of one second, the last one shorter.

    Errors: AudioError, also in the middle of the iteration. For clips of our own making.
    """
    for chunk in pcm(path):
        yield np.rint(np.clip(chunk, -1.0, 1.0) * INT16_SCALE).astype(np.int16)


def duration_ms(path: Path) -> int:
    """How long a file sounds, counted by decoding it: headers are hints."""
    return sum(map(len, pcm(path))) * 1000 // RATE_HZ


def pcm(
    path: Path,
    *,
    high_pass_hz: int = 0,
    max_samples: int | None = None,
    on_read: Callable[[float], None] = lambda fraction: None,
) -> Iterator[F32]:
    """The sound of a file as float32 mono 48 kHz, in arrays of `CHUNK` samples, the last one shorter.

    `on_read` hears the share of the file's bytes already read. Errors: AudioError with audio.missing,
    .empty, .picture, .not-sound, .damaged, .truncated, or .too-long past `max_samples`.
    """
    size, head, tail = _ends(path)
    with _opened(path, head) as container:
        stream = _track(container)
        source = _Source(container, stream, size, on_read)
        total = 0
        for chunk in _filtered(source, high_pass_hz):
            total += len(chunk)
            if not np.isfinite(chunk[-1]):  # a decoder made it, and the filters remember it to the end
                raise AudioError("audio.damaged", bad=source.bad, packets=source.good + source.bad)
            if max_samples is not None and total > max_samples:
                raise AudioError("audio.too-long", max_duration_ms=max_samples * 1000 // RATE_HZ)
            yield chunk
        if not total:
            raise AudioError("audio.not-sound" if source.bad else "audio.empty")
        source.check_damage()
        announced = _announced_s(path, container, stream, head)
        _check_whole(container.format.name, total / RATE_HZ, announced, tail)


def _ends(path: Path) -> tuple[int, bytes, bytes]:
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            head = file.read(sniff.HEAD_SIZE)
            file.seek(max(0, size - sniff.TAIL_SIZE))
            tail = file.read(sniff.TAIL_SIZE)
    except OSError as error:
        raise AudioError("audio.missing") from error
    if not head:
        raise AudioError("audio.empty")
    if sniff.is_picture(head):
        raise AudioError("audio.picture")
    return size, head, tail


@contextmanager
def _opened(path: Path, head: bytes) -> Iterator[InputContainer]:
    try:
        container = av.open(
            str(path),
            metadata_errors="ignore",
            container_options={"format_whitelist": FORMATS, "protocol_whitelist": "file"},
        )
    except (av.FFmpegError, ValueError) as error:
        raise AudioError("audio.truncated" if sniff.is_mp4(head) else "audio.not-sound") from error
    with container:
        yield container


def _track(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise AudioError("audio.not-sound")
    stream = container.streams.audio[0]
    codec = stream.codec_context
    if codec is None or codec.sample_rate not in RATES_HZ or not 0 < codec.layout.nb_channels <= MAX_CHANNELS:
        raise AudioError("audio.not-sound")
    return stream


class _Source:
    """Decoded frames of one track; counts what could not be decoded."""

    def __init__(self, container: InputContainer, stream: AudioStream, size: int, on_read: Callable[[float], None]) -> None:
        self._container, self._stream, self._size, self._on_read = container, stream, size, on_read
        self.good = self.bad = 0
        # The only sound that can carry a NaN in from outside; looking costs as much as decoding.
        self.is_float_pcm = stream.codec_context.name.startswith("pcm_f")
        self._last_is_bad = False

    def frames(self) -> Iterator[AudioFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # the container itself breaks off
                self.bad += 1
                self._last_is_bad = True
                return
            if packet is None:
                return
            if packet.pos is not None:
                self._on_read(packet.pos / self._size)
            yield from self._decoded(packet)

    def _decoded(self, packet: av.Packet[AudioStream]) -> Iterator[AudioFrame]:
        try:
            frames = self._stream.decode(packet)
        except (av.FFmpegError, ValueError):
            self.bad += 1
            self._last_is_bad = True
            return
        if packet.size:
            self.good += 1
            self._last_is_bad = False
        yield from frames

    def check_damage(self) -> None:
        if self.bad > MAX_BAD_FREE and self.bad > MAX_BAD_SHARE * (self.good + self.bad):
            raise AudioError("audio.damaged", bad=self.bad, packets=self.good + self.bad)
        # Raw AMR has no header to compare with: its last frame, cut short, is the only sign.
        if self._last_is_bad and self._container.format.name.startswith("amr"):
            raise AudioError("audio.truncated")


def _filtered(source: _Source, high_pass_hz: int) -> Iterator[F32]:
    """Resample, mix down and high-pass, in whole seconds. A track may change its format half-way."""
    rest = np.zeros(0, np.float32)
    for piece in _through_graphs(source, high_pass_hz):
        rest = np.concatenate((rest, piece)) if len(rest) else piece
        while len(rest) >= CHUNK:
            yield rest[:CHUNK]
            rest = rest[CHUNK:]
    if len(rest):
        yield rest


def _through_graphs(source: _Source, high_pass_hz: int) -> Iterator[F32]:
    graph, shape = None, None
    for number, frame in enumerate(source.frames(), start=1):
        told = (frame.sample_rate, frame.format.name, frame.layout.name)
        if graph is None or told != shape:
            if graph is not None:
                yield from _drained(graph, last=True)
            graph, shape = _graph(frame, high_pass_hz), told
        frame.pts = None
        graph.push(_sane(frame) if source.is_float_pcm else frame)
        if number % PULL_EVERY == 0:
            yield from _drained(graph)
    if graph is not None:
        yield from _drained(graph, last=True)


def _graph(frame: AudioFrame, high_pass_hz: int) -> Graph:
    graph = Graph()
    nodes = [
        graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=Fraction(1, frame.sample_rate),
        ),
        graph.add("aformat", f"sample_rates={RATE_HZ}:channel_layouts=mono:sample_fmts=flt"),
    ]
    if high_pass_hz:
        nodes += [graph.add("highpass", f"f={high_pass_hz}:t=q:w={q}") for q in BUTTERWORTH_QS]
    nodes.append(graph.add("asetnsamples", f"n={CHUNK}:p=0"))
    nodes.append(graph.add("abuffersink"))
    graph.link_nodes(*nodes).configure()
    return graph


def _drained(graph: Graph, *, last: bool = False) -> Iterator[F32]:
    if last:
        graph.push(None)
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield np.ascontiguousarray(frame.to_ndarray().reshape(-1))


def _sane(frame: AudioFrame) -> AudioFrame:
    """Replace what is not a number: one NaN would silence a recursive filter for ever."""
    samples = frame.to_ndarray()
    if bool(np.abs(samples).max(initial=0.0) <= MAX_SAMPLE):  # false for NaN too
        return frame
    clean = np.clip(np.nan_to_num(samples, nan=0.0), -MAX_SAMPLE, MAX_SAMPLE)
    fresh = av.AudioFrame.from_ndarray(clean, format=frame.format.name, layout=frame.layout.name)
    fresh.sample_rate = frame.sample_rate
    return fresh


def _announced_s(path: Path, container: InputContainer, stream: AudioStream, head: bytes) -> float | None:
    """The duration that the file itself wrote down; None where FFmpeg only guessed one."""
    name = container.format.name
    if name == "mp3":
        with path.open("rb") as file:
            file.seek(sniff.id3_size(head))
            if not sniff.has_mp3_length(file.read(sniff.HEAD_SIZE)):
                return None
    elif name == "wav":
        return sniff.wav_announced_s(head)  # FFmpeg trims what it tells to what the file holds
    elif name in ("aac", "ogg", "mpegts") or name.startswith("amr"):
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration is not None else None


def _check_whole(format_name: str, got_s: float, announced_s: float | None, tail: bytes) -> None:
    """A second or 2 % may be missing: encoders pad, and round."""
    if announced_s is not None and got_s < announced_s - max(1.0, announced_s * 0.02):
        raise AudioError("audio.truncated", duration_ms=int(got_s * 1000), announced_ms=int(announced_s * 1000))
    if format_name == "ogg" and sniff.ogg_is_cut(tail):
        raise AudioError("audio.truncated", duration_ms=int(got_s * 1000))
