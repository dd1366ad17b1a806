"""What the horns of a fleet sound, as files: the clip where it was asked for, cut where the power went, zeros elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import json
import wave
from collections.abc import Collection, Mapping
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from audio.decode import decode
from controller.protocol.keys import Provision
from firmware_bridge import events as ev
from scheduler.clock import SystemClock
from simulator.fleet import Fleet, Settings
from simulator.memory import Memory

DURATION_MS = 1_200


class Speaker:
    """Plays one clip 300 ms after it has power, once in its life."""

    def __init__(self, provision: Provision, kept: Mapping[str, bytes], clips: Collection[str]) -> None:
        self.kept, self.clips = kept, tuple(clips)

    wake_ms = None
    is_answered = False

    def will(self, now_ms: int) -> ev.Publish:
        return ev.Publish(topic="t", payload=b"")

    def handle(self, event: ev.Event, now_ms: int) -> list[ev.Effect]:
        if not isinstance(event, ev.Booted) or self.kept:
            return []
        play = ev.Play(airing="x", sha256=self.clips[0], at_ms=now_ms + 300, duration_ms=DURATION_MS, gain=-60)
        return [ev.Keep(key="spent", value=b"x"), play]


def make_clip(folder: Path) -> str:
    """A prepared clip as the fleet stores it: Opus in Ogg, named by its hash."""
    noise = (np.random.default_rng(3).standard_normal(48_000 * 2) * 4_000).astype(np.int16)
    path = folder / "noise.opus"
    with av.open(path, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(noise.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "clips").mkdir()
    path.rename(folder / "clips" / sha256)
    return sha256


def read(path: Path) -> tuple[NDArray[np.float64], int]:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    return samples, int(json.loads(path.with_suffix(".json").read_text())["t0_utc_us"]) // 1000


def test_a_horn_sounds_the_clip_at_its_moment_with_its_gain_and_a_power_cut_shows(tmp_path: Path) -> None:
    sha256 = make_clip(tmp_path)
    provisions = [
        Provision(node=node, generation=1, key="A" * 43, root="A" * 43, broker="mqtt://127.0.0.1", bases=())
        for node in ("a", "b", "silent")
    ]
    settings = Settings(home=tmp_path, broker=None, wav=tmp_path / "wav", wav_nodes=("a", "b"), sound_log=tmp_path / "log")

    async def go() -> None:
        fleet = Fleet(provisions, settings, make_mind=Speaker)
        with_clips(tmp_path, [provision.node for provision in provisions], sha256)
        fleet.fault("cut_in_sound", ["b"])
        async with fleet:
            await asyncio.sleep(2)

    begun_ms = SystemClock().now_ms()
    asyncio.run(go())
    source = np.concatenate(list(decode(tmp_path / "clips" / sha256))).astype(np.float64)[: 48 * DURATION_MS]
    starts = {
        line["node"]: line["at_ms"] for line in map(json.loads, (tmp_path / "log").read_text().splitlines()) if not line["end"]
    }
    for node, whole in (("a", 1.0), ("b", 0.5)):
        samples, t0_ms = read(tmp_path / "wav" / f"{node}.wav")
        first, last = np.flatnonzero(samples)[[0, -1]]
        at = (starts[node] - t0_ms) * 48
        assert abs(first - at) <= 48 * 2
        assert abs((last - at) / 48 - DURATION_MS * whole) <= 60
        length = round(len(source) * whole) - 48 * 60
        heard = samples[at : at + length]
        assert np.corrcoef(heard, source[:length])[0, 1] > 0.999
        assert abs(heard.std() / source[:length].std() - 10 ** (-6 / 20)) < 0.01
        assert starts[node] >= begun_ms + 300
    assert not (tmp_path / "wav" / "silent.wav").exists()


def with_clips(home: Path, nodes: list[str], sha256: str) -> None:
    """Let their disks hold the clip."""
    memory = Memory(home / "memory.sqlite")
    for node in nodes:
        memory.hold(node, sha256)
    memory.close()
