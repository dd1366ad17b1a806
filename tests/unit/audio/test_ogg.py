"""Pages as another's muxer writes them, byte for byte; and no byte of them may change unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.encode import OpusWriter
from audio.errors import AudioError
from audio.ogg import LAST, Page, pages
from tests.unit.audio import sounds

PAGES = st.builds(
    Page,
    flags=st.just(LAST),
    granule=st.integers(-1, 2**63 - 1),
    stream=st.integers(0, 2**32 - 1),
    number=st.integers(0, 2**32 - 1),
    packets=st.lists(st.binary(max_size=1_000), max_size=50).map(tuple),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds by FFmpeg's muxer."""
    path = tmp_path_factory.mktemp("ogg") / "three"
    with OpusWriter(path, kind="music", bit_rate_bps=32_000) as writer:
        writer.write(sounds.tone(3))
    return path.read_bytes()


def code(data: bytes) -> str:
    with pytest.raises(AudioError) as refused:
        list(pages(data))
    return refused.value.code


def test_what_ffmpeg_wrote_is_read_and_written_alike(written: bytes) -> None:
    """Its checksums too, which are not ours."""
    read = list(pages(written))
    assert [page.packets[0][:8] for page in read[:2]] == [b"OpusHead", b"OpusTags"]
    assert b"".join(page.to_bytes() for page in read) == written


@given(PAGES)
def test_a_page_comes_back(page: Page) -> None:
    """Empty packets, and those of exactly 255 bytes, included."""
    assert list(pages(page.to_bytes())) == [page]


def test_a_page_holds_what_its_table_can_say() -> None:
    """255 segments of 255 bytes, no more."""
    page = Page(flags=LAST, granule=0, stream=0, number=0, packets=(bytes(255 * 254),))
    assert list(pages(page.to_bytes())) == [page]
    with pytest.raises(ValueError, match="too many"):
        Page(flags=LAST, granule=0, stream=0, number=0, packets=(bytes(255 * 255),)).to_bytes()


def test_no_changed_byte_goes_unseen(written: bytes) -> None:
    """Anywhere: in a header, a table, the sound."""
    for at in range(0, len(written), 7):
        changed = bytearray(written)
        changed[at] ^= 0x10
        assert code(bytes(changed)) in {"audio.damaged", "audio.truncated"}


def test_a_file_that_breaks_off_is_told(written: bytes) -> None:
    """At any byte, a page's end and the very beginning included."""
    end_of_first = len(next(pages(written)).to_bytes())
    for size in (0, 10, end_of_first, *range(end_of_first + 1, len(written), 101), len(written) - 1):
        assert code(written[:size]) == "audio.truncated"


@given(st.binary(max_size=200))
def test_any_bytes_are_pages_or_a_reason(data: bytes) -> None:
    """Total: nothing but AudioError."""
    assert code(data) in {"audio.damaged", "audio.truncated"}
    assert code(b"OggS\0" + data) in {"audio.damaged", "audio.truncated"}


def test_a_packet_that_goes_on_over_a_page_is_refused() -> None:
    """Ours never do: half a packet must not pass for one."""
    page = Page(flags=LAST | 1, granule=0, stream=0, number=0, packets=(b"x",))
    assert code(page.to_bytes()) == "audio.damaged"
