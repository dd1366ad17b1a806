"""Why a sound was refused: one base, a stable code, the fields of its sentence. Pure."""

from __future__ import annotations

from typing import Final

Field = int | float | str

CODES: Final[frozenset[str]] = frozenset(
    {
        "audio.missing",  # there is no such file
        "audio.empty",  # a file of zero bytes, or a track of zero samples
        "audio.picture",  # an image, whatever its name says
        "audio.not-sound",  # nothing in it that can be heard
        "audio.truncated",  # the file stops before its own announced end
        "audio.damaged",  # too much of it cannot be decoded
        "audio.silent",  # silence, or so quiet that only noise would be raised
        "audio.too-short",
        "audio.too-long",
        "audio.too-big",
        "audio.unlevel",  # no setting meets loudness and true peak together
        "audio.cancelled",
        "audio.joined-too-long",  # pieces to be edited are longer than an edit may be
        "audio.crashed",  # the worker process died
        "audio.timeout",  # the worker process took longer than it was given
        "store.full",  # no room left on the disk
        "store.name",  # not the SHA-256 of anything
        "store.missing",  # nothing is kept under that name
        "store.failed",  # the disk refused for another reason
    }
)


class AudioError(Exception):
    """A refusal of the audio folder.

    `code` is one of `CODES` and never changes meaning; `fields` are what its sentence needs
    (units in the names). Sentences are made at the edge, from `audio.sentences`.
    """

    def __init__(self, code: str, **fields: Field) -> None:
        if code not in CODES:
            raise ValueError(f"unknown audio error code: {code}")
        super().__init__(code, fields)
        self.code = code
        self.fields: dict[str, Field] = fields

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in sorted(self.fields.items()))
        return f"{self.code} ({told})" if told else self.code
