"""`tienglang restore`: a backup becomes a home again, of either kind of database, whole or not at all.

Everything is unpacked, hashed and loaded beside its place first. Then names change, keys first and last: while they are
away a controller refuses to start (`keys.missing`), so a power cut in the middle can't leave one that runs on half of it;
restoring again, with `replace`, ends it. What is replaced is put aside, not deleted.

The loudspeakers' side of it (nothing is said twice, versions do not fall behind) is in docs/adr/0009.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from audio.store import Store
from controller import keyfile
from controller.backup.archive import Reader, reading
from controller.backup.keys import opened_copy
from controller.backup.manifest import CLIP, KEY, TABLE, UPLOAD, Manifest, Member
from controller.backup.swap import Mover, undoable
from controller.db import restoring
from controller.db.database import revisions
from controller.db.dump import load
from controller.domain.errors import Conflict, Refused, Unavailable
from controller.lock import alone
from controller.service.keyring import Keyring
from scheduler.clock import moment

_STAGE = ".restore-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What is there now. `kept_keys`: the home's own were as new as the backup's, and stay. `aside`: what was replaced."""

    made_ms: int
    program: str
    rows: int
    clips: int
    with_clips: bool
    kept_keys: bool
    aside: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a backup goes; `files` is where sounds and uploads are. `run_dir` holds the lock that a running server has."""

    home: Path
    files: Path
    run_dir: Path
    database_url: str
    issuer: str


def restore(place: Place, path: Path, now_ms: int, *, replace: bool = False) -> Restored:
    """Make `place` what the backup at `path` says; Refused or Conflict, and everything as it was, when that can't be.

    Refused("backup.*" | "restore.room" | "restore.keys"), Conflict("server.running" | "restore.not-empty").
    """
    with reading(path) as reader, alone(place.run_dir):
        _check_schema(reader.manifest)
        if not replace:
            _check_empty(place)
        try:
            with ExitStack() as held:
                stage = held.enter_context(_stage(place.home))
                brought = stage if place.files == place.home else held.enter_context(_stage(place.files))
                _check_room(reader.manifest, stage, brought)
                return _restore(place, reader, stage, brought, now_ms)
        except OSError as error:
            raise Unavailable("disk.full", detail=str(error)) from error


def _restore(place: Place, reader: Reader, stage: Path, brought: Path, now_ms: int) -> Restored:
    """`stage` is beside the keys, `brought` beside sounds and uploads: a name changes on one file system only."""
    manifest = reader.manifest
    sounds = Store(brought / CLIP)

    def place_of(member: Member) -> Path:
        if member.folder == CLIP:
            return sounds.path(member.leaf)
        return (brought if member.folder == UPLOAD else stage) / member.folder / member.leaf

    reader.unpack(place_of)
    keep_keys = _are_newer(_own_keys(place, now_ms), _archived_keys(stage, place.issuer, now_ms))
    fill = partial(_fill, manifest, stage)
    with undoable(f"{moment(now_ms):%Y%m%d-%H%M%S}") as mover:
        _swap(place, manifest, (stage, brought), fill, mover, keep_keys=keep_keys)
    return Restored(
        made_ms=manifest.made_ms,
        program=manifest.program,
        rows=sum(table.rows for table in manifest.tables),
        clips=sum(member.folder == CLIP for member in manifest.members),
        with_clips=manifest.with_clips,
        kept_keys=keep_keys,
        aside=tuple(mover.aside),
    )


def _swap(
    place: Place,
    manifest: Manifest,
    stages: tuple[Path, Path],
    fill: Callable[[Connection], None],
    mover: Mover,
    *,
    keep_keys: bool,
) -> None:
    """The names change. Keys are out of the way until everything else is in its place."""
    files, keys, (stage, brought) = place.files, place.home / KEY, stages
    sqlite = restoring.sqlite_path(place.database_url)
    with _beside(sqlite) as fresh:
        if fresh is not None:
            restoring.make(f"sqlite:///{fresh}", manifest.revision, fill, aside="")
            os.chmod(fresh, 0o600)
        own_keys = mover.put_aside(keys)
        mover.put_aside(files / UPLOAD)
        if (brought / UPLOAD).exists():
            mover.move(brought / UPLOAD, files / UPLOAD)
        _add_clips(brought, files, mover)
        if sqlite is None or fresh is None:
            restoring.make(place.database_url, manifest.revision, fill, aside=f"replaced-{mover.stamp}")
        else:
            for tail in ("", "-wal", "-shm"):  # a journal that stayed would be played into the new file
                mover.put_aside(sqlite, tail)
            mover.move(fresh, sqlite)
        if keep_keys:
            mover.put_back(keys, own_keys)
        else:
            mover.move(stage / KEY, keys)


def _fill(manifest: Manifest, stage: Path, connection: Connection) -> None:
    load(connection, manifest.tables, lambda name: stage / TABLE / name)


def _add_clips(brought: Path, files: Path, mover: Mover) -> None:
    """Sounds join those that are there: a name is its bytes, so none can take another's place."""
    if not (brought / CLIP).exists():
        return
    if not (files / CLIP).exists():
        mover.move(brought / CLIP, files / CLIP)
        return
    present = Store(files / CLIP)
    for source in (brought / CLIP).glob("*/*"):
        target = present.path(source.name)
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            mover.move(source, target)
        else:
            os.replace(source, target)  # the one that is there may be damaged


