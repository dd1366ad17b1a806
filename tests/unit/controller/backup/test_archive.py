"""What is no backup, or one that was damaged or forged, is refused before anything is touched."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.backup import archive
from controller.backup import manifest as manifests
from controller.backup.manifest import MAX_BYTES, parse
from controller.db.database import Database, revisions, upgrade
from controller.domain.errors import Refused, TiengLangError, Unavailable
from tests.unit.controller.backup.conftest import NewStation, Station
from tests.unit.controller.service.house import NOW_MS

Members = list[tuple[tarfile.TarInfo, bytes]]
Said = dict[str, Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good backup's bytes."""
    folder = tmp_path_factory.mktemp("whole")
    station = Station(home=folder / "home", url=f"sqlite:///{folder}/home/tienglang.db")
    station.home.mkdir()
    station.live()
    return station.back_up(folder / "b.tar").path.read_bytes()


def members(data: bytes) -> Members:
    with tarfile.open(fileobj=io.BytesIO(data)) as file:
        return [(info, file.extractfile(info).read()) for info in file.getmembers()]  # type: ignore[union-attr]


def tar(parts: Members) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as file:
        for info, data in parts:
            info.size = len(data) if info.isreg() else 0
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


def forged(data: bytes, change: Callable[[Said], None]) -> bytes:
    """The archive with another manifest."""
    (info, said), (hash_info, _), *rest = members(data)
    manifest = msgspec.json.decode(said)
    change(manifest)
    return tar([*headed(info, hash_info, manifest), *rest])


def headed(info: tarfile.TarInfo, hash_info: tarfile.TarInfo, manifest: Said) -> Members:
    """A manifest with its true hash."""
    said = msgspec.json.encode(manifest)
    return [(info, said), (hash_info, f"{hashlib.sha256(said).hexdigest()}  manifest.json\n".encode())]


def with_other_bytes(data: bytes, name: str, other: bytes) -> bytes:
    """The archive with another content of one member, announced as it is."""

    def change(said: Said) -> None:
        (member,) = [each for each in said["members"] if each["name"] == name]
        member.update(size=len(other), sha256=hashlib.sha256(other).hexdigest())

    return tar([(info, other if info.name == name else old) for info, old in members(forged(data, change))])


def refused(folder: Path, data: bytes) -> str:
    """The code by which it is refused; nothing is left of it."""
    folder.mkdir(exist_ok=True)
    path = folder / "bad.tar"
    path.write_bytes(data)
    station = Station(home=folder / "home", url=f"sqlite:///{folder}/home/tienglang.db")
    with pytest.raises(TiengLangError) as told:
        station.restore(path)
    left = [found for found in folder.rglob("*") if found.name not in ("bad.tar", "home", "run", "lock")]
    assert left == []
    return told.value.code


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"PK\3\4" + bytes(2000), bytes(10_240), tar([])])
def test_what_is_no_backup_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refused(tmp_path, data) == "backup.foreign"


def test_another_programs_tar_is_refused(tmp_path: Path) -> None:
    other = tarfile.TarInfo("../../etc/passwd")
    assert refused(tmp_path, tar([(other, b"root")])) == "backup.foreign"


def test_a_file_that_is_not_there_is_told(tmp_path: Path, new_station: NewStation) -> None:
    with pytest.raises(Refused) as told:
        new_station("sqlite").restore(tmp_path / "nowhere.tar")
    assert told.value.code == "usage.file"


