"""The fleet's memory keeps what was committed, forgets what was not, and knows which clips nobody holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from simulator.memory import Memory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "memory.sqlite"


@pytest.fixture
def memory(path: Path) -> Iterator[Memory]:
    with closing(Memory(path)) as opened:
        yield opened


def test_what_is_kept_is_found_again_after_a_restart(path: Path) -> None:
    with closing(Memory(path)) as memory:
        memory.keep("a", "life", b"1")
        memory.keep("b", "life", b"2")
        memory.hold("a", "f" * 64)
    with closing(Memory(path)) as memory:
        assert memory.records("a") == {"life": b"1"}
        assert memory.records("b") == {"life": b"2"}
        assert memory.clips("a") == ("f" * 64,)
        assert memory.clips("b") == ()


def test_the_last_word_on_a_key_wins_and_none_erases(memory: Memory) -> None:
    memory.keep("a", "x", b"1")
    memory.commit()
    memory.keep("a", "x", b"2")
    memory.keep("a", "y", b"3")
    memory.keep("a", "x", None)
    memory.keep("a", "y", b"4")
    assert memory.records("a") == {"y": b"4"}


def test_many_nodes_are_one_transaction_and_nothing_is_none(memory: Memory) -> None:
    for number in range(1000):
        memory.keep(f"n-{number}", "x", b"1")
    memory.commit()
    memory.commit()
    assert memory.commits == 1


def test_a_clip_is_orphaned_when_its_last_holder_drops_it(memory: Memory) -> None:
    memory.hold("a", "clip")
    memory.hold("b", "clip")
    memory.commit()
    memory.drop("a", "clip")
    memory.commit()
    assert memory.orphans == set()
    assert memory.is_held("clip")
    memory.drop("b", "clip")
    memory.drop("b", "clip")
    memory.commit()
    assert memory.orphans == {"clip"}
    assert not memory.is_held("clip")


def test_holding_twice_is_holding_once(memory: Memory) -> None:
    memory.hold("a", "clip")
    memory.commit()
    memory.hold("a", "clip")
    memory.commit()
    memory.drop("a", "clip")
    memory.commit()
    assert memory.orphans == {"clip"}


def test_after_a_failed_commit_everything_is_still_staged(memory: Memory) -> None:
    memory.keep("a", "x", b"1")
    memory._db.execute("PRAGMA query_only=1")  # the disk refuses
    with pytest.raises(sqlite3.Error):
        memory.commit()
    assert memory.is_dirty
    memory._db.execute("PRAGMA query_only=0")
    assert memory.records("a") == {"x": b"1"}
