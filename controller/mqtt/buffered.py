"""A socket that reads and writes in large pieces, between paho and the kernel.

paho asks for one byte, then a length, then a payload, and sends each packet by itself. Every such call gives the
interpreter to another thread, and while that one computes each return costs up to 5 ms: 9,000 receipts then take seconds.
One `recv` for a hundred messages takes that away; it also makes the link faster than paho alone.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

READ = 65_536
"""Bytes asked of the kernel at once: a hundred receipts."""

UNSENT = 1 << 20
"""Bytes that may wait to be written: beyond it paho is told to wait. A thousand orders."""


class BufferedSocket:
    """What paho calls a SocketLike, over a connected, non-blocking socket. For one thread."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._at = 0
        self._unsent = bytearray()

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; b"" when the other side is gone; BlockingIOError when there are none now."""
        if self._at >= len(self._read):
            self._read, self._at = self._recv(), 0
        piece = self._read[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def send(self, data: bytes | bytearray) -> int:
        """Take `data` to be written by `flush`; BlockingIOError when too much waits already."""
        if len(self._unsent) > UNSENT:
            self.flush()
            if len(self._unsent) > UNSENT:
                raise BlockingIOError
        self._unsent += data
        return len(data)

    def flush(self) -> None:
        """Write what the kernel takes; OSError when the other side is gone."""
        while self._unsent:
            try:
                sent = self._sock.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            del self._unsent[:sent]

    @property
    def has_read(self) -> bool:
        """Is there something read that nobody took yet?"""
        return self._at < len(self._read)

    @property
    def has_unsent(self) -> bool:
        """Does something wait to be written?"""
        return bool(self._unsent)

    def setblocking(self, flag: bool) -> None:
        """As a socket's."""
        self._sock.setblocking(flag)

    def fileno(self) -> int:
        """As a socket's."""
        return self._sock.fileno()

    def close(self) -> None:
        """Write what the kernel takes (paho closes right behind its DISCONNECT), then close."""
        with suppress(OSError):
            self.flush()
        self._sock.close()

    def _recv(self) -> bytes:
        try:
            return self._sock.recv(READ)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
