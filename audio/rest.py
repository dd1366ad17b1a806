"""The rest of a clip, from a moment on, as a clip of its own.

A loudspeaker plays a clip from its beginning and knows it by its hash, so what is left of a bulletin that
was cut is another clip. Its Opus packets are the parent's own: nothing is decoded or coded again, the sound
and its level stay as they were, and half an hour takes a tenth of a second, without FFmpeg.

A decoder that begins in the middle needs 80 ms until it gives what it would have given. So the rest
begins with four packets more than are heard, and its pre-skip says so (RFC 7845, section 4.2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from audio.clip import RATE_HZ, Clip
from audio.errors import AudioError
from audio.ogg import Page, pages
from audio.store import Store

BACK_MS = 6_000
"""How far before the cut a rest may begin: a sentence of the news lasts 3 to 6 s, and is heard whole once more."""
LEAST_MS = 1_000
"""Less than this unheard is the tail of a word and the end's fade: nobody misses it."""
BREATH_MS = 200
"""Kept of a pause before the voice goes on: a breath, and the horn's switch-on is over."""
MAX_SIZE = 64_000_000
"""Bytes. What an order may name (docs/wire.md); an hour of music has 15 MB."""

FRAME = RATE_HZ // 50
"""Samples a packet: our encoder's 20 ms."""
FRAME_MS = 20
PREROLL = 4
"""Packets decoded unheard: the 80 ms in which a decoder converges (RFC 7845, section 4.6)."""
LOWER_BITS = 0b111
ONE_MONO_FRAME = 0b000
"""What these bits of a packet's first byte say in our clips (RFC 6716, section 3.1)."""
FRAMES_20MS = frozenset((1, 5, 9, 13, 15, 19, 23, 27, 31))
"""And the configurations in its upper bits whose frames last 20 ms."""
FIRST_MUSIC = 16
"""From this configuration on a packet has the music coder's part alone."""
SILENT_SIZE = 8
"""Bytes. The music coder says digital silence in three; the poorest sound takes twenty."""
HEAD, TAGS = b"OpusHead", b"OpusTags"
HEAD_SIZE = 19
PRE_SKIP = slice(10, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    """The pages of a clip of ours. Samples are counted as a decoder gives them, `pre_skip` included."""

    head: Page
    tags: Page
    pages: tuple[Page, ...]
    packets: Sequence[bytes]
    pre_skip: int

    @property
    def end(self) -> int:
        return self.pages[-1].granule


def rest_of(store: Store, clip: Clip, from_ms: int) -> Clip | None:
    """What is left of `clip` when it was cut `from_ms` after its beginning; kept in `store` when this returns.

    It begins in a pause at most `BACK_MS` before that moment, never after it. None when less than
    `LEAST_MS` was unheard; the clip itself, unread, when it had hardly begun. The same clip and moment give the same bytes.

    Loudness and true peak are the parent's: that of the whole, for nothing was made louder, and the highest it can be.
    Errors: AudioError with store.*, audio.damaged (other bytes than its name says), .truncated, .not-sound, .too-big;
    nothing is kept then. Any thread. Memory: five times the clip's size, 25 MB for half an hour.
    """
    if from_ms > clip.duration_ms - LEAST_MS:
        return None
    if from_ms <= BACK_MS:
        return clip
    sound = _sound(_read(store, clip.sha256))
    cut = (from_ms * RATE_HZ // 1000 + sound.pre_skip) // FRAME
    first = max(PREROLL, cut - BACK_MS // FRAME_MS + 1)
    if cut <= first or cut > len(sound.packets):
        raise AudioError("audio.damaged")  # the file is shorter than the clip says
    begin = first + opening([is_pause(packet) for packet in sound.packets[first:cut]])
    data = _from_packet(sound, begin)
    samples = sound.end - begin * FRAME
    return replace(
        clip,
        sha256=store.put_bytes(data),
        size=len(data),
        duration_ms=samples * 1000 // RATE_HZ,
        peaks=last_part(clip.peaks, samples / (sound.end - sound.pre_skip)),
    )


def opening(pauses: Sequence[bool]) -> int:
    """Where to begin among the packets before a cut, told which of them are in a pause: 0 <= it < their number.

    In the longest pause, the later of two alike: that is where a sentence ends. `BREATH_MS` before its end, or
    in its middle when it is short. Where nobody draws breath, as in music: with the first packet.
    """
    longest = end = length = 0
    for at, is_in_pause in enumerate(pauses, start=1):
        length = length + 1 if is_in_pause else 0
        if length and length >= longest:
            longest, end = length, at
    return end - min((longest + 1) // 2, BREATH_MS // FRAME_MS)


def is_pause(packet: bytes) -> bool:
    """Whether nobody speaks in a packet of ours, as its encoder judged.

    The voice coder's part begins with a bit that tells whether there is a voice (RFC 6716, section 4.2.3): it
    follows the recording's own noise, as a threshold could not. Music is coded without it, and silence in next to nothing.
    """
    if len(packet) < SILENT_SIZE:
        return True
    return packet[0] >> 3 < FIRST_MUSIC and not packet[1] & 0x80


def last_part(waveform: bytes, share: float) -> bytes:
    """The waveform of the last `share` (0..1) of a sound, in as many columns as that of the whole."""
    columns = len(waveform)
    return bytes(waveform[-1 - int(share * (columns - column - 0.5))] for column in range(columns))


def _read(store: Store, sha256: str) -> bytes:
    try:
        with store.open(sha256) as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise AudioError("store.failed", reason=error.strerror or type(error).__name__) from error
    if len(data) > MAX_SIZE:
        raise AudioError("audio.too-big", size=len(data), max_size=MAX_SIZE)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AudioError("audio.damaged")
    return data


def _sound(data: bytes) -> _Sound:
    """The clip in these bytes. Total: AudioError for what is not a file as `OpusWriter` makes it."""
    every = tuple(pages(data))
    starts = [page.packets[0][: len(HEAD)] if page.packets else b"" for page in every[:2]]
    if starts != [HEAD, TAGS]:
        raise AudioError("audio.not-sound")
    head, tags, *sounding = every
    packets = [packet for page in sounding for packet in page.packets]
    pre_skip = int.from_bytes(head.packets[0][PRE_SKIP], "little")
    if (
        len(head.packets[0]) != HEAD_SIZE
        or len({page.stream for page in every}) > 1
        or not all(map(_is_ours, packets))
        or not _granules_are_right(sounding)
        or pre_skip >= sounding[-1].granule
    ):
        raise AudioError("audio.not-sound")
    return _Sound(head=head, tags=tags, pages=tuple(sounding), packets=packets, pre_skip=pre_skip)


def _granules_are_right(sounding: Sequence[Page]) -> bool:
    """Each page's tells what its packets give; the last one may end within its last packet."""
    ends = list(accumulate(len(page.packets) * FRAME for page in sounding))
    granules = [page.granule for page in sounding]
    return bool(ends) and granules[:-1] == ends[:-1] and ends[-1] - FRAME < granules[-1] <= ends[-1]


def _is_ours(packet: bytes) -> bool:
    return len(packet) > 1 and packet[0] & LOWER_BITS == ONE_MONO_FRAME and packet[0] >> 3 in FRAMES_20MS


def _from_packet(sound: _Sound, begin: int) -> bytes:
    """The file whose first heard sample is the first of packet `begin`."""
    first, at = begin - PREROLL, 0
    kept: list[Page] = [_with_pre_skip(sound.head, PREROLL * FRAME), sound.tags]
    for page in sound.pages:
        packets = page.packets[max(0, first - at) :]
        at += len(page.packets)
        if packets:
            granule = page.granule - first * FRAME
            kept.append(replace(page, packets=packets, granule=granule, number=len(kept)))
    return b"".join(page.to_bytes() for page in kept)


def _with_pre_skip(head: Page, samples: int) -> Page:
    packet = bytearray(head.packets[0])
    packet[PRE_SKIP] = samples.to_bytes(2, "little")
    return replace(head, packets=(bytes(packet),))
