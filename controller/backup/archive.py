"""A backup as a file: a plain tar (any `tar` opens it) with the manifest first, its hash (`sha256sum -c` reads it), and then
its members, in its order.

Written beside its place, synced and renamed there: a backup that has its name is whole. 0600, for it holds keys. Read as a
stream, header by header: a member that was not announced at that place, with that name and size, ends the reading; links,
folders and extended headers are none of ours. Memory is one block, whatever the file.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from controller.backup import manifest as manifests
from controller.backup.manifest import Manifest, Member
from controller.domain.errors import Refused, Unavailable
from controller.keyfile import sync_folder

BLOCK = 1 << 20
"""Bytes moved at a time: at disk speed, and soon forgotten."""

_TAR_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A member to write, and where its bytes are."""

    member: Member
    open: Callable[[], BinaryIO]


def measured(name: str, opener: Callable[[], BinaryIO]) -> Source:
    """The source of a member whose bytes are read once now, for their size and hash."""
    digest, size = hashlib.sha256(), 0
    with opener() as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return Source(member=Member(name=name, size=size, sha256=digest.hexdigest()), open=opener)


def write(path: Path, manifest: Manifest, sources: Iterable[Source]) -> None:
    """Write the archive whole or not at all; OSError, Unavailable("backup.changed") if a source is not as it was measured."""
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            said = msgspec.json.encode(manifest)
            manifests.parse(said)  # what could not be read again is not written
            for name, data in ((manifests.NAME, said), (manifests.SUM, _sum(said))):
                out.write(_header(name, len(data), manifest.made_ms) + data + _padding(len(data)))
            for source in sources:
                out.write(_header(source.member.name, source.member.size, manifest.made_ms))
                _copy_exactly(source, out)
                out.write(_padding(source.member.size))
            out.write(bytes(2 * _TAR_BLOCK))
            out.flush()
            os.fsync(out.fileno())
        os.rename(fresh, path)
        sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open an archive: its manifest is read and sound; Refused("usage.file" | "backup.*")."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise Refused("usage.file", path=str(path), reason=error.strerror or str(error)) from None
    with file:
        yield Reader(file)


class Reader:
    """One pass over an open archive."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        said = self._first(manifests.NAME, manifests.MAX_BYTES)
        self.manifest = manifests.parse(said)
        if self._first(manifests.SUM, _TAR_BLOCK) != _sum(said):
            raise Refused("backup.damaged", member=manifests.NAME)

    def unpack(self, place: Callable[[Member], Path]) -> None:
        """Write each member to its new `place`, on the disk when this returns; Refused("backup.damaged") at the first that is
        not as announced."""
        for member in self.manifest.members:
            header = self._header(member.name)
            if (header.name, header.size, header.type) != (member.name, member.size, tarfile.REGTYPE):
                raise Refused("backup.damaged", member=member.name)
            self._write_out(member, place(member))
            self._take(-member.size % _TAR_BLOCK, member.name)

    def _first(self, name: str, limit: int) -> bytes:
        """A small member that every backup begins with; Refused("backup.foreign") if there is another thing."""
        try:
            header = self._header(name)
        except Refused:
            raise Refused("backup.foreign") from None
        if (header.name, header.type) != (name, tarfile.REGTYPE) or not 0 < header.size <= limit:
            raise Refused("backup.foreign")
        data = self._take(header.size, name)
        self._take(-header.size % _TAR_BLOCK, name)
        return data

    def _header(self, member: str) -> tarfile.TarInfo:
        try:
            return tarfile.TarInfo.frombuf(self._take(_TAR_BLOCK, member), "utf-8", "strict")
        except (tarfile.HeaderError, ValueError):
            raise Refused("backup.damaged", member=member) from None

    def _write_out(self, member: Member, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, left = hashlib.sha256(), member.size
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            while left:
                block = self._take(min(left, BLOCK), member.name)
                digest.update(block)
                out.write(block)
                left -= len(block)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != member.sha256:
            raise Refused("backup.damaged", member=member.name)

    def _take(self, size: int, member: str) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise Refused("backup.damaged", member=member)
        return data


def _copy_exactly(source: Source, out: BinaryIO) -> None:
    digest, left = hashlib.sha256(), source.member.size
    try:
        with source.open() as file:
            while left and (block := file.read(min(left, BLOCK))):
                digest.update(block)
                out.write(block)
                left -= len(block)
    except FileNotFoundError:
        raise Unavailable("backup.changed", member=source.member.name) from None
    if left or digest.hexdigest() != source.member.sha256:
        raise Unavailable("backup.changed", member=source.member.name)


def _header(name: str, size: int, made_ms: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, made_ms // 1000
    return info.tobuf(tarfile.GNU_FORMAT)


def _sum(data: bytes) -> bytes:
    return f"{hashlib.sha256(data).hexdigest()}  {manifests.NAME}\n".encode()


def _padding(size: int) -> bytes:
    return bytes(-size % _TAR_BLOCK)
