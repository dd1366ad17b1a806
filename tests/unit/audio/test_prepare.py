"""What comes out meets the specification on the decoded file, and what is refused leaves nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio.clip import BUCKETS, Clip, Limits, Part, Progress
from audio.decode import duration_ms
from audio.errors import AudioError
from audio.prepare import prepare
from audio.store import Store
from tests.unit.audio import sounds

CASES: dict[str, sounds.Samples] = {
    "voice": sounds.babble(8),
    "whisper": sounds.babble(8) * 0.05,
    "shout": np.clip(sounds.babble(8) * 20, -1, 1),
    "offset": sounds.babble(8, level=0.2) + np.float32(0.4),
    "tone": sounds.tone(5, level=0.5),
    "square": np.sign(sounds.tone(4, hz=300)) * np.float32(0.9),
    "hiss": (np.random.default_rng(3).standard_normal(48_000 * 4) * 0.1).astype(np.float32),
    "syllable": sounds.tone(0.3),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def left_behind(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def assert_broadcast_ready(clip: Clip, store: Store) -> None:
    """The issue's own figures, measured by FFmpeg's ebur128 on the decoded file."""
    path = store.path(clip.sha256)
    loudness_lufs, peak_dbtp = sounds.ebur128(path)
    if clip.duration_ms >= 400:  # below, no standard meter reads anything
        assert loudness_lufs == pytest.approx(-16.0, abs=0.5)
        assert clip.loudness_lufs == pytest.approx(loudness_lufs, abs=0.15)
    assert peak_dbtp <= -1.5
    assert clip.true_peak_dbtp == pytest.approx(peak_dbtp, abs=0.2)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == clip.sha256
    assert path.stat().st_size == clip.size
    sound = sounds.decoded(path)
    assert len(sound) // 48 == pytest.approx(clip.duration_ms, abs=1)
    assert abs(float(sound[0])) < 0.01
    assert abs(float(sound[-1])) < 0.01
    assert len(clip.peaks) == BUCKETS


@pytest.mark.parametrize("source", [sounds.ENGLISH, sounds.FRENCH, sounds.PHONE], ids=lambda path: path.name)
def test_real_speech_meets_the_specification(source: Path, store: Store) -> None:
    """A studio voice in two languages, and what a phone keeps of it; 24 kbit/s with Ogg's own bytes."""
    clip = prepare(source, store)
    assert_broadcast_ready(clip, store)
    assert clip.kind == "speech"
    assert 22_000 < clip.size * 8_000 / clip.duration_ms < 27_000


def test_real_music_meets_the_specification(store: Store) -> None:
    """And gets its 32 kbit/s."""
    clip = prepare(sounds.MUSIC, store)
    assert_broadcast_ready(clip, store)
    assert clip.kind == "music"
    assert 28_000 < clip.size * 8_000 / clip.duration_ms < 35_500


@pytest.mark.parametrize("name", CASES)
def test_odd_sounds_meet_the_specification(name: str, store: Store, tmp_path: Path) -> None:
    """Far too quiet, clipped, with an offset, all one tone, square, noise, a third of a second."""
    source = sounds.save(tmp_path / "sound.wav", CASES[name], codec="pcm_f32le")
    assert_broadcast_ready(prepare(source, store), store)


