"""What five horns sound, sample by sample: the prepared clip at the right moment, and nothing else."""

from __future__ import annotations

import json
import wave
from datetime import datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from audio.decode import decode
from firmware_bridge.playlist import LEAD_IN_MS
from tests.support.stack import Stack
from tests.system.conftest import Place, assert_heard_once

RATE_HZ = 48_000
TOLERANCE_MS = 30
"""Neighbours that differ by this are heard as one."""

SURE_MS = 11_000
"""A clock's first answer, in the crowd of a start, may be wrong by some 60 ms; within 10 s it asks for a better one."""

Samples = NDArray[np.int16]


def horn(folder: Path, node: str) -> tuple[Samples, float]:
    """The samples, and the UTC ms of the first one."""
    with wave.open(str(folder / f"{node}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return samples, json.loads((folder / f"{node}.json").read_text())["t0_utc_us"] / 1000


def lag_and_likeness(heard: Samples, source: Samples) -> tuple[int, float]:
    """Where in `heard` the source fits best, and the normalised correlation there (1: the same)."""
    size = 1 << (len(heard) + len(source)).bit_length()
    spectrum = np.fft.rfft(heard.astype(float), size) * np.conj(np.fft.rfft(source.astype(float), size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))
    piece = heard[lag : lag + len(source)].astype(float)
    energy = float(np.linalg.norm(piece) * np.linalg.norm(source[: len(piece)].astype(float)))
    return lag, float(piece @ source[: len(piece)].astype(float)) / energy


def source_of(stack: Stack, sha256: str, folder: Path) -> Samples:
    """The prepared clip as anybody can fetch it, decoded."""
    clip = folder / "clip.opus"
    clip.write_bytes(httpx.get(f"{stack.controller.url}/clips/{sha256}").content)
    return np.concatenate(list(decode(clip)))


@pytest.mark.wire(55, 72)
def test_five_horns_sound_the_source_at_its_moment_and_are_silent_elsewhere(place: Place, short: Path) -> None:
    folder = place.home / "wav"
    with place.stack("--wav", str(folder), "--wav-nodes", "12.5%") as stack:
        airing = stack.say(stack.clip(short), lead_ms=SURE_MS)
        assert_heard_once(stack, airing)
        told = stack.controller.call("GET", f"/airings/{airing}")["airing"]
        source = source_of(stack, told["sha256"], place.home)
        stack.fleet.stop()
    start_ms = datetime.fromisoformat(told["start"]).timestamp() * 1000
    nodes = sorted(path.stem for path in folder.glob("*.wav"))
    assert len(nodes) == 5
    for node in nodes:
        heard, t0_ms = horn(folder, node)
        lag, likeness = lag_and_likeness(heard, source)
        late_ms = t0_ms + lag * 1000 / RATE_HZ - (start_ms + LEAD_IN_MS)
        assert likeness > 0.99, f"{node}: correlation {likeness:.3f}"
        assert abs(late_ms) <= TOLERANCE_MS, f"{node}: {late_ms:.1f} ms late"
        assert not heard[:lag].any(), f"{node}: sound before its time"
        assert not heard[lag + len(source) :].any(), f"{node}: sound after its end"
