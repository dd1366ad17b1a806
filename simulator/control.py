"""The fleet's control channel, for tests and the demo: one JSON object a line on a unix socket, one line back for each.

    {"stats": true}                                             {"ok": true, "stats": {...}}
    {"fault": "offline", "nodes": "10%", "on": true}            {"ok": true, "nodes": ["na-khoang-02", ...]}
    {"fault": "slow_fetch", "nodes": ["a"], "value": 500}
    {"power_cut": ["a", "b"], "after_s": 2}
    {"state": true}                                             {"ok": true, "state": {"a": {"on": true, "connected": true}, ...}}
    {"stop": true}

Nodes are a list of ids, or "all", "10%", "a,b". What is wrong is answered {"ok": false, "error": "..."} and changes nothing.
Only this machine's users who may open the socket's file can speak here.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from simulator import faults
from simulator.fleet import Fleet

MAX_LINE = 1_048_576
"""Bytes of one command: 20,000 node ids."""

ANSWER_S = 120.0
"""How long `ask` waits: a fleet in the middle of 9,000 messages on a busy machine answers late, not never."""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line. Exactly one of stats, state, stop, fault, power_cut is given."""

    stats: bool = False
    state: bool = False
    stop: bool = False
    fault: str | None = None
    power_cut: list[str] | str | None = None
    nodes: list[str] | str = []
    on: bool = True
    value: int | None = None
    after_s: float | None = None


class Control:
    """Serves the channel of one fleet in the fleet's loop; `stop` is called when a stop is asked for."""

    def __init__(self, fleet: Fleet, path: Path, stop: Callable[[], None], seed: int = 0) -> None:
        self._fleet = fleet
        self._path = path
        self._stop = stop
        self._seed = seed
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Control:
        self._path.unlink(missing_ok=True)  # a killed fleet leaves it behind
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_LINE)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._path.unlink(missing_ok=True)

    def obey(self, line: bytes) -> dict[str, Any]:
        """Do what one line says; the answer."""
        try:
            return {"ok": True, **self._obey(msgspec.json.decode(line, type=Command))}
        except KeyError as error:
            return {"ok": False, "error": f"no such node: {error}"}
        except ValueError as error:  # msgspec's errors are ValueErrors too
            return {"ok": False, "error": str(error)}

    def _obey(self, command: Command) -> dict[str, Any]:
        fleet = self._fleet
        if command.stats:
            return {"stats": fleet.stats()}
        if command.state:
            return {"state": {node.id: {"on": node.is_on, "connected": node.is_connected} for node in fleet.nodes.values()}}
        if command.stop:
            self._stop()
            return {}
        if command.fault is not None:
            nodes = self._chosen(command.nodes, command.fault)
            fleet.fault(command.fault, nodes, command.on, command.value)
            return {"nodes": nodes}
        if command.power_cut is not None:
            nodes = self._chosen(command.power_cut, "power_cut")
            fleet.power_cut(nodes, command.after_s)
            return {"nodes": nodes}
        raise ValueError("nothing is asked: stats, state, stop, fault or power_cut")

    def _chosen(self, who: list[str] | str, what: str) -> tuple[str, ...]:
        spec = who if isinstance(who, str) else ",".join(who)
        return faults.chosen(spec, tuple(self._fleet.nodes), f"{self._seed}/{what}")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.obey(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the other end left, or sent a line over MAX_LINE
        finally:
            writer.close()


def ask(path: Path, **command: object) -> dict[str, Any]:
    """Send one command to the fleet that listens at `path` and return its answer. Blocks; OSError if nobody is there."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(ANSWER_S)
        channel.connect(str(path))
        channel.sendall(json.dumps(command).encode() + b"\n")
        answer: dict[str, Any] = json.loads(channel.makefile("rb").readline())
    return answer