def test_the_systems_ffmpeg_measures_the_same(store: Store) -> None:
    """Another version of FFmpeg decodes and measures the finished file: the bounds still hold."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg command here")
    clip = prepare(sounds.ENGLISH, store)
    loudness_lufs, peak_dbtp = sounds.ffmpeg_ebur128(ffmpeg, store.path(clip.sha256))
    assert loudness_lufs == pytest.approx(-16.0, abs=0.5)
    assert peak_dbtp <= -1.5


def test_silence_at_the_ends_is_cut_and_below_120_hz_is_gone(store: Store, tmp_path: Path) -> None:
    """Three seconds of speech among five of silence, over a hum as loud as itself."""
    speech = sounds.babble(3)
    hum = sounds.tone(3, hz=25, level=0.3)
    source = np.concatenate((sounds.silence(3), speech + hum, sounds.silence(2)))
    clip = prepare(sounds.save(tmp_path / "hum.wav", source, codec="pcm_f32le"), store)
    assert clip.duration_ms == pytest.approx(3200, abs=250)
    spectrum = np.abs(np.fft.rfft(sounds.decoded(store.path(clip.sha256))[:96_000]))
    assert float(spectrum[45:56].max()) < 0.01 * float(spectrum.max())  # 25 Hz, at half a hertz a bin


def test_equal_input_gives_equal_bytes(store: Store, tmp_path: Path) -> None:
    """No serial number, date or encoder version: the same sound twice is one clip."""
    other = Store(tmp_path / "other")
    assert prepare(sounds.ENGLISH, store) == prepare(sounds.ENGLISH, other)


def test_the_clip_itself_can_be_prepared_again(store: Store) -> None:
    """An officer downloads a clip and uploads it: it stays within the same bounds."""
    first = prepare(sounds.ENGLISH, store)
    again = prepare(store.path(first.sha256), store)
    assert_broadcast_ready(again, store)
    assert again.duration_ms == pytest.approx(first.duration_ms, abs=250)


def test_progress_rises_to_the_end(store: Store) -> None:
    """Never back, every step named, the last word is 1."""
    heard: list[Progress] = []
    prepare(sounds.ENGLISH, store, on_progress=heard.append)
    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert {progress.step for progress in heard} == {"read", "write", "check"}


@pytest.mark.parametrize("patience", [0, 5, 25, 45])
def test_cancelling_anywhere_leaves_nothing(patience: int, store: Store, tmp_path: Path) -> None:
    """While reading, writing and checking."""
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > patience

    with pytest.raises(AudioError) as refused:
        prepare(sounds.ENGLISH, store, cancelled=cancelled)
    assert refused.value.code == "audio.cancelled"
    assert asked == patience + 1
    assert left_behind(tmp_path) == []


REFUSED: dict[str, tuple[sounds.Samples, Limits, str]] = {
    "silence": (sounds.silence(3), Limits(), "audio.silent"),
    "murmur": (sounds.babble(5) * 0.0005, Limits(), "audio.silent"),
    "constant": (sounds.silence(3) + np.float32(0.5), Limits(), "audio.silent"),
    "slip": (sounds.tone(0.05), Limits(min_duration_ms=400), "audio.too-short"),
    "long": (sounds.tone(4), Limits(max_duration_ms=3000), "audio.too-long"),
    "big": (sounds.tone(4), Limits(max_size=100_000), "audio.too-big"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_nothing(name: str, store: Store, tmp_path: Path) -> None:
    """A code for each, and an empty store."""
    samples, limits, code = REFUSED[name]
    source = sounds.save(tmp_path / "sound.wav", samples, codec="pcm_f32le")
    with pytest.raises(AudioError) as refused:
        prepare(source, store, limits=limits)
    assert refused.value.code == code
    assert left_behind(tmp_path) == []


def test_limits_are_inclusive(store: Store, tmp_path: Path) -> None:
    """Exactly as long and as big as allowed is allowed."""
    source = sounds.save(tmp_path / "sound.wav", sounds.babble(3), codec="pcm_s16le")
    limits = Limits(max_duration_ms=3000, max_size=source.stat().st_size)
    assert prepare(source, store, limits=limits).duration_ms <= 3000


def test_a_full_disk_is_told_and_leaves_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills while the raw sound is written, and while the clip is synced."""
    import errno

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for target in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, target, full)
            with pytest.raises(AudioError) as refused:
                prepare(sounds.PHONE, store)
        assert refused.value.code == "store.full"
        assert left_behind(tmp_path) == []


def test_the_source_is_only_read(store: Store, tmp_path: Path) -> None:
    """A person's own file is as it was."""
    source = tmp_path / "mine.mp3"
    source.write_bytes(sounds.ENGLISH.read_bytes())
    source.chmod(0o400)
    prepare(source, store)
    assert source.read_bytes() == sounds.ENGLISH.read_bytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_make_a_clip_or_a_reason(data: st.DataObject, tmp_path: Path) -> None:
    """Bytes of a real file changed anywhere: a whole clip or an AudioError, nothing else, nothing left."""
    whole = bytearray((sounds.PHONE if data.draw(st.booleans()) else sounds.ENGLISH).read_bytes()[:20_000])
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    source = tmp_path / "damaged"
    source.write_bytes(whole)
    store = Store(tmp_path / "store")
    try:
        clip = prepare(source, store)
    except AudioError:
        assert left_behind(tmp_path) == []
    else:
        assert duration_ms(store.path(clip.sha256)) == clip.duration_ms
        store.delete(clip.sha256)


def test_the_file_is_ogg_opus_without_anybodys_tags(store: Store) -> None:
    """RFC 7845: a title or a phone's position in the source doesn't go on air with the clip."""
    clip = prepare(sounds.ENGLISH, store)
    with av.open(str(store.path(clip.sha256))) as container:
        assert container.format.name == "ogg"
        tags = {**container.metadata, **container.streams.audio[0].metadata}
    assert {name.lower() for name in tags} <= {"encoder"}
    assert b"Allison" not in store.path(clip.sha256).read_bytes()


def test_a_part_is_what_lies_between_two_moments_without_the_silence_at_its_ends(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "two.wav"
    silence = np.zeros(48_000, np.float32)
    sounds.save(source, np.concatenate((sounds.babble(3), silence, sounds.babble(4))), codec="pcm_s16le")
    whole = prepare(source, store)
    clip = prepare(source, store, part=Part(from_ms=3_500, to_ms=6_000))
    assert clip.duration_ms == pytest.approx(2_000, abs=150)
    assert_broadcast_ready(clip, store)
    assert prepare(source, store, part=Part(from_ms=0, to_ms=99_000)).sha256 == whole.sha256


@pytest.mark.parametrize("part", [Part(from_ms=60_000), Part(from_ms=2_000, to_ms=2_000), Part(from_ms=3_000, to_ms=1)])
def test_a_part_without_a_sound_is_refused(store: Store, tmp_path: Path, part: Part) -> None:
    source = tmp_path / "one.wav"
    sounds.save(source, sounds.babble(3), codec="pcm_s16le")
    with pytest.raises(AudioError, match=r"audio\.silent"):
        prepare(source, store, part=part)
