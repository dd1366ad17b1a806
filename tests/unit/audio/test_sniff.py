"""Bytes from strangers are read without trust."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audio import sniff
from tests.unit.audio import sounds


@given(st.binary(max_size=400))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    """No head or tail raises, whatever its magic says."""
    for head in (data, b"ID3" + data, b"OggS" + data, b"\x00\x00\x00\x18ftyp" + data):
        assert isinstance(sniff.is_picture(head), bool)
        assert isinstance(sniff.is_mp4(head), bool)
        assert sniff.id3_size(head) >= 0
        assert isinstance(sniff.ogg_is_cut(head), bool)
    assert (sniff.wav_announced_s(b"RIFF\0\0\0\0WAVE" + data) or 0) >= 0


def test_an_ogg_page_is_whole_or_cut() -> None:
    """One page with a packet of 5 bytes, and the same without its last byte."""
    page = b"OggS" + bytes(22) + b"\x01\x05" + b"hello"
    assert not sniff.ogg_is_cut(page)
    assert sniff.ogg_is_cut(page[:-1])
    assert sniff.ogg_is_cut(page[:20])
    assert sniff.ogg_is_cut(b"no page at all")


def test_an_mp3s_announced_length_is_found_behind_its_tag() -> None:
    """ffmpeg's own files carry both a tag and a Xing or Info frame."""
    data = sounds.ENGLISH.read_bytes()
    size = sniff.id3_size(data)
    assert sniff.has_mp3_length(data[size : size + sniff.HEAD_SIZE])
