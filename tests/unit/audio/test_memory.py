"""Memory stays flat however long the sound is."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from audio.decode import decode
from tests.unit.audio import sounds

MAX_GROWTH_MB = 150

PROBE = r"""
import re, sys
from pathlib import Path
from audio.prepare import prepare
from audio.store import Store

def highest_kb():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()).group(1))

before = highest_kb()
clip = prepare(Path(sys.argv[1]), Store(Path(sys.argv[2])))
print(clip.duration_ms, (highest_kb() - before) / 1024)
"""


def growth_mb(tmp_path: Path, minutes: int) -> float:
    """What a fresh process grows by while it prepares so many minutes of speech."""
    speech = np.concatenate(list(decode(sounds.ENGLISH)))[::6]
    minute = np.resize(speech, 8_000 * 60).astype("<i2")
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        for _ in range(minutes):
            file.writeframes(minute.tobytes())
    command = [sys.executable, "-c", PROBE, str(tmp_path / "long.wav"), str(tmp_path / "store")]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout.split()
    assert int(told[0]) == pytest.approx(minutes * 60_000, abs=2_000)
    return float(told[1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_three_minutes_take_little_memory(tmp_path: Path) -> None:
    """Well under what a whole file in memory would take; the hour is in the soak."""
    assert growth_mb(tmp_path, 3) < 80


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_hour_stays_within_its_bound(tmp_path: Path) -> None:
    """The issue's bar: 150 MB for an hour of sound."""
    assert growth_mb(tmp_path, 60) <= MAX_GROWTH_MB
