"""One loudspeaker on one pole, with a plug and a disk, as a process of its own; perhaps with one guard of its engine taken out.

    python -m tests.support.pole --provision FILE --home DIR --sound-log FILE --plug SOCKET [--fault redirect | --foreign MODULE]

It is the real engine of the fleet, in a fleet of one; or the node of another maker. `tests/support/plug.py` cuts and restores
its power and empties its disk. Each of `FAULTS` plants what a careless vendor might forget, and nothing else: the
conformance kit must find it, and only it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import aiohttp
from msgspec.structs import replace

from controller.protocol.messages import Answer
from firmware_bridge import intake, playlist
from firmware_bridge.events import Keep
from firmware_bridge.lifecycle import Phase
from firmware_bridge.papers import Papers
from firmware_bridge.reception import Reception
from simulator.cli import read_nodes
from simulator.fleet import Fleet, Settings
from simulator.player import Player

RETRY_MAX_S = 1.0
"""A test has no minute for a node to come back."""

NEVER_MS = 3_600_000


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def forget_hours() -> None:
    """It sounds at any hour."""
    for place in (intake, playlist):
        _wrap(place, "refusal", lambda real, *given: why if (why := real(*given)) != "hours" else "")


def forget_spent() -> None:
    """That an airing was spent is not on its disk."""
    nothing = Keep(key="nothing", value=None)
    _wrap(playlist, "keep_airing", lambda real, airing: nothing if airing.phase is Phase.SOUNDING else real(airing))


def forget_duration() -> None:
    """It plays a file to its end, whatever was said."""

    def whole(real: Any, self: Any, owner: Any, play: Any, start_ms: int) -> None:
        stage = self._stage
        length_ms = _length_ms(stage.path(play.sha256))
        real(self, owner, replace(play, duration_ms=max(play.duration_ms, length_ms)), start_ms)

    playlist.OVERRUN_MS = NEVER_MS
    _wrap(Player, "play", whole)


def forget_expiry() -> None:
    """Once it waits, an order never dies."""
    for place in (intake, playlist):
        _wrap(place, "last_begin_ms", lambda _real, item: item.start + item.grace)


def forget_life() -> None:
    """An answer to another memory is believed."""

    def believing(real: Any, self: Any, kid: str, message: Any, now_ms: int) -> bool:
        own = replace(message, life=self._door.life) if isinstance(message, Answer) else message
        return bool(real(self, kid, own, now_ms))

    _wrap(Reception, "_may", believing)


def forget_revoked() -> None:
    """A revoked key is as good as ever."""
    _wrap(Papers, "take_trust", lambda real, *given: real(*given[:-1], replace(given[-1], revoked=())))


def follow_redirects() -> None:
    """It fetches what a redirect points to."""
    _wrap(
        aiohttp.ClientSession, "get", lambda real, self, url, **options: real(self, url, **(options | {"allow_redirects": True}))
    )


FAULTS: dict[str, Callable[[], None]] = {
    "hours": forget_hours,
    "spent": forget_spent,
    "duration": forget_duration,
    "expiry": forget_expiry,
    "life": forget_life,
    "revoked": forget_revoked,
    "redirect": follow_redirects,
}


def _wrap(place: Any, name: str, instead: Callable[..., Any]) -> None:
    real = getattr(place, name)

    @wraps(real)
    def wrapped(*given: Any, **named: Any) -> Any:
        return instead(real, *given, **named)

    setattr(place, name, wrapped)


def _length_ms(clip: Path) -> int:
    """How long an Opus file is: the position that its last page tells (RFC 7845)."""
    data = clip.read_bytes()
    page = data.rindex(b"OggS")
    return int.from_bytes(data[page + 6 : page + 14], "little") // 48


# ── the pole ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Pole:
    """The node and its plug."""

    def __init__(self, provision: Path, home: Path, sound_log: Path) -> None:
        self._provisions = read_nodes(provision)
        broker = self._provisions[0].broker
        self._settings = Settings(home=home, broker=broker, retry_max_s=RETRY_MAX_S, sound_log=sound_log)
        self._fleet: Fleet | None = None

    async def on(self) -> None:
        """Give it power."""
        if self._fleet is None:
            self._fleet = Fleet(self._provisions, self._settings)
            await self._fleet.start()

    async def off(self) -> None:
        """Cut its power."""
        fleet, self._fleet = self._fleet, None
        if fleet is not None:
            await fleet.stop()

    async def wipe(self) -> None:
        """Empty its disk."""
        await self.off()
        shutil.rmtree(self._settings.home)


class ForeignPole:
    """A node of another maker, a process of its own, and its plug: to cut its power is to kill it."""

    def __init__(self, provision: Path, home: Path, sound_log: Path, module: str) -> None:
        self._home = home
        self._command = [sys.executable, "-m", module, "--provision", provision, "--home", home, "--sound-log", sound_log]
        self._node: asyncio.subprocess.Process | None = None

    async def on(self) -> None:
        """Give it power."""
        if self._node is None:
            self._node = await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.DEVNULL)

    async def off(self) -> None:
        """Cut its power."""
        node, self._node = self._node, None
        if node is not None:
            node.kill()
            await node.wait()

    async def wipe(self) -> None:
        """Empty its disk."""
        await self.off()
        shutil.rmtree(self._home)


async def serve(pole: Pole | ForeignPole, plug: Path) -> None:
    """Live until SIGTERM."""

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        word = (await reader.readline()).decode().strip()
        await {"on": pole.on, "off": pole.off, "wipe": pole.wipe}[word]()
        writer.write(b"done\n")
        await writer.drain()
        writer.close()

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_unix_server(obey, plug)
    await pole.on()
    await stop.wait()
    server.close()
    await pole.off()


def main() -> None:
    """Plant the fault, and go."""
    parser = argparse.ArgumentParser()
    for name in ("provision", "home", "sound-log", "plug"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--fault", choices=FAULTS)
    parser.add_argument("--foreign", metavar="MODULE", help="a node of another maker, instead of ours")
    options = parser.parse_args()
    logging.getLogger("gmqtt").setLevel(logging.ERROR)
    if options.fault:
        FAULTS[options.fault]()
    given = (options.provision, options.home, options.sound_log)
    asyncio.run(serve(ForeignPole(*given, options.foreign) if options.foreign else Pole(*given), options.plug))


if __name__ == "__main__":
    main()