def _check_schema(manifest: Manifest) -> None:
    if manifest.revision not in revisions():
        raise Refused("backup.newer", program=manifest.program)


def _check_empty(place: Place) -> None:
    for folder in (place.home / KEY, place.files / UPLOAD):
        if folder.exists() and any(folder.iterdir()):
            raise Conflict("restore.not-empty", what=str(folder))
    if restoring.is_there(place.database_url):
        sqlite = restoring.sqlite_path(place.database_url)
        raise Conflict("restore.not-empty", what=str(sqlite or "PostgreSQL"))


def _check_room(manifest: Manifest, *stages: Path) -> None:
    free = min(shutil.disk_usage(stage).free for stage in stages)
    if manifest.size > free:
        raise Refused("restore.room", needed_mb=-(-manifest.size // 1_000_000), free_mb=free // 1_000_000)


def _archived_keys(stage: Path, issuer: str, now_ms: int) -> Keyring:
    """The backup's keys, opened as a controller would; Refused("restore.keys") if none could start with them."""
    try:
        ring = keyfile.open_existing(stage, now_ms, issuer)
    except Refused as error:
        raise Refused("restore.keys", reason=error.code) from None
    assert ring is not None  # a sound manifest has keys
    return ring


def _own_keys(place: Place, now_ms: int) -> Keyring | None:
    try:
        return opened_copy(place.home, now_ms, place.issuer)
    except (Refused, OSError):
        return None  # damaged: the backup's are better


def _are_newer(own: Keyring | None, archived: Keyring) -> bool:
    """Are the home's own keys the same station's, and not older? Loudspeakers that learnt of them obey no older ones."""
    if own is None or (own.root_text, own.master) != (archived.root_text, archived.master):
        return False
    return own.trust_version >= archived.trust_version


@contextmanager
def _beside(sqlite: Path | None) -> Iterator[Path | None]:
    """A name for a new file beside the database's, of which nothing is left in the end unless it was moved away."""
    if sqlite is None:
        yield None
        return
    fresh = sqlite.with_name(f".{sqlite.name}-restored")
    left = [fresh.with_name(f"{fresh.name}{tail}") for tail in ("", "-wal", "-shm")]
    for path in left:
        path.unlink(missing_ok=True)
    try:
        yield fresh
    finally:
        for path in left:
            path.unlink(missing_ok=True)


@contextmanager
def _stage(home: Path) -> Iterator[Path]:
    """A folder that only we may look into, gone in the end; those that a power cut left are swept: they hold keys."""
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(f"{_STAGE}*"):
        shutil.rmtree(left, ignore_errors=True)
    stage = home / f"{_STAGE}{os.getpid()}"
    stage.mkdir(mode=0o700)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
