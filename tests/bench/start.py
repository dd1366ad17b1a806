"""start: from the command `tienglang serve` to the first answer of /healthz, on a database that is there. Floor: Python itself.

The floor is an interpreter that imports the web framework and the database library and ends: what nobody can be faster than.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests.support.stack import BIN, Controller

ROUNDS = 3
BAR_S = 3.0


def run() -> list[dict[str, Any]]:
    """The figure, best of 3."""
    with tempfile.TemporaryDirectory(prefix="tl-start-") as folder:
        controller = Controller(Path(folder))
        controller.start()
        controller.call("POST", "/demo")
        controller.stop()
        value = min(_answered(controller) for _ in range(ROUNDS))
    floor = min(_imported() for _ in range(ROUNDS))
    return [
        {
            "name": "start",
            "value": round(value, 2),
            "unit": "s",
            "floor": round(floor, 2),
            "ratio": round(value / floor, 2),
            "bar": f"<= {BAR_S} s",
            "holds": value <= BAR_S,
        }
    ]


def _answered(controller: Controller) -> float:
    """Seconds until /healthz says yes; the server is ended again."""
    began = time.monotonic()
    server = subprocess.Popen(
        [BIN / "tienglang", "serve"], env=controller.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.monotonic() - began < 10 * BAR_S:
            try:
                if httpx.get(f"{controller.url}/healthz", timeout=1).json()["ok"]:
                    return time.monotonic() - began
            except httpx.TransportError:
                time.sleep(0.01)
        raise TimeoutError
    finally:
        server.terminate()
        server.wait()


def _imported() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import fastapi, sqlalchemy, alembic.command"], check=True)
    return time.monotonic() - began
