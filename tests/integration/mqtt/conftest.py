"""Brokers of every kind, a client that speaks as a node or listens as one, and every use case behind the inbox and the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.broker import EmbeddedBroker, start_broker
from controller.db.database import Database
from controller.service.keyring import Keyring
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.rabbitmq import RabbitMQ
from tests.unit.controller.service.databases import keyring, sqlite, sqlite_template
from tests.unit.controller.service.house import House

__all__ = ["keyring", "sqlite", "sqlite_template"]


@pytest.fixture(params=["mosquitto", "embedded", pytest.param("rabbitmq", marks=pytest.mark.soak)])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mosquitto | RabbitMQ | EmbeddedBroker]:
    """A running broker of each kind; `.url`, `.port`, `.stop()`, `.start()`."""
    if request.param != "embedded":
        yield request.getfixturevalue(request.param)
        return
    running = start_broker(tmp_path, free_port())
    yield running
    running.stop()


@pytest.fixture
def house(sqlite: Database, keyring: Keyring, tmp_path: Path) -> House:
    """Every service over a real database, in virtual time."""
    return House(sqlite, keyring, tmp_path / "files")
