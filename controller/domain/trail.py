"""The trail: who did what, where, when. Each line is chained to the one before it, so that no edit passes unnoticed. Pure.

    mac(n) = HMAC-SHA256(key, mac(n-1) + line n as JSON)       mac(0) is empty

The key is derived from the controller's master key and is not in the database: whoever may write there, its administrator too,
can't make a chain that holds. A tail that was cut off is found by whoever noted the last line's number and mac.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

import msgspec
from msgspec import Struct


class Line(Struct, frozen=True, kw_only=True):
    """One deed, done. `units`: where; `subject`: what it was done to; `detail`: JSON, what a reader wants to know of it."""

    number: int
    at_ms: int
    by: str
    name: str
    deed: str
    units: tuple[str, ...]
    subject: str
    detail: str


class Chained(Struct, frozen=True, kw_only=True):
    """A line with what chains it to all before it (64 hex digits)."""

    line: Line
    mac: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What was found: `lines` hold, the last of them with `mac`; `broken` is the first number that does not, or is missing."""

    lines: int
    mac: str
    broken: int | None


def chain(key: bytes, before: str, line: Line) -> str:
    """The mac of a line that follows the one whose mac is `before` (empty: it is the first)."""
    return hmac.new(key, before.encode() + msgspec.json.encode(line), "sha256").hexdigest()


def verify(key: bytes, chained: Iterable[Chained]) -> Verdict:
    """Look at the whole chain, the first line first."""
    lines, before = 0, ""
    for each in chained:
        if each.line.number != lines + 1 or not hmac.compare_digest(chain(key, before, each.line).encode(), each.mac.encode()):
            return Verdict(lines=lines, mac=before, broken=lines + 1)
        lines, before = lines + 1, each.mac
    return Verdict(lines=lines, mac=before, broken=None)
