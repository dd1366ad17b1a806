"""A rest is its parent's own sound, from a pause before the cut to the end, to the sample."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio import shape
from audio.clip import BUCKETS, Clip
from audio.decode import duration_ms, pcm
from audio.errors import AudioError
from audio.loudness import Meter
from audio.prepare import prepare
from audio.rest import BACK_MS, LEAST_MS, last_part, opening, rest_of
from audio.store import Store
from tests.unit.audio import sounds

Make = Callable[[str], Clip]
SOURCES = {"english": sounds.ENGLISH, "french": sounds.FRENCH, "phone": sounds.PHONE, "music": sounds.MUSIC}
MADE = {
    "tone": sounds.tone(15),
    "hiss": (np.random.default_rng(3).standard_normal(48_000 * 15) * 0.1).astype(np.float32),
    "gap": np.concatenate((sounds.tone(5), sounds.silence(1), sounds.tone(9))),
}
PAUSES_S = (3.0, 5.9, 8.2, 9.7, 12.9, 17.1)
"""Where the English speaker draws breath; each lasts a fifth of a second."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def made(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """The prepared clip of a name above, each prepared once."""
    clips: dict[str, Clip] = {}

    def make(name: str) -> Clip:
        if name not in clips:
            wav = tmp_path_factory.mktemp("made") / "sound.wav"
            source = SOURCES.get(name) or sounds.save(wav, MADE[name], codec="pcm_f32le")
            clips[name] = prepare(source, store)
        return clips[name]

    return make


def rest(store: Store, clip: Clip, from_ms: int) -> Clip:
    made = rest_of(store, clip, from_ms)
    assert made is not None
    assert made != clip
    return made


def heard(store: Store, clip: Clip) -> sounds.Samples:
    return np.concatenate(list(pcm(store.path(clip.sha256))))


def by_libopus(path: Path) -> sounds.Samples:
    with av.open(str(path)) as container:
        decoder = av.CodecContext.create("libopus", "r")
        assert isinstance(decoder, av.AudioCodecContext)
        decoder.extradata = container.streams.audio[0].codec_context.extradata
        frames = [frame for packet in container.demux(audio=0) for frame in decoder.decode(packet)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32)


def names(store: Store) -> set[Path]:
    return {path for path in store.path("0" * 64).parents[1].rglob("*") if path.is_file()}


def refusal(store: Store, clip: Clip) -> str:
    with pytest.raises(AudioError) as refused:
        rest_of(store, clip, clip.duration_ms - LEAST_MS)
    return refused.value.code


def correlation(one: sounds.Samples, other: sounds.Samples) -> float:
    return float(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize("name", [*SOURCES, *MADE])
def test_a_rest_is_its_parents_tail_to_the_sample(name: str, store: Store, made: Make) -> None:
    """The whole and its first second, at the very place: no decoder needs longer than the pre-roll."""
    clip = made(name)
    for from_ms in (BACK_MS + 1, 9_000, 12_345, clip.duration_ms - LEAST_MS):
        sound, whole = heard(store, rest(store, clip, from_ms)), heard(store, clip)
        begin = len(whole) - len(sound)
        assert from_ms - BACK_MS <= begin / 48 <= from_ms
        assert correlation(sound, whole[begin:]) > 0.9999
        if np.any(sound[:48_000]):
            assert correlation(sound[:48_000], whole[begin : begin + 48_000]) > 0.999
        assert np.abs(sound[9_600:] - whole[begin + 9_600 :]).max() < 0.002


def test_speech_is_the_same_from_its_first_sample(store: Store, made: Make) -> None:
    """Where it begins in a pause, the pre-roll leaves no difference that 16 bits could hold."""
    sound, whole = heard(store, rest(store, made("english"), 9_000)), heard(store, made("english"))
    assert np.abs(sound - whole[-len(sound) :]).max() < 1 / 32_768


def test_another_decoder_hears_the_same(store: Store, made: Make) -> None:
    """libopus, where all others here use FFmpeg's own: as many samples, the same sound."""
    clip, parent = rest(store, made("french"), 9_000), made("french")
    sound, whole = by_libopus(store.path(clip.sha256)), by_libopus(store.path(parent.sha256))
    assert len(sound) // 48 == clip.duration_ms
    assert correlation(sound, whole[-len(sound) :]) > 0.9999


