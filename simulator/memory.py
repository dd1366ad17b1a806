"""What every simulated node remembers through a power cut: its records and which clips its disk holds. One SQLite file.

Thousands of nodes share one file and one transaction at a time: writes are staged, and `commit` makes all of them durable
together. Durable here means *outlives this process*: the power that the fleet cuts is its own (SIGKILL), so WAL with
synchronous=NORMAL is enough, and no commit waits for the machine's disk. A real node syncs (`firmware_bridge.agent`).

One thread uses it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (node TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (node, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clip (node TEXT, sha256 TEXT, PRIMARY KEY (node, sha256)) WITHOUT ROWID;
"""

_PRAGMAS = (
    "PRAGMA locking_mode=EXCLUSIVE",  # two fleets on one memory would be two lives of the same nodes
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-65536",  # 64 MB: the records of 10,000 nodes, so that a commit reads nothing
)

_LOCK_WAIT_S = 10.0
"""A fleet that starts right after another was killed may find the file locked for a moment."""


class Memory:
    """The fleet's persistent memory in the file `path`, which is made if need be. sqlite3.Error when the disk fails."""

    __slots__ = ("_db", "_drops", "_keeps", "_refs", "_staged", "commits", "orphans")

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None)
        for pragma in _PRAGMAS:
            self._db.execute(pragma)
        self._db.executescript(_SCHEMA)
        self._refs: Counter[str] = Counter(dict(self._db.execute("SELECT sha256, count(*) FROM clip GROUP BY sha256")))
        self._keeps: dict[tuple[str, str], bytes | None] = {}
        self._drops: dict[tuple[str, str], bool] = {}
        self._staged: set[str] = set()
        self.commits = 0
        self.orphans: set[str] = set()

    @property
    def is_dirty(self) -> bool:
        """Is anything staged that a kill would lose?"""
        return bool(self._staged)

    def keep(self, node: str, key: str, value: bytes | None) -> None:
        """Stage one record; None erases it. The last word on a key wins."""
        self._keeps[node, key] = value
        self._staged.add(node)

    def hold(self, node: str, sha256: str) -> None:
        """Stage: this node's disk has that clip."""
        self._drops[node, sha256] = True
        self._staged.add(node)

    def drop(self, node: str, sha256: str) -> None:
        """Stage: it no longer has it."""
        self._drops[node, sha256] = False
        self._staged.add(node)

    def is_held(self, sha256: str) -> bool:
        """Does any node's disk hold that clip, as far as committed?"""
        return self._refs[sha256] > 0

    def commit(self) -> None:
        """Make all that is staged durable in one transaction, and note in `orphans` the clips that no node holds any more.

        On an error nothing is written and everything stays staged: call it again.
        """
        if not self.is_dirty:
            return
        puts = [(node, key, value) for (node, key), value in self._keeps.items() if value is not None]
        erased = [name for name, value in self._keeps.items() if value is None]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", puts)
            self._db.executemany("DELETE FROM record WHERE node = ? AND key = ?", erased)
            changed = self._commit_clips()
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._refs.update(changed)
        self.orphans.update(sha256 for sha256 in changed if self._refs[sha256] <= 0)
        self._keeps.clear()
        self._drops.clear()
        self._staged.clear()
        self.commits += 1

    def records(self, node: str) -> dict[str, bytes]:
        """What this node would find in its memory at boot; what it staged is committed first."""
        self._settle(node)
        return dict(self._db.execute("SELECT key, value FROM record WHERE node = ?", (node,)).fetchall())

    def clips(self, node: str) -> tuple[str, ...]:
        """The clips that this node's disk holds; what it staged is committed first."""
        self._settle(node)
        rows = self._db.execute("SELECT sha256 FROM clip WHERE node = ? ORDER BY sha256", (node,))
        return tuple(sha256 for (sha256,) in rows)

    def close(self) -> None:
        """Commit and close."""
        self.commit()
        self._db.close()

    def _settle(self, node: str) -> None:
        if node in self._staged:
            self.commit()

    def _commit_clips(self) -> Counter[str]:
        changed: Counter[str] = Counter()
        for name, held in self._drops.items():
            if held:
                cursor = self._db.execute("INSERT OR IGNORE INTO clip VALUES (?, ?)", name)
                changed[name[1]] += cursor.rowcount
            else:
                cursor = self._db.execute("DELETE FROM clip WHERE node = ? AND sha256 = ?", name)
                changed[name[1]] -= cursor.rowcount
        return changed
