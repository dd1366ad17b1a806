"""A hand on the plug of `tests.support.pole`: `python tests/support/plug.py SOCKET off|on|wipe`. Returns when it is done."""

from __future__ import annotations

import socket
import sys


def main(path: str, word: str) -> int:
    """Say it; 0 once it is done."""
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(path)
        channel.sendall(word.encode() + b"\n")
        return 0 if channel.makefile("rb").readline() == b"done\n" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