@pytest.mark.parametrize("name", ["english", "french", "phone"])
def test_speech_begins_again_in_a_pause_without_a_click(name: str, store: Store, made: Make) -> None:
    """Wherever it was cut, the first 60 ms are silence to the ear."""
    for from_ms in range(BACK_MS + 1, 17_000, 1_111):
        assert np.abs(heard(store, rest(store, made(name), from_ms))[:2_880]).max() < 0.01


def test_it_begins_with_the_sentence_that_was_cut(store: Store, made: Make) -> None:
    """In the pauses that a listener finds, 100 ms or so before the voice."""
    clip = made("english")
    for from_ms in range(BACK_MS + 1, 17_000, 777):
        begin_s = (clip.duration_ms - rest(store, clip, from_ms).duration_ms) / 1000
        assert min(abs(begin_s - pause_s) for pause_s in PAUSES_S) < 0.2


def test_silence_within_music_is_a_pause(store: Store, made: Make) -> None:
    """Two pieces of music: the second begins anew, from just before its first note."""
    clip = rest(store, made("gap"), 9_000)
    assert made("gap").duration_ms - clip.duration_ms == pytest.approx(6_000 - 200, abs=50)


@pytest.mark.parametrize("name", ["tone", "hiss"])
def test_where_nobody_draws_breath_the_last_six_seconds_come_again(name: str, store: Store, made: Make) -> None:
    clip = made(name)
    assert clip.duration_ms - rest(store, clip, 9_000).duration_ms == pytest.approx(9_000 - BACK_MS, abs=21)


@pytest.mark.parametrize("name", SOURCES)
def test_its_figures_are_true(name: str, store: Store, made: Make) -> None:
    """Counted from the file itself; the kind is the parent's, and so is the level."""
    parent = made(name)
    clip = rest(store, parent, 10_000)
    path = store.path(clip.sha256)
    assert clip.size == path.stat().st_size
    assert clip.duration_ms == duration_ms(path)
    loudness_lufs, peak_dbtp = sounds.ebur128(path)
    assert clip.loudness_lufs == pytest.approx(loudness_lufs, abs=1.5)
    assert peak_dbtp <= clip.true_peak_dbtp + 0.2
    assert clip.kind == parent.kind


def test_its_waveform_is_the_part_of_its_parents(store: Store, made: Make) -> None:
    """As many columns, drawn from those of the whole: close to what is measured anew."""
    clip = rest(store, made("english"), 9_000)
    meter = Meter()
    for chunk in pcm(store.path(clip.sha256)):
        meter.push(chunk)
    assert len(clip.peaks) == BUCKETS
    measured = np.frombuffer(shape.waveform(meter.peaks), np.uint8).astype(np.float32)
    assert correlation(np.frombuffer(clip.peaks, np.uint8).astype(np.float32), measured) > 0.9


def test_the_same_moment_gives_the_same_clip(store: Store, made: Make, tmp_path: Path) -> None:
    """Again, in another store, and from another moment of the same sentence."""
    clip, other = made("english"), Store(tmp_path / "other")
    other.put_bytes(store.path(clip.sha256).read_bytes())
    first, kept = rest(store, clip, 9_000), names(store)
    assert rest(store, clip, 9_000) == first == rest(other, clip, 9_000) == rest(store, clip, 9_300)
    assert names(store) == kept


def test_a_rest_can_be_cut_again(store: Store, made: Make) -> None:
    """A second emergency: the rest of a rest is as true as the first."""
    first = rest(store, made("french"), 7_000)
    second = rest(store, first, 10_000)
    sound = heard(store, second)
    assert first.duration_ms - second.duration_ms <= 10_000
    assert correlation(sound, heard(store, made("french"))[-len(sound) :]) > 0.9999


def test_what_had_hardly_begun_begins_again(store: Store, made: Make) -> None:
    """The clip itself, and no other file."""
    clip, kept = made("english"), names(store)
    assert [rest_of(store, clip, from_ms) for from_ms in (-5, 0, 1, BACK_MS)] == [clip] * 4
    assert names(store) == kept


def test_of_what_had_nearly_ended_nothing_is_left(store: Store, made: Make) -> None:
    """The last second, the end, and what lies beyond."""
    clip, kept = made("english"), names(store)
    for from_ms in (clip.duration_ms - LEAST_MS + 1, clip.duration_ms, clip.duration_ms + 99_999):
        assert rest_of(store, clip, from_ms) is None
    assert rest_of(store, replace(clip, duration_ms=LEAST_MS - 1), 0) is None
    assert names(store) == kept


