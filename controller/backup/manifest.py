"""What a backup says it holds: its first member, `manifest.json`. Whatever the bytes, a sound manifest or a refusal.

Everything is announced before it comes: each member's name, size and SHA-256, each table's columns, rows and unpacked size.
A reader takes what was announced, in that order and to that size, and nothing else.

    Refused("backup.foreign")         no manifest of ours
    Refused("backup.newer", program)  one of a newer program
    Refused("backup.damaged", member)
"""

from __future__ import annotations

import re

import msgspec

from controller.db.dump import Dumped
from controller.domain.errors import Refused

FORMAT = 1
"""Rises when an older program could not read what we write."""

NAME, SUM = "manifest.json", "manifest.sha256"

MAX_BYTES = 64 << 20
"""Of the manifest: 300,000 members take half of it."""

KEY, CLIP, UPLOAD, TABLE = "keys", "clips", "uploads", "tables"
_NAMES = {
    KEY: re.compile(r"[a-z0-9][A-Za-z0-9._-]{0,60}", re.ASCII),
    CLIP: re.compile(r"[0-9a-f]{64}", re.ASCII),
    UPLOAD: re.compile(r"[a-z0-9-]{1,36}", re.ASCII),
    TABLE: re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII),
}
"""What a member of each folder may be called: no name leads out of its folder."""


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: "keys/master.key", "clips/<sha256>", "uploads/<bulletin>", "tables/<name>" (rows, gzip)."""

    name: str
    size: int
    sha256: str

    @property
    def folder(self) -> str:
        """What it is: one of KEY, CLIP, UPLOAD, TABLE."""
        return self.name.partition("/")[0]

    @property
    def leaf(self) -> str:
        """Its name inside that folder."""
        return self.name.partition("/")[2]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of it. `revision` is the schema that the tables are of; without clips, sounds and plans' bodies are elsewhere."""

    format: int
    program: str
    made_ms: int
    revision: str
    with_clips: bool
    tables: tuple[Dumped, ...]
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes that unpacking takes, tables as a database twice: as rows, and with their indexes."""
        return sum(member.size for member in self.members) + 2 * sum(table.size for table in self.tables)


class _Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What every format's manifest tells."""

    format: int
    program: str


def parse(data: bytes) -> Manifest:
    """The manifest in `data`; Refused as told above."""
    try:
        glance = msgspec.json.decode(data, type=_Glance)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("backup.foreign") from None
    if glance.format > FORMAT:
        raise Refused("backup.newer", program=glance.program[:40])
    try:
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("backup.damaged", member=NAME) from None
    if not _is_sound(found):
        raise Refused("backup.damaged", member=NAME)
    return found


def _is_sound(manifest: Manifest) -> bool:
    names = [member.name for member in manifest.members]
    tables = {table.name for table in manifest.tables}
    dumped = [member.leaf for member in manifest.members if member.folder == TABLE]
    return (
        len(set(names)) == len(names)
        and all(map(_is_proper, manifest.members))
        and sorted(dumped) == sorted(tables)
        and len(tables) == len(manifest.tables)
        and all(table.rows >= 0 and table.size >= 0 for table in manifest.tables)
        and any(name.startswith(f"{KEY}/") for name in names)
    )


def _is_proper(member: Member) -> bool:
    pattern = _NAMES.get(member.folder)
    if pattern is None or not pattern.fullmatch(member.leaf) or member.size < 0:
        return False
    if member.folder == CLIP and member.leaf != member.sha256:
        return False
    return _NAMES[CLIP].fullmatch(member.sha256) is not None
