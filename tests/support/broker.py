"""What real brokers on 127.0.0.1 have in common: started and stopped by their own processes, in a folder of their own.

with Mosquitto() as broker:                      # or the fixture `mosquitto`
    connect(broker.url)                          # mqtt://127.0.0.1:port
    broker.kill(); broker.start()                # a power cut: same port, empty memory
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

from tests.support.ports import free_port, wait_until_listening


class Broker(ABC):
    """One broker. `_launch` starts its processes, itself first."""

    name: ClassVar[str]
    start_s: ClassVar[float]
    """How long it may take until it listens."""
    stop_s: ClassVar[float] = 10

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._folder: Path | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def _launch(self, folder: Path, log: IO[bytes]) -> list[subprocess.Popen[bytes]]: ...

    @property
    def pid(self) -> int:
        """The running broker's process id."""
        assert self._processes, "the broker is not running"
        return self._processes[0].pid

    @property
    def log(self) -> str:
        """What it has written so far, over all its starts."""
        path = self._folder and self._folder / "log"
        return path.read_text(errors="replace") if path and path.exists() else ""

    def start(self) -> None:
        """Start and wait until it listens."""
        assert not self._processes, "the broker is running"
        folder = self._folder = self._folder or Path(tempfile.mkdtemp(prefix=f"tl-{self.name}-"))
        with (folder / "log").open("ab") as log:
            self._processes = self._launch(folder, log)
        broker = self._processes[0]
        try:
            wait_until_listening(self.port, lambda: broker.poll() is None, timeout_s=self.start_s)
        except RuntimeError as error:
            story = self.log
            self.kill()
            self._forget()
            raise RuntimeError(f"{self.name}: {error}\n{story[-3000:]}") from None

    def stop(self) -> None:
        """Ask it to end, as systemd would; nothing happens if it is not running."""
        if self._processes:
            self._processes[0].terminate()
            with suppress(subprocess.TimeoutExpired):
                self._processes[0].wait(self.stop_s)
        self.kill()

    def kill(self) -> None:
        """End it without a word (SIGKILL): its memory is gone."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes = []

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


def program(name: str, path: str, package: str) -> str:
    """Where a program is, on the PATH or on `path`; RuntimeError that says how to install it."""
    found = shutil.which(name, path=path) or shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed; `sh deploy/setup-test-packages.sh {package}` does it")
    return found
