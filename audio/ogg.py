"""Ogg pages (RFC 3533) as bytes and back. Pure.

Only what our own clips are made of: one stream, no packet that goes on over a page's end.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from audio.errors import AudioError

HEADER = struct.Struct("<4sBBqIIIB")
"""OggS, version, flags, granule position, stream, number, checksum, count of segments."""
CHECKSUM = slice(22, 26)
CONTINUED, LAST = 0x01, 0x04
"""Flags of a page: it begins within a packet; it is the stream's last."""
MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in the other order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Whole packets. `granule` counts the samples that a decoder has given at the page's end."""

    flags: int
    granule: int
    stream: int
    number: int
    packets: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """The page as it stands in a file. ValueError when its packets don't fit into one page."""
        segments = b"".join(_segments(len(packet)) for packet in self.packets)
        if len(segments) > 255:
            raise ValueError("too many packets for a page")
        head = HEADER.pack(b"OggS", 0, self.flags, self.granule, self.stream, self.number, 0, len(segments))
        page = bytearray(head + segments + b"".join(self.packets))
        page[CHECKSUM] = checksum(page).to_bytes(4, "little")
        return bytes(page)


def pages(data: bytes) -> Iterator[Page]:
    """The pages of a whole file, in order. Total: audio.damaged where the bytes are not such pages to the end."""
    at, flags = 0, 0
    while at < len(data):
        page, at = _page(data, at)
        flags = page.flags
        yield page
    if not flags & LAST:
        raise AudioError("audio.truncated")


def checksum(page: bytes | bytearray) -> int:
    """The checksum of a page whose own checksum is zero (RFC 3533, section 6).

    Ogg's CRC has zlib's polynomial, but takes and gives its bits in the other order and begins at zero:
    with the bits mirrored, zlib's C does the work.
    """
    mirrored = zlib.crc32(page.translate(MIRRORED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(MIRRORED), "big")


def _page(data: bytes, at: int) -> tuple[Page, int]:
    """The page that begins at `at`, and where it ends."""
    if len(data) - at < HEADER.size:
        raise AudioError("audio.truncated")
    mark, version, flags, granule, stream, number, check, count = HEADER.unpack_from(data, at)
    begin = at + HEADER.size + count
    lengths = data[begin - count : begin]
    if mark != b"OggS" or version != 0:
        raise AudioError("audio.damaged")
    end = begin + sum(lengths)
    if end > len(data):
        raise AudioError("audio.truncated")
    page = bytearray(data[at:end])
    page[CHECKSUM] = bytes(4)
    if checksum(page) != check or flags & CONTINUED or lengths[-1:] == b"\xff":
        raise AudioError("audio.damaged")
    packets = tuple(_packets(data, begin, lengths))
    return Page(flags=flags, granule=granule, stream=stream, number=number, packets=packets), end


def _packets(data: bytes, at: int, lengths: bytes) -> Iterator[bytes]:
    """A packet is a run of segments of 255 bytes and one that is shorter."""
    end = at
    for length in lengths:
        end += length
        if length < 255:
            yield data[at:end]
            at = end


def _segments(length: int) -> bytes:
    return b"\xff" * (length // 255) + bytes([length % 255])
