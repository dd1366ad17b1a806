"""Every code has a sentence in both languages, whatever fields came with it."""

from __future__ import annotations

import pytest

from audio.errors import CODES, AudioError
from audio.sentences import SENTENCES, sentence


def test_every_code_has_its_sentences_and_no_other() -> None:
    """The two tables cannot drift apart."""
    assert set(SENTENCES) == CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_sentence_stands_without_its_fields(code: str) -> None:
    """A crash report that lost its fields is still a sentence."""
    assert sentence(AudioError(code), "vi").endswith(".")
    assert sentence(AudioError(code), "en").endswith(".")


def test_fields_are_told_in_the_readers_units() -> None:
    """Milliseconds become minutes, bytes become MB."""
    assert sentence(AudioError("audio.too-long", max_duration_ms=3_600_000), "vi") == "Âm thanh dài quá 60 phút."
    assert sentence(AudioError("audio.too-big", size=1, max_size=300_000_000), "en").endswith("300 MB.")


def test_an_unknown_code_is_our_own_mistake() -> None:
    """A typo is found where it is made."""
    with pytest.raises(ValueError, match="unknown"):
        AudioError("audio.typo")


def test_an_error_reads_well_in_a_log() -> None:
    """Code and fields, in one order."""
    assert str(AudioError("audio.silent", loudness_lufs=-70.0)) == "audio.silent (loudness_lufs=-70.0)"
