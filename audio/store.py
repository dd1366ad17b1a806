"""Files named by the SHA-256 of their bytes: clips and plan bodies. The only writer of its folder.

Layout: `<root>/ab/abcdef...` (64 hex digits), unfinished work in `<root>/tmp/`. What has a name is whole:
it was synced before it got the name. Any number of threads and processes may use one root at a time.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENOSPC, EXDEV
from pathlib import Path
from typing import BinaryIO

from audio.errors import AudioError

NAME = re.compile(r"[0-9a-f]{64}")
BLOCK = 1 << 20  # bytes hashed at a time: large enough to be at disk speed, small enough to forget


class Store:
    """A content-addressed folder of files. Errors: AudioError with store.full, .name, .missing, .failed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tmp = root / "tmp"

    def path(self, sha256: str) -> Path:
        """Where the bytes of that name are, or would be."""
        if not NAME.fullmatch(sha256):
            raise AudioError("store.name")
        return self._root / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of that name, for reading; they stay readable when deleted meanwhile (POSIX)."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise AudioError("store.missing", sha256=sha256) from error

    def put_bytes(self, data: bytes) -> str:
        """Keep `data`, on the disk when this returns; its name. Keeping the same twice is one file."""
        with self.scratch() as folder:
            path = folder / "bytes"
            with _disk_errors():
                path.write_bytes(data)
            return self.adopt(path)

    def adopt(self, source: Path) -> str:
        """Move a finished file in, on the disk when this returns; its name.

        A file from another file system is copied and then removed.
        """
        with _disk_errors():
            sha256 = file_sha256(source)
            _sync(source)
            target = self.path(sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.replace(source, target)
            except OSError as error:
                if error.errno != EXDEV:
                    raise
                self._copy_in(source, target)
            # A new name survives a power cut only when the folders that hold it are synced too.
            _sync(target.parent)
            _sync(self._root)
        return sha256

    def delete(self, sha256: str) -> bool:
        """Forget those bytes; False when they were not kept."""
        try:
            self.path(sha256).unlink()
        except FileNotFoundError:
            return False
        return True

    def old(self, before_ms: int) -> Iterator[str]:
        """The names of what came before that moment (UTC ms), in no order."""
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            if NAME.fullmatch(path.name) and _is_older(path, before_ms):
                yield path.name

    def forget(self, sha256: str, before_ms: int) -> bool:
        """Forget those bytes if they came before that moment; False when they are gone, or somebody has just kept them anew."""
        with self.scratch() as folder:
            taken = folder / "taken"
            try:
                os.rename(self.path(sha256), taken)  # from here on, whoever keeps the same bytes makes a file of his own
            except FileNotFoundError:
                return False
            if _is_older(taken, before_ms):
                return True
            os.replace(taken, self.path(sha256))
            return False

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for unfinished work on the store's file system, removed on leaving, whatever happens."""
        with _disk_errors():
            self._tmp.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=self._tmp))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, before_ms: int | None = None) -> None:
        """Remove unfinished work that a power cut left: what came before that moment, or (when nobody else is here yet) all."""
        for folder in self._tmp.glob("*"):
            if before_ms is None or _is_older(folder, before_ms):
                shutil.rmtree(folder, ignore_errors=True)

    def _copy_in(self, source: Path, target: Path) -> None:
        with self.scratch() as folder:
            copy = folder / "copy"
            shutil.copyfile(source, copy)
            _sync(copy)
            os.replace(copy, target)
        source.unlink()


def file_sha256(path: Path) -> str:
    """The name that a file's bytes have here."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _is_older(path: Path, before_ms: int) -> bool:
    try:
        return path.stat().st_mtime_ns < before_ms * 1_000_000
    except FileNotFoundError:
        return False


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        with suppress(PermissionError):  # some file systems refuse to sync a folder; nothing else can be done
            os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise AudioError("store.full") from error
        raise AudioError("store.failed", reason=error.strerror or type(error).__name__) from error