@pytest.mark.parametrize("seed", range(40))
def test_one_flipped_bit_anywhere_is_found(whole: bytes, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    used = sum(512 + len(data) for _, data in members(whole))
    place = random.randrange(512, used)
    bad = bytearray(whole)
    bad[place] ^= 1 << random.randrange(8)
    if not is_padding(whole, place):
        assert refused(tmp_path, bytes(bad)) in ("backup.damaged", "backup.foreign", "backup.newer"), place


def is_padding(data: bytes, place: int) -> bool:
    """Is it the fill after a member, on which nothing depends?"""
    at = 0
    for _, said in members(data):
        if place < at + 512:
            return False
        if at + 512 + len(said) <= place < at + 512 + -(-len(said) // 512) * 512:
            return True
        at += 512 + -(-len(said) // 512) * 512
    return True


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_one_that_was_cut_is_found(whole: bytes, tmp_path: Path, part: float) -> None:
    used = sum(512 + -(-len(data) // 512) * 512 for _, data in members(whole))
    assert refused(tmp_path, whole[: int(used * part)]) in ("backup.damaged", "backup.foreign")


def test_one_of_a_newer_program_is_told_as_such(whole: bytes, tmp_path: Path) -> None:
    newer = forged(whole, lambda said: said.update(format=2, program="9.0", something="new"))
    assert refused(tmp_path, newer) == "backup.newer"
    schema = forged(whole, lambda said: said.update(revision="9999"))
    assert refused(tmp_path / "s", schema) == "backup.newer"


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "keys/../../evil",
        "/etc/cron.d/evil",
        "keys/.hidden",
        "keys/a/b",
        "clips/abc",
        "uploads/..",
        "run/api.json",
        "keys/",
        "keys",
        "tables/alembic version",
    ],
)
def test_no_name_leads_out_of_its_folder(whole: bytes, tmp_path: Path, name: str) -> None:
    evil = {"name": name, "size": 4, "sha256": hashlib.sha256(b"evil").hexdigest()}
    bad = forged(whole, lambda said: said["members"].append(evil))
    parts = [*members(bad), (tarfile.TarInfo(name), b"evil")]
    assert refused(tmp_path, tar(parts)) == "backup.damaged"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_link_in_the_place_of_a_file_is_refused(whole: bytes, tmp_path: Path, kind: bytes) -> None:
    parts = members(whole)
    parts[2][0].type, parts[2][0].linkname = kind, "/etc/shadow"
    assert refused(tmp_path, tar(parts)) == "backup.damaged"


def test_members_in_another_order_or_more_of_them_are_not_what_was_announced(whole: bytes, tmp_path: Path) -> None:
    manifest, its_hash, first, second, *rest = members(whole)
    assert refused(tmp_path, tar([manifest, its_hash, second, first, *rest])) == "backup.damaged"


def test_a_table_that_unpacks_to_more_than_announced_is_stopped_there(whole: bytes, tmp_path: Path) -> None:
    bomb = gzip.compress(b"0" * 200_000_000)
    assert refused(tmp_path, with_other_bytes(whole, "tables/units", bomb)) == "backup.damaged"


def test_more_than_the_disk_has_room_for_is_refused_before_it_is_unpacked(whole: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, forged(whole, lambda said: said["members"][0].update(size=1 << 60))) == "restore.room"


def test_a_manifest_without_end_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("manifest.json")
    info.size = MAX_BYTES + 1
    assert refused(tmp_path, info.tobuf(tarfile.GNU_FORMAT) + b"{") == "backup.foreign"


def test_keys_that_do_not_belong_together_are_refused(whole: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, with_other_bytes(whole, "keys/master.key", bytes(32))) == "restore.keys"


def test_rows_that_break_a_rule_of_the_tables_are_refused(whole: bytes, tmp_path: Path) -> None:
    rows = next(data for info, data in members(whole) if info.name == "tables/nodes")
    homeless = gzip.compress(gzip.decompress(rows).replace(b'"x1-1"', b'"x1-0"'))
    assert refused(tmp_path, with_other_bytes(whole, "tables/nodes", homeless)) == "backup.damaged"


@given(
    st.binary(max_size=300)
    | st.dictionaries(st.sampled_from(["format", "program", "members"]), st.integers()).map(msgspec.json.encode)
)
def test_any_bytes_are_a_manifest_or_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        parse(data)


def test_a_file_that_changes_while_it_is_written_makes_no_backup(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"before")
    source = archive.measured("keys/a", lambda: (tmp_path / "a").open("rb"))
    (tmp_path / "a").write_bytes(b"later!")
    manifest = manifests.Manifest(
        format=1, program="1", made_ms=NOW_MS, revision="0001", with_clips=True, tables=(), members=(source.member,)
    )
    with pytest.raises(Unavailable) as told:
        archive.write(tmp_path / "b.tar", manifest, [source])
    assert told.value.code == "backup.changed"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_backup_of_the_oldest_schema_is_brought_up_to_the_newest(
    new_station: NewStation, lived: Station, tmp_path: Path
) -> None:
    oldest = revisions()[-1]
    old = new_station("sqlite")
    old.home.mkdir()
    place = {"id": "p04", "parent": None, "level": "province", "name": "Cao Bằng", "path": "/p04/"}

    def fill(connection: Any) -> None:
        connection.exec_driver_sql("INSERT INTO units VALUES (:id, :parent, :level, :name, :path)", place)

    database = Database(old.url)
    with database.write() as connection:
        upgrade(connection, oldest)
        fill(connection)
    database.close()
    (lived.home / "keys").rename(old.home / "keys")
    made = old.back_up(tmp_path / "old.tar")
    for kind in ("sqlite", "postgres"):
        there = new_station(kind)
        there.restore(made.path)
        assert there.rows()["units"] == [tuple(place.values())]
