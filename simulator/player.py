"""The sound card of simulated nodes: it takes the time that sound takes, and says so. One object a node; most stay empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from firmware_bridge import events as ev
from scheduler.clock import Clock
from simulator.faults import Faults
from simulator.horn import TICK_MS, Horn
from simulator.timers import Timers

End = Literal["whole", "silenced", "power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounded:
    """A node began to sound something, or ended (`end`: how). UTC ms; `whole` has lasted `duration_ms`."""

    node: str
    airing: str
    sha256: str
    at_utc_ms: int
    end: End | None = None


class Owner(Protocol):
    """The node that a player belongs to."""

    id: str

    @property
    def faults(self) -> Faults:
        """What is wrong with it now."""
        ...

    def feed(self, event: ev.Event) -> None:
        """Tell its engine."""
        ...

    def power_cut(self) -> None:
        """Its power goes."""
        ...


@dataclass(slots=True, kw_only=True)
class Stage:
    """What all players of a fleet share. `decode` opens a clip as int16 mono 48 kHz; `back` brings power back to a node.

    `utc_offset_ms` is UTC minus the fleet's monotonic clock, taken once: logs and WAVs of one run agree to the sample.
    """

    clock: Clock
    utc_offset_ms: int
    timers: Timers
    path: Callable[[str], Path]
    decode: Callable[[Path], Iterator[Any]]
    on_sound: Callable[[Sounded], None]
    back: Callable[[str], None]
    heard: bool
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Sound:
    play: ev.Play
    start_ms: int  # of the fleet's clock
    sounding: bool = False

    @property
    def due_ms(self) -> int:
        """When the next thing happens to it: it begins, or it ends."""
        return self.start_ms + self.play.duration_ms if self.sounding else self.start_ms


class Player:
    """Plays what its node's engine asks for, and writes it to `horn` if there is one.

    A sound card keeps time while its computer is busy, and so must this one while 9,000 nodes share a processor: who feeds
    the engine calls `catch_up` first if `due_ms` has passed, so that no engine sees a late timer as a broken player.
    """

    __slots__ = ("_is_catching_up", "_sounds", "_stage", "due_ms", "horn")

    def __init__(self, stage: Stage, horn: Horn | None = None) -> None:
        self._stage = stage
        self._sounds: dict[str, _Sound] | None = None
        self._is_catching_up = False
        self.due_ms: int | None = None
        self.horn = horn

    def play(self, owner: Owner, play: ev.Play, start_ms: int) -> None:
        """Sound it from `start_ms` of the fleet's clock on, or from now if that has passed."""
        sound = _Sound(play, max(start_ms, self._stage.clock.monotonic_ms()))
        self._sounds = self._sounds or {}
        self._sounds[play.airing] = sound
        self._stage.timers.at(sound.start_ms, lambda: self.catch_up(owner))
        self._look()

    def silence(self, owner: Owner, airing: str) -> None:
        """Stop it now, whether it sounds or waits; the engine, who asked for it, is told nothing."""
        sound = self._taken(airing)
        if sound is not None and sound.sounding:
            self._ended(owner.id, sound, "silenced", self._stage.clock.monotonic_ms())

    def cut(self, node: str) -> None:
        """The power is gone: nothing sounds, nobody is told."""
        sounds, self._sounds, self.due_ms = self._sounds, None, None
        for sound in (sounds or {}).values():
            if sound.sounding:
                self._ended(node, sound, "power", self._stage.clock.monotonic_ms())

    def catch_up(self, owner: Owner) -> None:
        """Begin and end, in their order, whatever is due by now."""
        if self._is_catching_up:
            return  # an engine is being told: its turn ends before the next begins
        self._is_catching_up = True
        now_ms = self._stage.clock.monotonic_ms()
        while self._sounds and self.due_ms is not None and self.due_ms <= now_ms:
            sound = min(self._sounds.values(), key=lambda one: one.due_ms)
            if sound.sounding:
                self._end(owner, sound)
            else:
                self._start(owner, sound)
        self._is_catching_up = False

    def _start(self, owner: Owner, sound: _Sound) -> None:
        stage, play = self._stage, sound.play
        sound.sounding = True
        self._look()
        stage.counts["sounding"] += 1
        stage.counts["sounds_started"] += 1
        if self.horn is not None:
            self.horn.play(stage.decode(stage.path(play.sha256)), sound.start_ms, play.gain)
            self._tick(sound)
        self._tell(owner.id, sound, sound.start_ms, None)
        stage.timers.at(sound.due_ms, lambda: self.catch_up(owner))
        if owner.faults.cut_in_sound:
            stage.timers.at(sound.start_ms + play.duration_ms // 2, lambda: self._cut_in_sound(owner, sound))
        owner.feed(ev.SoundStarted(airing=play.airing))

    def _end(self, owner: Owner, sound: _Sound) -> None:
        self._taken(sound.play.airing)
        self._ended(owner.id, sound, "whole", sound.due_ms)
        heard = not owner.faults.dead_horn if self._stage.heard else None
        owner.feed(ev.SoundEnded(airing=sound.play.airing, heard=heard))

    def _ended(self, node: str, sound: _Sound, how: End, at_ms: int) -> None:
        self._stage.counts["sounding"] -= 1
        self._stage.counts[f"sounds_{how}"] += 1
        if self.horn is not None:
            self.horn.silence(at_ms)
        self._tell(node, sound, at_ms, how)

    def _tell(self, node: str, sound: _Sound, at_ms: int, how: End | None) -> None:
        at_utc_ms = self._stage.utc_offset_ms + at_ms
        airing, sha256 = sound.play.airing, sound.play.sha256
        self._stage.on_sound(Sounded(node=node, airing=airing, sha256=sha256, at_utc_ms=at_utc_ms, end=how))

    def _cut_in_sound(self, owner: Owner, sound: _Sound) -> None:
        if self._is_wanted(sound):
            owner.power_cut()
            self._stage.back(owner.id)

    def _tick(self, sound: _Sound) -> None:
        if self._is_wanted(sound) and self.horn is not None:
            self.horn.sound_until(min(sound.due_ms, self._stage.clock.monotonic_ms()))
            self._stage.timers.after(TICK_MS, lambda: self._tick(sound))

    def _is_wanted(self, sound: _Sound) -> bool:
        return self._sounds is not None and self._sounds.get(sound.play.airing) is sound

    def _taken(self, airing: str) -> _Sound | None:
        sound = self._sounds.pop(airing, None) if self._sounds else None
        self._sounds = self._sounds or None
        self._look()
        return sound

    def _look(self) -> None:
        self.due_ms = min((sound.due_ms for sound in self._sounds.values()), default=None) if self._sounds else None
