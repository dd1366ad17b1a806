"""What has a name is whole and on the disk; what has none leaves no trace."""

from __future__ import annotations

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audio.errors import AudioError
from audio.store import Store

DATA = b"Kinh moi ba con"
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def files(store_root: Path) -> list[Path]:
    return [path for path in store_root.rglob("*") if path.is_file()]


def test_bytes_come_back_under_their_hash(store: Store) -> None:
    """Put, has, open, path, delete."""
    assert not store.has(NAME)
    assert store.put_bytes(DATA) == NAME
    assert store.has(NAME)
    with store.open(NAME) as file:
        assert file.read() == DATA
    assert store.path(NAME).parent.name == NAME[:2]
    assert store.delete(NAME)
    assert not store.delete(NAME)
    assert not store.has(NAME)


def test_adopting_moves_the_file(store: Store, tmp_path: Path) -> None:
    """The file is in the store and no longer where it was; adopting the same again is one file."""
    for _ in range(2):
        source = tmp_path / "finished"
        source.write_bytes(DATA)
        assert store.adopt(source) == NAME
        assert not source.exists()
    assert files(tmp_path / "store") == [store.path(NAME)]


def test_a_file_from_another_disk_is_copied_in(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rename cannot cross file systems, the store copies, syncs and then renames."""
    source = tmp_path / "finished"
    source.write_bytes(DATA)
    real = os.replace

    def replace(old: Path, new: Path) -> None:
        if old == source:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(old, new)

    monkeypatch.setattr(os, "replace", replace)
    assert store.adopt(source) == NAME
    assert store.path(NAME).read_bytes() == DATA
    assert files(tmp_path) == [store.path(NAME)]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", NAME.upper(), NAME + "0", NAME[:-1] + "\n", "é" * 64])
def test_only_a_hash_is_a_name(store: Store, name: str) -> None:
    """No name leads out of the folder."""
    with pytest.raises(AudioError) as refused:
        store.path(name)
    assert refused.value.code == "store.name"


def test_opening_what_is_not_kept_says_so(store: Store) -> None:
    """A code, not a FileNotFoundError."""
    with pytest.raises(AudioError) as refused:
        store.open(NAME)
    assert refused.value.code == "store.missing"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "store.full"), (errno.EIO, "store.failed")])
def test_a_full_disk_is_told_and_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    """The disk refuses at the last moment, when the file is synced."""

    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(AudioError) as refused:
        store.put_bytes(DATA)
    assert refused.value.code == code
    assert files(tmp_path) == []


def test_unfinished_work_is_swept_at_start(store: Store, tmp_path: Path) -> None:
    """What a power cut left in the middle goes; what has a name stays."""
    store.put_bytes(DATA)
    with store.scratch() as folder:
        (folder / "half").write_bytes(b"half")
        store.sweep()
    assert files(tmp_path) == [store.path(NAME)]


def test_where_others_work_too_only_old_unfinished_work_is_swept(store: Store) -> None:
    with store.scratch() as old, store.scratch() as young:
        (old / "half").write_bytes(b"half")
        os.utime(old, (1_000, 1_000))
        store.sweep(2_000_000)
        assert (old.exists(), young.exists()) == (False, True)


def test_many_threads_put_the_same(store: Store, tmp_path: Path) -> None:
    """Equal bytes at the same moment end as one whole file."""
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(store.put_bytes, [DATA] * 40)) == {NAME}
    assert files(tmp_path) == [store.path(NAME)]


def test_what_came_before_a_moment_is_found_and_forgotten_and_what_came_after_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, young = store.put_bytes(b"last year"), store.put_bytes(b"today")
    os.utime(store.path(old), (1_000, 1_000))
    os.utime(store.path(young), (3_000, 3_000))
    assert list(store.old(2_000_000)) == [old]
    assert [store.forget(name, 2_000_000) for name in (old, young, old)] == [True, False, False]
    assert (store.has(old), store.has(young)) == (False, True)
