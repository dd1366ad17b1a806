"""Why a rule was refused: one base, a stable code, the fields of its sentence. Pure."""

from __future__ import annotations

from typing import Final

CODES: Final[frozenset[str]] = frozenset(
    {
        "programme.changes",  # more single days that differ than a programme may have
        "programme.class",  # a class that is not planned
        "programme.length",  # no length, or one that nobody listens to
        "programme.onto",  # a turn put off for too long, or without the minute at which it sounds instead
        "programme.segments",  # no segment, or too many
        "rule.empty",  # chooses no minute, or no day of its week or month
        "rule.exceptions",  # more skips and pauses than a rule may have
        "rule.interval",  # every 0th, or so rare that it is a slip of the finger
        "rule.minute",  # not a minute of a day
        "rule.monthday",  # not a day of a month
        "rule.never",  # no occurrence: 30 February, an end before the start, every day paused
        "rule.nth",  # not a place of a weekday in a month
        "rule.pause",  # a pause that ends before it begins
        "rule.stray",  # says what this kind of rule does not use
        "rule.too-often",  # more starts a day than anybody means
        "rule.weekday",  # not a day of a week
        "segment.backwards",  # begins exactly at a moment that is not after the one before it
        "segment.empty",  # says nothing
        "segment.length",  # a length, a wait or an offset that is none
        "segment.relay-moves",  # a station's stream can't be heard later
    }
)


class ScheduleError(Exception):
    """A refusal of the scheduler folder.

    `code` is one of `CODES` and never changes meaning; `fields` are what its sentence needs (`scheduler.sentences`).
    """

    def __init__(self, code: str, **fields: object) -> None:
        if code not in CODES:
            raise ValueError(f"unknown schedule error code: {code}")
        super().__init__(code, fields)
        self.code = code
        self.fields = fields

    def __str__(self) -> str:
        return self.code + "".join(f" {name}={value}" for name, value in self.fields.items())
