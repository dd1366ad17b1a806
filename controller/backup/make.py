"""`tienglang backup`: one file with the database, the keys and the sounds, while the controller runs.

The database is read in one transaction that sees one moment, in either kind; a writer waits for nothing. After that moment
the sounds that it names are gathered: they never change, and what is named is not removed for days (`service.retention`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from audio.errors import AudioError
from audio.store import Store
from controller import keyfile
from controller.backup import archive
from controller.backup.archive import Source, measured
from controller.backup.keys import opened_copy
from controller.backup.manifest import CLIP, FORMAT, KEY, TABLE, UPLOAD, Manifest
from controller.db.database import Database, revision_of
from controller.db.dump import Dumped, dump, sounds_named, uploads_named
from controller.db.restoring import is_there
from controller.domain.errors import Refused, Unavailable
from scheduler.clock import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that is on the disk. `missing`: sounds that the database names and that are lost or damaged here."""

    path: Path
    size: int
    rows: int
    clips: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    """The database at one moment, in files, and what it names."""

    revision: str
    tables: tuple[Dumped, ...]
    rows: list[Source]
    sounds: list[str]
    uploads: list[Source]


def make_backup(
    *, home: Path, files: Path, database_url: str, target: Path, now_ms: int, issuer: str, program: str, with_clips: bool = True
) -> Made:
    """Write a backup of `home`, `files` and the database to the new file `target`, or into it if it is a folder.

    Refused("backup.exists" | "backup.nothing" | "keys.*" | "usage.write"), Unavailable("backup.changed" | "database.*").
    """
    target = target / f"tienglang-{moment(now_ms):%Y%m%d-%H%M%S}.tar" if target.is_dir() else target
    if target.exists():
        raise Refused("backup.exists", path=str(target))
    try:
        _check(home, database_url, now_ms, issuer)
        # Beside its place: what it takes is where there must be room anyway. Only we may look into it.
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work, ExitStack() as held:
            snapshot = _snapshot(database_url, Path(work) / TABLE, files / UPLOAD, held)
            sounds, missing = _sounds(Store(files / CLIP), snapshot.sounds if with_clips else [])
            sources = [*_keys(home), *snapshot.rows, *snapshot.uploads, *sounds]
            manifest = Manifest(
                format=FORMAT,
                program=program,
                made_ms=now_ms,
                revision=snapshot.revision,
                with_clips=with_clips,
                tables=snapshot.tables,
                members=tuple(source.member for source in sources),
            )
            archive.write(target, manifest, sources)
        rows = sum(each.rows for each in snapshot.tables)
        return Made(path=target, size=target.stat().st_size, rows=rows, clips=len(sounds), missing=tuple(missing))
    except OSError as error:
        raise Refused("usage.write", path=str(target), reason=error.strerror or str(error)) from None


def _check(home: Path, database_url: str, now_ms: int, issuer: str) -> None:
    """Is there a station, with keys that are whole? A backup of damaged ones would be found out when it is too late."""
    try:
        keys_are_there = opened_copy(home, now_ms, issuer) is not None
    except Refused as error:
        if error.code != "keys.root-off":  # they are whole; only a controller of our name would need the root
            raise
        keys_are_there = True
    if not keys_are_there or not is_there(database_url):
        raise Refused("backup.nothing", home=str(home))


def _snapshot(url: str, folder: Path, uploads: Path, held: ExitStack) -> _Snapshot:
    """Everything of one moment. Uploads are opened first: a bulletin that is prepared meanwhile removes its own."""
    with closing(Database(url)) as database, database.read() as connection:
        revision = revision_of(connection)
        if revision is None:
            raise Refused("backup.nothing", home=str(uploads.parent))
        brought = [_held(uploads / name, held) for name in uploads_named(connection)]
        tables = dump(connection, folder)
        rows = [measured(f"{TABLE}/{each.name}", _bytes_of(folder / each.name)) for each in tables]
        return _Snapshot(revision=revision, tables=tables, rows=rows, sounds=sounds_named(connection), uploads=brought)


def _held(path: Path, held: ExitStack) -> Source:
    """An upload whose bytes stay readable though its name goes."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise Unavailable("backup.changed", member=f"{UPLOAD}/{path.name}") from None
    held.callback(os.close, handle)
    return measured(f"{UPLOAD}/{path.name}", partial(_reopened, handle))


def _reopened(handle: int) -> BinaryIO:
    os.lseek(handle, 0, os.SEEK_SET)
    return open(handle, "rb", closefd=False)


def _keys(home: Path) -> list[Source]:
    """The key files of one moment; what a crash left half written (".trust.jws.new") is none."""
    before = keyfile.stamp(home)
    found = [
        measured(f"{KEY}/{path.name}", _bytes_of(path))
        for path in sorted((home / KEY).iterdir())
        if not path.name.startswith(".")
    ]
    if keyfile.stamp(home) != before:
        raise Unavailable("backup.changed", member=KEY)
    return found


def _bytes_of(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _sounds(store: Store, names: Iterable[str]) -> tuple[list[Source], list[str]]:
    """The sounds that are whole, and the names of those that are not."""
    found, missing = [], []
    for name in names:
        try:
            source = measured(f"{CLIP}/{name}", partial(store.open, name))
        except (AudioError, OSError):
            missing.append(name)
            continue
        (found.append(source) if source.member.sha256 == name else missing.append(name))
    return found, missing
