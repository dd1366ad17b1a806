"""What one node's horn does in virtual time: it takes the time that sound takes, and the witness sees it."""

from __future__ import annotations

from collections.abc import Callable

from firmware_bridge import events as ev
from simulator.world.loop import Loop
from simulator.world.witness import Witness


class Horn:
    """Sounds one thing at a time; `feed` is told of its first and its last sample."""

    __slots__ = ("_feed", "_is_sounding", "_loop", "_node", "_play", "_witness")

    def __init__(self, node: int, loop: Loop, witness: Witness, feed: Callable[[ev.Event], None]) -> None:
        self._node = node
        self._loop = loop
        self._witness = witness
        self._feed = feed
        self._play: ev.Play | None = None
        self._is_sounding = False

    def play(self, play: ev.Play, from_ms: int) -> None:
        """Sound this from a moment (UTC ms) on, or from now if that has passed."""
        self.silence()
        self._play = play
        self._loop.at(from_ms, self._begin, play)

    def silence(self) -> None:
        """Stop, whether it sounds or waits; nobody is told but the witness."""
        if self._is_sounding:
            self._witness.ends(self._node, self._loop.now_ms)
        self._play, self._is_sounding = None, False

    def _begin(self, play: ev.Play) -> None:
        if self._play is play:
            now_ms = self._loop.now_ms
            self._is_sounding = True
            self._witness.begins(self._node, play.airing, now_ms)
            self._loop.at(now_ms + play.duration_ms, self._end, play)
            self._feed(ev.SoundStarted(airing=play.airing))

    def _end(self, play: ev.Play) -> None:
        if self._play is play:
            self.silence()
            self._feed(ev.SoundEnded(airing=play.airing, heard=True))
