"""Files and folders put in place of others, each by one rename; on failure everything goes back where it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controller.keyfile import sync_folder


class Mover:
    """Moves, and remembers how to go back."""

    def __init__(self, stamp: str) -> None:
        """`stamp` ends the names of what is put aside: "keys" becomes "keys.replaced-STAMP"."""
        self.stamp = stamp
        self._done: list[tuple[Path, Path]] = []
        self.aside: list[Path] = []
        """What was put aside."""

    def put_aside(self, path: Path, tail: str = "") -> Path:
        """Give what is at `path` + `tail`, if anything, its other name, in the same folder; that name."""
        present, away = path.with_name(f"{path.name}{tail}"), path.with_name(f"{path.name}.replaced-{self.stamp}{tail}")
        if present.is_file() or (present.is_dir() and any(present.iterdir())):
            self.move(present, away)
            self.aside.append(away)
        return away

    def put_back(self, path: Path, away: Path) -> None:
        """What was put aside after all has its place."""
        self.move(away, path)
        self.aside.remove(away)

    def move(self, source: Path, target: Path) -> None:
        """Give `source` the name of `target`, where nothing but an empty folder may be."""
        os.rename(source, target)
        self._done.append((source, target))
        sync_folder(target.parent)

    def undo(self) -> None:
        """Everything back, the last first; goes on when one can't be."""
        for source, target in reversed(self._done):
            with suppress(OSError):
                os.rename(target, source)
                sync_folder(source.parent)


@contextmanager
def undoable(stamp: str) -> Iterator[Mover]:
    """A mover whose moves are undone when the block fails."""
    mover = Mover(stamp)
    try:
        yield mover
    except BaseException:
        mover.undo()
        raise
