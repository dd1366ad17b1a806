"""What the tests of the command line share: a home, a server that plays the controller, and no settings from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.cli import watch
from tests.support.stub_api import Server, tell


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PAUSE_S", 0.01)
    for name in [name for name in os.environ if name.startswith("TIENGLANG_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    running = Server()
    tell(home, running)
    yield running
    running.close()


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "Họp thôn tối nay.mp3"
    path.write_bytes(b"ID3" + b"s" * 200_000)
    return path
