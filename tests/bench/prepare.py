"""*prepare*: ten minutes of real speech made into a clip, against the ffmpeg command line; and the memory of an hour.

The floor is what a person would type: loudnorm measured, loudnorm applied with those figures, libopus at 24 kbit/s.
Both sides read the same MP3 and end with one mono 48 kHz Opus file; ours has also been decoded and measured again.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from audio.decode import decode
from audio.prepare import prepare
from audio.store import Store

DATA = Path(__file__).parents[1] / "data"
SPEECH = ("speech-english.mp3", "speech-french.mp3", "speech-english-phone.amr")
SECONDS = 600
ROUNDS = 3
SEED = 2
BAR_RATIO = 0.5
BAR_RSS_MB = 150.0

# Run in a fresh interpreter: the growth from "ready to work" to the highest that it ever was.
RSS_PROBE = r"""
import re, sys, tempfile
from pathlib import Path
from audio.prepare import prepare
from audio.store import Store
kib = lambda: int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()).group(1))
before = kib()
with tempfile.TemporaryDirectory() as folder:
    clip = prepare(Path(sys.argv[1]), Store(Path(folder)))
assert clip.duration_ms > 59 * 60_000, clip.duration_ms
print((kib() - before) / 1024)
"""


def run() -> list[dict[str, Any]]:
    """The rows of this bench; none where there is no ffmpeg to compare with."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_speed(folder), _memory(folder)]


def _speed(folder: Path) -> list[dict[str, Any]]:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return []
    source = folder / "speech.mp3"
    _speech_mp3(ffmpeg, source)
    ours, floor = [], []
    for number in range(ROUNDS):  # turn about, so that a busy minute of the machine meets both
        floor.append(_timed(lambda: _two_pass(ffmpeg, source, folder / "floor.opus")))
        store = Store(folder / f"store{number}")
        ours.append(_timed(lambda store=store: prepare(source, store)))
    value, base = min(ours), min(floor)
    return [_row("prepare", value, "s", base, value / base, BAR_RATIO, value / base <= BAR_RATIO)]


def _memory(folder: Path) -> dict[str, Any]:
    source = folder / "hour.wav"
    hour_wav(source)
    told = subprocess.run([sys.executable, "-c", RSS_PROBE, str(source)], check=True, capture_output=True, text=True)
    grown = float(told.stdout)
    return _row("prepare.rss_growth_1h", grown, "MB", None, None, BAR_RSS_MB, grown <= BAR_RSS_MB)


def hour_wav(path: Path) -> None:
    """An hour of real speech, 16 kHz 16-bit, looped, each round at another level."""
    pieces = [piece[::3] for piece in _pieces()]
    rng = np.random.default_rng(SEED)
    total, made = 16_000 * 3600, 0
    with path.open("wb") as file:
        file.write(_wav_header(total, 16_000))
        while made < total:
            piece = pieces[int(rng.integers(len(pieces)))] * rng.uniform(0.4, 1.0)
            samples = piece.astype("<i2")[: total - made]
            file.write(samples.tobytes())
            made += len(samples)


def _pieces() -> list[np.ndarray[Any, np.dtype[np.int16]]]:
    return [np.concatenate(list(decode(DATA / name))) for name in SPEECH]


def _speech_mp3(ffmpeg: str, path: Path) -> None:
    """Ten minutes of the real speech: each round at its own level, speed and pause, so that no two are equal."""
    rng = np.random.default_rng(SEED)
    pieces, parts, made = _pieces(), [], 0
    while made < SECONDS * 48_000:
        piece = pieces[len(parts) // 2 % len(pieces)]
        at = np.arange(0, len(piece) - 1, rng.uniform(0.92, 1.08))
        spoken = np.interp(at, np.arange(len(piece)), piece) * rng.uniform(0.4, 1.0)
        parts += [spoken.astype("<i2"), np.zeros(int(rng.uniform(0.2, 1.0) * 48_000), "<i2")]
        made += sum(map(len, parts[-2:]))
    sound = np.concatenate(parts)[: SECONDS * 48_000].tobytes()
    command = [ffmpeg, "-v", "error", "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "-", "-b:a", "96k", str(path)]
    subprocess.run(command, input=sound, check=True)


def _two_pass(ffmpeg: str, source: Path, target: Path) -> None:
    loudnorm = "loudnorm=I=-16:TP=-1.5:LRA=11"
    first = [ffmpeg, "-hide_banner", "-nostats", "-i", str(source), "-af", f"{loudnorm}:print_format=json"]
    told = subprocess.run([*first, "-f", "null", "-"], check=True, capture_output=True, text=True).stderr
    found = re.search(r"\{[^{}]*\}\s*$", told)
    assert found, told
    m = json.loads(found.group())
    measured = (
        f":measured_I={m['input_i']}:measured_TP={m['input_tp']}:measured_LRA={m['input_lra']}"
        f":measured_thresh={m['input_thresh']}:offset={m['target_offset']}:linear=true"
    )
    second = [ffmpeg, "-v", "error", "-y", "-i", str(source), "-af", loudnorm + measured, "-ar", "48000", "-ac", "1"]
    subprocess.run([*second, "-c:a", "libopus", "-b:a", "24k", str(target)], check=True)


def _timed(work: Any) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _row(name: str, value: float, unit: str, floor: float | None, ratio: float | None, bar: float, holds: bool) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "floor": floor, "ratio": ratio, "bar": bar, "holds": holds}


def _wav_header(samples: int, rate_hz: int) -> bytes:
    data = samples * 2
    numbers = (16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    sizes = (4, 2, 2, 4, 4, 2, 2)
    fmt = b"".join(number.to_bytes(size, "little") for number, size in zip(numbers, sizes, strict=True))
    return b"RIFF" + (36 + data).to_bytes(4, "little") + b"WAVEfmt " + fmt + b"data" + data.to_bytes(4, "little")


if __name__ == "__main__":
    for row in run():
        print(row)
