"""A node: one loudspeaker cluster (cụm loa) on a pole: an amplifier, a small computer, one to four horns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One cluster as the controller knows it.

    `generation` counts its keys (retiring a key is generation + 1). `since_ms` is when it came to this village: it obeys
    nothing issued to a unit before that.
    """

    id: str
    village: str
    name: str
    generation: int
    since_ms: int
    retired_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Presence:
    """Orders a node's words about itself: a smaller one is stale. `life` changes only with an emptied memory."""

    boot: int
    connection: int
    counter: int
