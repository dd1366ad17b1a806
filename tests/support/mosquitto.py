"""A real Mosquitto; see `broker.py`.

`DEFAULTS` leaves Mosquitto's own queue limits as they are: they lose messages silently, which is what must not hurt us.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import IO

from tests.support.broker import Broker, program

DEFAULTS = "allow_anonymous true\npersistence false\nset_tcp_nodelay true\n"


class Mosquitto(Broker):
    """One broker; `config` is what goes into its file beside the listener and the log."""

    name = "mosquitto"
    start_s = 15

    def __init__(self, config: str = DEFAULTS, port: int | None = None) -> None:
        super().__init__(port)
        self._config = config

    def _launch(self, folder: Path, log: IO[bytes]) -> list[subprocess.Popen[bytes]]:
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\n{self._config}\nlog_dest stderr\n")
        # Debian puts it in sbin, which is not on everybody's PATH.
        command = [program("mosquitto", "/usr/sbin:/usr/local/sbin", ""), "-c", config]
        return [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)]
