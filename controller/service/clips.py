"""Prepared sounds between the folder that makes them and the database that knows them. Pure."""

from __future__ import annotations

from audio.clip import Clip
from controller.service.ports import ClipRow

PASSING = frozenset({"store.full", "store.failed"})
"""What is wrong with the disk, not with the sound: it is tried again."""


def row_of(clip: Clip, now_ms: int) -> ClipRow:
    """A sound that was made just now, as it is kept."""
    return ClipRow(
        sha256=clip.sha256,
        size=clip.size,
        duration_ms=clip.duration_ms,
        kind=clip.kind,
        loudness_lufs=clip.loudness_lufs,
        true_peak_dbtp=clip.true_peak_dbtp,
        peaks=bytes(clip.peaks),
        created_ms=now_ms,
    )


def clip_of(row: ClipRow) -> Clip:
    """A sound that is kept, as it was made."""
    return Clip(
        sha256=row.sha256,
        size=row.size,
        duration_ms=row.duration_ms,
        kind="music" if row.kind == "music" else "speech",
        loudness_lufs=row.loudness_lufs,
        true_peak_dbtp=row.true_peak_dbtp,
        peaks=row.peaks,
    )
