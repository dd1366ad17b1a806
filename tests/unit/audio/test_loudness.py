"""Our BS.1770-4 meter says what the standard and two versions of FFmpeg say."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from audio.decode import pcm
from audio.loudness import CHUNK, Meter, integrated_lufs
from tests.unit.audio import sounds


def measured(samples: sounds.Samples) -> Meter:
    meter = Meter()
    for at in range(0, len(samples), CHUNK):
        meter.push(samples[at : at + CHUNK])
    return meter


def test_the_standards_own_tone_reads_as_the_standard_says() -> None:
    """BS.1770-4: 997 Hz at 0 dBFS in one front channel reads -3.01 LKFS."""
    assert measured(sounds.tone(5, hz=997, level=1.0)).loudness_lufs() == pytest.approx(-3.01, abs=0.02)


def test_a_peak_between_two_samples_is_seen() -> None:
    """A quarter of the rate, sampled 45 degrees off its crests: samples show -3 dB, the wave reaches 0."""
    wave = np.sin(np.pi / 2 * np.arange(48_000) + np.pi / 4).astype(np.float32)
    faded = wave * np.clip(np.arange(48_000) / 4_800, 0, 1).astype(np.float32)
    assert float(np.abs(faded).max()) < 0.71
    assert measured(faded).true_peak_dbtp() == pytest.approx(0.0, abs=0.25)


def test_quiet_passages_are_gated_away() -> None:
    """Ten seconds of silence, and ten of a whisper 20 dB down, do not make the speech read lower."""
    speech = sounds.babble(10)
    alone = measured(speech).loudness_lufs()
    among = measured(np.concatenate((sounds.silence(10), speech, speech * 0.1))).loudness_lufs()
    assert among == pytest.approx(alone, abs=0.2)


def test_below_400_ms_the_whole_is_measured_without_a_gate() -> None:
    """The standard has no block for it; a short tone reads as the same tone going on."""
    assert measured(sounds.tone(0.3, level=0.5)).loudness_lufs() == pytest.approx(
        measured(sounds.tone(3, level=0.5)).loudness_lufs(), abs=0.1
    )


def test_silence_is_a_number() -> None:
    """No infinity leaves the meter, not even from nothing at all."""
    assert measured(sounds.silence(1)).loudness_lufs() == -120.0
    assert integrated_lufs(Meter().energy) == Meter().true_peak_dbtp() == -120.0


def test_chunks_do_not_show() -> None:
    """A tone across many chunks has the same energy in every 10 ms: the filter's memory is carried over."""
    energy = measured(sounds.tone(4, hz=1000)).energy[10:]
    assert float(energy.max() / energy.min()) == pytest.approx(1.0, abs=0.01)


def test_only_the_last_chunk_may_be_short() -> None:
    """A hole in the middle would be measured as a click: refused."""
    meter = Meter()
    meter.push(sounds.silence(0.5))
    with pytest.raises(ValueError, match="chunk"):
        meter.push(sounds.silence(0.5))


@pytest.fixture
def as_wav(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A 48 kHz mono WAV of the sound named by the parameter."""
    made: dict[str, sounds.Samples] = {
        "english": np.concatenate(list(pcm(sounds.ENGLISH))),
        "music": np.concatenate(list(pcm(sounds.MUSIC))),
        "babble": sounds.babble(6),
        "bass": sounds.tone(5, hz=45, level=0.8),
        "hiss": np.random.default_rng(3).standard_normal(48_000 * 5).astype(np.float32) * 0.1,
    }
    return sounds.save(tmp_path / "sound.wav", made[request.param], codec="pcm_f32le")


ALL = pytest.mark.parametrize("as_wav", ["english", "music", "babble", "bass", "hiss"], indirect=True)


@ALL
def test_it_agrees_with_the_ffmpeg_inside_pyav(as_wav: Path) -> None:
    """Real speech, music, a voice, a tone where the K-weighting is steepest, and noise: within 0.1 LU, 0.2 dB."""
    ours = measured(np.concatenate(list(pcm(as_wav))))
    loudness_lufs, peak_dbtp = sounds.ebur128(as_wav)
    assert ours.loudness_lufs() == pytest.approx(loudness_lufs, abs=0.1)
    assert ours.true_peak_dbtp() == pytest.approx(peak_dbtp, abs=0.2)


@ALL
def test_it_agrees_with_the_systems_ffmpeg(as_wav: Path) -> None:
    """Another version, another process; its summary has one decimal."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg command here")
    ours = measured(np.concatenate(list(pcm(as_wav))))
    loudness_lufs, peak_dbtp = sounds.ffmpeg_ebur128(ffmpeg, as_wav)
    assert ours.loudness_lufs() == pytest.approx(loudness_lufs, abs=0.15)
    assert ours.true_peak_dbtp() == pytest.approx(peak_dbtp, abs=0.25)
