"""Versions of documents: they only rise, also over a restored database (rule 6 of the contract)."""

from __future__ import annotations

FARTHEST_MS = 366 * 86_400_000
"""A version a year ahead of our clock is no memory of a better clock: the node is broken or stolen, and is not followed."""


def believable(reported: int, now_ms: int) -> int:
    """The version that a node reports, 0 if it can't be one of ours: else one stolen node could drive a village's to the end."""
    return reported if reported <= now_ms + FARTHEST_MS else 0


def next_version(previous: int, now_ms: int, reported: int = 0) -> int:
    """A version above ours, above any that a node reported, and at least the present in UTC ms."""
    return max(previous + 1, now_ms, reported + 1)
