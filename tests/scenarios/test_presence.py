"""Who is there: the broker tells of a death that is long over."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.db.database import Database
from controller.domain.node import Node
from controller.protocol import messages as m
from controller.service import presence
from controller.service.keyring import Keyring
from firmware_bridge import events as ev
from tests.unit.controller.service.databases import keyring, sqlite, sqlite_template
from tests.unit.controller.service.house import NOW_MS, House
from tests.unit.firmware_bridge.harness import NODE, Harness

__all__ = ["keyring", "sqlite", "sqlite_template"]


@pytest.fixture
def house(sqlite: Database, keyring: Keyring, tmp_path: Path) -> House:
    """A controller that knows the node of the bench."""
    house = House(sqlite, keyring, tmp_path / "files")
    with house.work.writing() as tx:
        tx.nodes.add([Node(id=NODE, village="x1-1", name="l9", generation=1, since_ms=0)])
    return house


def is_online(house: House, *said: m.NodeState) -> bool:
    """What the controller thinks of the node after these words, in this order."""
    with house.work.writing() as tx:
        presence.states(tx, [(each, NOW_MS) for each in said])
    with house.work.reading() as tx:
        return tx.nodes.statuses([NODE])[NODE].online


def will_of(node: Harness) -> m.NodeState:
    """What the broker is given to hold for the coming connection."""
    said = node.read(node.engine.will(node.now))
    assert isinstance(said, m.NodeState)
    return said


@pytest.mark.wire(4, 35, 36)
def test_a_stale_will_after_a_new_birth_changes_nothing(house: House) -> None:
    """The broker notices a dead connection when the node has long come back, by a new link or with a new boot."""
    node = Harness()
    stale = [will_of(node)]
    node.settle_in()
    node.do(ev.Disconnected())
    stale.append(will_of(node))
    node.connect()
    node.power_cut()
    present = will_of(node)
    node.connect()
    assert is_online(house, *node.heard(m.NodeState), *stale)
    assert not is_online(house, present)
