"""Short pieces are cut, joined and faded to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio import edit
from audio.decode import decode
from audio.errors import AudioError

PIECE = np.full(4_800, 1_000, np.int16)


def test_joined_pieces_have_a_pause_between_them_only() -> None:
    """100 ms, 50 ms of silence, 100 ms."""
    whole = edit.join([PIECE, PIECE], pause_ms=50)
    assert len(whole) == 12_000
    assert (whole[:4_800] == 1_000).all()
    assert (whole[4_800:7_200] == 0).all()
    assert (whole[7_200:] == 1_000).all()
    assert len(edit.join([])) == 0


def test_trim_keeps_what_lies_between() -> None:
    """From 10 to 30 ms; beyond the end there is nothing."""
    ramp = np.arange(4_800, dtype=np.int16)
    assert (edit.trim(ramp, start_ms=10, end_ms=30) == ramp[480:1_440]).all()
    assert (edit.trim(ramp, start_ms=90) == ramp[4_320:]).all()
    assert len(edit.trim(ramp, start_ms=500)) == 0


def test_a_faded_piece_begins_and_ends_in_silence() -> None:
    """Full level in the middle, and the piece given is unchanged."""
    faded = edit.fade(PIECE, in_ms=20, out_ms=20)
    assert abs(int(faded[0])) <= 1
    assert faded[2_400] == 1_000
    assert abs(int(faded[-1])) <= 50
    assert (PIECE == 1_000).all()


def test_more_than_five_minutes_is_not_an_edit() -> None:
    """Refused before memory is taken for it."""
    minute = np.zeros(48_000 * 60, np.int16)
    with pytest.raises(AudioError) as refused:
        edit.join([minute] * 5, pause_ms=1)
    assert refused.value.code == "audio.joined-too-long"


def test_a_saved_piece_is_read_back(tmp_path: Path) -> None:
    """Through a WAV file, the way into `prepare`."""
    edit.save_wav(PIECE, tmp_path / "piece.wav")
    assert (np.concatenate(list(decode(tmp_path / "piece.wav"))) == PIECE).mean() > 0.99
