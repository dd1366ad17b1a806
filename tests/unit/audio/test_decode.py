"""Whatever people bring is opened for its sound, or refused with the true reason."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from audio import edit, sniff
from audio.decode import decode, duration_ms, pcm
from audio.errors import AudioError
from tests.unit.audio import sounds

RATES = {"libopencore_amrnb": 8_000}
FORMATS = [
    ("s16.wav", "pcm_s16le"),
    ("f32.wav", "pcm_f32le"),
    ("s.mp3", "libmp3lame"),
    ("s.m4a", "aac"),
    ("s.aac", "aac"),
    ("s.ogg", "libopus"),
    ("s.opus", "libopus"),
    ("s.webm", "libopus"),
    ("s.flac", "flac"),
    ("s.amr", "libopencore_amrnb"),
    ("s.mka", "flac"),
    ("s.aiff", "pcm_s16be"),
]


def code_of(path: Path) -> str:
    with pytest.raises(AudioError) as refused:
        for _ in pcm(path):
            pass
    return refused.value.code


def tone_in(path: Path, codec: str) -> Path:
    rate_hz = RATES.get(codec, 48_000)
    return sounds.save(path, sounds.tone(3, hz=1000, rate_hz=rate_hz), codec=codec, rate_hz=rate_hz)


@pytest.mark.parametrize(("name", "codec"), FORMATS, ids=[name for name, _ in FORMATS])
def test_every_promised_format_is_heard(tmp_path: Path, name: str, codec: str) -> None:
    """Length, pitch and level of a tone survive each of them."""
    sound = np.concatenate(list(decode(tone_in(tmp_path / name, codec))))
    assert sound.dtype == np.int16
    assert len(sound) / 48_000 == pytest.approx(3, abs=0.1)
    spectrum = np.abs(np.fft.rfft(sound[24_000:72_000].astype(float)))
    assert int(spectrum.argmax()) == 1000
    assert float(np.abs(sound[24_000:72_000]).max()) / 32_767 == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("name", ["s.jpg", "s.xyz", "s", "s.mp3"])
def test_the_name_does_not_matter(tmp_path: Path, name: str) -> None:
    """A FLAC file under a wrong name, or with none."""
    made = tone_in(tmp_path / "made.flac", "flac").rename(tmp_path / name)
    assert duration_ms(made) == 3000


def test_chunks_are_whole_seconds() -> None:
    """All of one second but the last, so that the meter can work on them as they are."""
    lengths = [len(chunk) for chunk in pcm(sounds.ENGLISH)]
    assert set(lengths[:-1]) == {48_000}
    assert 0 < lengths[-1] <= 48_000


def test_channels_are_mixed(tmp_path: Path) -> None:
    """A stereo tone stays that tone, and 5.1 is mixed without being clipped."""
    rows = np.stack([sounds.tone(1, level=0.5)] * 2)
    stereo = np.concatenate(list(pcm(sounds.save(tmp_path / "2.wav", rows, codec="pcm_s16le", layout="stereo"))))
    assert np.corrcoef(stereo, rows[0])[0, 1] > 0.999
    six = np.stack([sounds.tone(1, level=0.9)] * 6)
    mixed = np.concatenate(list(pcm(sounds.save(tmp_path / "6.flac", six, codec="flac", layout="5.1"))))
    assert np.corrcoef(mixed, six[0])[0, 1] > 0.999


def test_not_a_number_does_not_spread(tmp_path: Path) -> None:
    """NaN, infinity and 1e30 in a float WAV are replaced where they stand."""
    bad = sounds.tone(3)
    bad[48_000], bad[60_000], bad[70_000] = np.nan, np.inf, 1e30
    sound = np.concatenate(list(pcm(sounds.save(tmp_path / "bad.wav", bad, codec="pcm_f32le"), high_pass_hz=120)))
    assert np.isfinite(sound).all()
    assert float(np.abs(sound[100_000:140_000]).max()) == pytest.approx(0.3, abs=0.02)


def picture(path: Path, codec: str, format_: str) -> Path:
    with av.open(str(path), "w", format=format_) as container:
        stream = container.add_stream(codec, rate=1)
        stream.width = stream.height = 64
        stream.pix_fmt = "rgb24" if codec == "png" else "yuvj420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, stream.pix_fmt)))
        container.mux(stream.encode(None))
    return path


def test_a_picture_is_called_a_picture(tmp_path: Path) -> None:
    """A PNG and a JPEG named .mp3."""
    for codec in ("png", "mjpeg"):
        assert code_of(picture(tmp_path / f"{codec}.mp3", codec, "image2pipe")) == "audio.picture"


def test_cover_art_does_not_make_a_song_a_picture(tmp_path: Path) -> None:
    """An MP3 with a front cover inside: what phones and downloads are full of."""
    cover = picture(tmp_path / "cover.png", "png", "image2pipe").read_bytes()
    body = tone_in(tmp_path / "plain.mp3", "libmp3lame").read_bytes()
    body = body[sniff.id3_size(body) :]
    apic = b"\x00image/png\x00\x03\x00" + cover
    frame = b"APIC" + len(apic).to_bytes(4, "big") + b"\x00\x00" + apic
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    song = tmp_path / "song.mp3"
    song.write_bytes(b"ID3\x03\x00\x00" + size + frame + body)
    with av.open(str(song)) as container:
        assert container.streams.video
    assert duration_ms(song) == pytest.approx(3000, abs=100)


def test_a_film_is_taken_for_its_sound(tmp_path: Path) -> None:
    """What a phone records when its owner pressed the wrong button; without a sound track it is refused."""
    for name, with_sound in (("film.mp4", True), ("mute.mp4", False)):
        with av.open(str(tmp_path / name), "w") as container:
            video = container.add_stream("mpeg4", rate=10)
            video.width = video.height = 64
            audio = container.add_stream("aac", rate=48_000, layout="mono") if with_sound else None
            for number in range(20):
                image = av.VideoFrame(64, 64, "yuv420p")
                image.pts = number
                container.mux(video.encode(image))
            container.mux(video.encode(None))
            if audio is not None:
                for piece in sounds.frames(sounds.tone(2), 48_000, "mono", "fltp"):
                    container.mux(audio.encode(piece))
                container.mux(audio.encode(None))
    assert duration_ms(tmp_path / "film.mp4") == pytest.approx(2000, abs=100)
    assert code_of(tmp_path / "mute.mp4") == "audio.not-sound"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "audio.empty"),
        ("Kính mời bà con đến họp.\n".encode() * 50, "audio.not-sound"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "audio.not-sound"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "audio.not-sound"),
        (b"%PDF-1.7\n" + bytes(5000), "audio.not-sound"),
        (bytes(10_000), "audio.not-sound"),
        (np.random.default_rng(7).bytes(50_000), "audio.not-sound"),
        (b"RIFF\x24\x00\x00\x00WAVE", "audio.not-sound"),
    ],
    ids=["empty", "text", "playlist", "concat", "pdf", "zeros", "noise", "half-a-header"],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    """Text, playlists that point elsewhere, documents, noise."""
    path = tmp_path / "notice.mp3"
    path.write_bytes(content)
    assert code_of(path) == code


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    """Neither a file nor a folder crashes it."""
    assert code_of(tmp_path / "nothing.mp3") == "audio.missing"
    assert code_of(tmp_path) == "audio.missing"


def test_a_track_of_no_samples_is_empty(tmp_path: Path) -> None:
    """A header with nothing behind it."""
    edit.save_wav(np.zeros(0, np.int16), tmp_path / "none.wav")
    assert code_of(tmp_path / "none.wav") == "audio.empty"


CUT = [("s.wav", "pcm_s16le"), ("s.mp3", "libmp3lame"), ("s.m4a", "aac"), ("s.ogg", "libopus"), ("s.flac", "flac")]


@pytest.mark.parametrize(("name", "codec"), CUT, ids=[name for name, _ in CUT])
def test_a_file_cut_in_the_middle_is_told(tmp_path: Path, name: str, codec: str) -> None:
    """The copy from the phone stopped half-way."""
    path = sounds.save(tmp_path / name, sounds.babble(10), codec=codec)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6) + 1])
    assert code_of(path) == "audio.truncated"


def test_an_amr_cut_inside_a_frame_is_told(tmp_path: Path) -> None:
    """AMR announces no length: half a last frame is the only sign."""
    path = tmp_path / "cut.amr"
    path.write_bytes(sounds.PHONE.read_bytes()[: 6 + 32 * 400 + 11])
    assert code_of(path) == "audio.truncated"


def test_a_length_that_was_never_written_is_no_cut(tmp_path: Path) -> None:
    """A recorder that streams writes 0xFFFFFFFF as the length of a WAV: a good file."""
    path = sounds.save(tmp_path / "stream.wav", sounds.tone(3), codec="pcm_s16le")
    data = path.read_bytes()
    at = data.index(b"data") + 4
    path.write_bytes(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])
    assert duration_ms(path) == 3000


def test_a_huge_announced_length_costs_nothing(tmp_path: Path) -> None:
    """Six hours in the header, three seconds in the file: told as cut off, without memory for six hours."""
    path = sounds.save(tmp_path / "huge.wav", sounds.tone(3), codec="pcm_s16le")
    data = path.read_bytes()
    at = data.index(b"data") + 4
    path.write_bytes(data[:at] + (2_000_000_000).to_bytes(4, "little") + data[at + 4 :])
    assert code_of(path) == "audio.truncated"


def test_an_absurd_rate_is_refused(tmp_path: Path) -> None:
    """One sample a second would become 48,000 of ours."""
    path = sounds.save(tmp_path / "slow.wav", sounds.tone(1), codec="pcm_s16le")
    data = bytearray(path.read_bytes())
    data[24:28] = (1).to_bytes(4, "little")
    path.write_bytes(data)
    assert code_of(path) == "audio.not-sound"


def test_a_few_broken_packets_are_passed_over_and_many_are_not(tmp_path: Path) -> None:
    """A scratch in a long recording is heard as a scratch; a ruin is refused."""
    whole = sounds.save(tmp_path / "s.mp3", sounds.babble(20), codec="libmp3lame").read_bytes()
    scratched, ruined = tmp_path / "scratched.mp3", tmp_path / "ruined.mp3"
    middle = len(whole) // 2
    scratched.write_bytes(whole[:middle] + bytes(300) + whole[middle + 300 :])
    assert duration_ms(scratched) == pytest.approx(20_000, abs=400)
    noise = np.random.default_rng(2).bytes(len(whole) - 2_000)
    ruined.write_bytes(whole[:2_000] + noise)
    assert code_of(ruined) in {"audio.damaged", "audio.truncated"}
