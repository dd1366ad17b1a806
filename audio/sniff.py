"""What a file's own bytes say, before a decoder is let near them. Pure.

Only what decides between two refusals, or between "short" and "cut off", is read here.
"""

from __future__ import annotations

PICTURES = (
    (0, b"\x89PNG\r\n"),
    (0, b"\xff\xd8\xff"),  # JPEG
    (0, b"GIF8"),
    (0, b"BM"),
    (0, b"II*\x00"),  # TIFF, little-endian
    (0, b"MM\x00*"),
    (8, b"WEBP"),
    (4, b"ftypheic"),
    (4, b"ftypheix"),
    (4, b"ftypmif1"),
    (4, b"ftypavif"),
)

HEAD_SIZE = 4096
"""Enough for every signature here and for the Xing header in an MP3's first frame."""
WAV_UNKNOWN = 0x7FFF_F000
"""Programs that stream write this or 0xFFFFFFFF, since they cannot go back and fill in the length."""
TAIL_SIZE = 2 * 65_307
"""An Ogg page is at most 65,307 bytes (RFC 3533): the last whole one begins within twice that."""


def is_picture(head: bytes) -> bool:
    return any(head[at : at + len(magic)] == magic for at, magic in PICTURES)


def is_mp4(head: bytes) -> bool:
    """An MPEG-4 file. One that cannot be opened has lost its index, which is written last."""
    return head[4:8] == b"ftyp"


def id3_size(head: bytes) -> int:
    """Bytes of the ID3v2 tag at the start (cover art lives there), 0 when there is none."""
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | (byte & 0x7F)
    return size + 10


def has_mp3_length(first_frame: bytes) -> bool:
    """Whether an MP3's first frame announces its frame count (Xing, Info or VBRI).

    Without it a decoder only guesses the duration from the first frame's bit rate.
    """
    return any(mark in first_frame[:256] for mark in (b"Xing", b"Info", b"VBRI"))


def wav_announced_s(head: bytes) -> float | None:
    """Seconds that a WAV's header promises; None when it has no data chunk within `head` or says nothing true."""
    at, bytes_per_s = 12, 0
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt ":
            bytes_per_s = int.from_bytes(head[at + 16 : at + 20], "little")
        if name == b"data":
            return size / bytes_per_s if bytes_per_s and size < WAV_UNKNOWN else None
        at += 8 + size + size % 2
    return None


def ogg_is_cut(tail: bytes) -> bool:
    """Whether the last Ogg page in `tail` lacks bytes that its own header announces (RFC 3533)."""
    at = tail.rfind(b"OggS")
    if at < 0:
        return True
    page = tail[at:]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return True
    return len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]])
