"""A real Mosquitto on 127.0.0.1, started and stopped by its own process.

    with Mosquitto() as broker:                      # or the fixture `mosquitto`
        connect(broker.url)                          # mqtt://127.0.0.1:port
        broker.kill(); broker.start()                # a power cut: same port, empty memory

`DEFAULTS` leaves Mosquitto's own queue limits as they are: they lose messages silently, which is what must not hurt us.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port, wait_until_listening

DEFAULTS = "allow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
_STOP_S = 10


class Mosquitto:
    """One broker; `config` is what goes into its file beside the listener and the log."""

    def __init__(self, config: str = DEFAULTS, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._config = config
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running broker's process id."""
        assert self._process is not None, "the broker is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written so far, over all its starts."""
        path = self._folder and self._folder / "log"
        return path.read_text(errors="replace") if path and path.exists() else ""

    def start(self) -> None:
        """Start and wait until it listens."""
        assert self._process is None, "the broker is running"
        folder = self._folder = self._folder or Path(tempfile.mkdtemp(prefix="tl-mosquitto-"))
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\n{self._config}\nlog_dest stderr\n")
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen([_program(), "-c", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process = self._process
        try:
            wait_until_listening(self.port, lambda: process.poll() is None)
        except RuntimeError as error:
            story = self.log
            self.kill()
            self._forget()
            raise RuntimeError(f"mosquitto: {error}\n{story}") from None

    def stop(self) -> None:
        """Ask it to end, as systemd would; nothing happens if it is not running."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it without a word (SIGKILL): its memory is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        self._forget()

    def _forget(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _program() -> str:
    # Debian puts it in sbin, which is not on everybody's PATH.
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("mosquitto is not installed; deploy/setup-test-packages.sh does it")
    return found
