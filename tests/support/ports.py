"""Free ports for servers that tests start, and waiting until one listens."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable

# Below 32768, where Linux begins to give ports to outgoing connections: a fleet of thousands must not take ours.
_FIRST, _COUNT = 15_000, 16_000
# Each process walks on from a place of its own, so parallel workers seldom meet.
_walk = itertools.count(os.getpid() * 137)


def free_port(host: str = "127.0.0.1") -> int:
    """A port nothing listens on now, and which this process has not been given lately."""
    for step in itertools.islice(_walk, _COUNT):
        port = _FIRST + step % _COUNT
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT will do
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"no free port on {host}")


def wait_until_listening(port: int, still_alive: Callable[[], bool], host: str = "127.0.0.1", timeout_s: float = 15) -> None:
    """Return once host:port takes connections; RuntimeError when whoever should listen dies or takes too long."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            with socket.create_connection((host, port), timeout=1):
                return
        except OSError:
            if not still_alive():
                raise RuntimeError(f"it ended before listening on {host}:{port}") from None
            if time.monotonic() > end:
                raise RuntimeError(f"nothing listens on {host}:{port} after {timeout_s} s") from None
            time.sleep(0.02)