def test_a_lost_clip_is_told(made: Make, tmp_path: Path) -> None:
    assert refusal(Store(tmp_path), made("english")) == "store.missing"


def test_a_damaged_clip_is_refused_and_leaves_nothing(store: Store, made: Make, tmp_path: Path) -> None:
    """Other bytes than its name says: one bit, a missing end, nothing at all."""
    clip, broken = made("english"), Store(tmp_path)
    whole = store.path(clip.sha256).read_bytes()
    broken.path(clip.sha256).parent.mkdir()
    for data in (whole[:30_000] + bytes([whole[30_000] ^ 1]) + whole[30_001:], whole[:-1], b""):
        broken.path(clip.sha256).write_bytes(data)
        assert refusal(broken, clip) == "audio.damaged"
        assert names(broken) == {broken.path(clip.sha256)}


def test_a_clip_shorter_than_its_figures_is_damaged(store: Store, made: Make) -> None:
    """Somebody else's row under this name."""
    assert refusal(store, replace(made("english"), duration_ms=60_000)) == "audio.damaged"


FOREIGN = {"stereo": ("libopus", "stereo", "ogg"), "flac": ("flac", "mono", "ogg"), "wav": ("pcm_s16le", "mono", "wav")}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_we_did_not_encode_is_refused(name: str, made: Make, tmp_path: Path) -> None:
    """Its packets would be cut at wrong places."""
    codec, layout, container = FOREIGN[name]
    samples = np.tile(sounds.babble(10), (2, 1)) if layout == "stereo" else sounds.babble(10)
    data = sounds.save(tmp_path / "foreign", samples, codec=codec, layout=layout, format_=container).read_bytes()
    store = Store(tmp_path / "store")
    assert refusal(store, replace(made("english"), sha256=store.put_bytes(data))) in {"audio.not-sound", "audio.damaged"}
    assert len(names(store)) == 1


def test_a_full_disk_is_told_and_leaves_nothing(store: Store, made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the rest is synced, and while it gets its name."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    clip, kept = made("phone"), names(store)
    for target in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, target, full)
            assert refusal(store, clip) == "store.full"
        assert names(store) == kept


def test_it_needs_neither_ffmpeg_nor_numpy() -> None:
    """So the controller can make one within itself, and stays as small as it was."""
    look = "import audio.rest, sys; sys.exit(bool({'av', 'numpy', 'pydub'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", look], check=True, cwd=Path(__file__).parents[3])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(from_ms=st.integers(-1_000, 30_000))
def test_at_any_moment_a_rest_begins_before_it_and_not_long_before(from_ms: int, store: Store, made: Make) -> None:
    """Or there is none, because nothing to speak of is left."""
    clip = made("french")
    clip_of_rest = rest_of(store, clip, from_ms)
    if clip_of_rest is None:
        assert clip.duration_ms - from_ms < LEAST_MS
    else:
        begin_ms = clip.duration_ms - clip_of_rest.duration_ms
        assert max(0, from_ms - BACK_MS) <= begin_ms <= max(0, from_ms)
        assert duration_ms(store.path(clip_of_rest.sha256)) == clip_of_rest.duration_ms


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_it_opens_in_the_longest_pause_if_there_is_any(pauses: list[bool]) -> None:
    """The later of two alike, and 200 ms of it at the most; without one, as early as may be."""
    at = opening(pauses)
    assert 0 <= at < len(pauses)
    runs = "".join(".x"[is_in_pause] for is_in_pause in pauses)
    longest = max(map(len, runs.split(".")))
    end = runs.rfind("x" * longest) + longest
    assert at == (0 if not longest else max(end - 10, end - (longest + 1) // 2))
    assert pauses[at] or not any(pauses)


@given(st.binary(max_size=900), st.floats(0, 1))
def test_a_waveform_keeps_its_columns_and_its_end(waveform: bytes, share: float) -> None:
    """Of nothing there is none; all of it is the same."""
    assert len(last_part(waveform, share)) == len(waveform)
    assert last_part(waveform, share)[-1:] == waveform[-1:]
    assert last_part(waveform, 1.0) == waveform
