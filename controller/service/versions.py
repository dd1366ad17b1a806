"""Versions of documents: they only rise, also over a restored database (rule 6 of the contract)."""

from __future__ import annotations


def next_version(previous: int, now_ms: int, reported: int = 0) -> int:
    """A version above ours, above any that a node reported, and at least the present in UTC ms."""
    return max(previous + 1, now_ms, reported + 1)
