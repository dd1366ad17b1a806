"""Fifty open pages of one airing: when did each of them know what the database knows?"""

from __future__ import annotations

import asyncio
import threading
import time

import httpx

PAGES = 50
TAIL = 64
"""Bytes kept from one piece of a stream to the next: what is looked for may be torn."""


class Watchers:
    """Streams of an airing's ledger, read as browsers read them. `seen`: for each page, when it had been told `wanted`."""

    def __init__(self, url: str, token: str, airing: str, wanted: bytes) -> None:
        self.seen: list[float] = []
        self._url = f"{url}/api/v1/airings/{airing}/events"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._wanted = wanted
        self._ready = threading.Semaphore(0)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()), name="watchers")
        self._thread.start()
        for _ in range(PAGES):
            self._ready.acquire(timeout=60)

    def wait(self) -> list[float]:
        """The moments (monotonic), once every page knows."""
        self._thread.join(timeout=180)
        return self.seen

    async def _watch(self) -> None:
        limits = httpx.Limits(max_connections=PAGES)
        async with httpx.AsyncClient(headers=self._headers, limits=limits, timeout=180) as client:
            await asyncio.gather(*(self._one(client) for _ in range(PAGES)))

    async def _one(self, client: httpx.AsyncClient) -> None:
        async with client.stream("GET", self._url) as answer:
            tail, is_open = b"", False
            async for piece in answer.aiter_raw():
                if not is_open:
                    self._ready.release()
                    is_open = True
                if self._wanted in tail + piece:
                    self.seen.append(time.monotonic())
                    return
                tail = (tail + piece)[-TAIL:]
