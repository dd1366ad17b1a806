"""Keys on disk: the only file that reads or writes them. All of them, or a clear error; never silently a new master.

    HOME/keys/            0700, every file 0600
      master.key          32 bytes: every node's key is derived from it. Lose it, and every loudspeaker must be set up anew
      keys.json           the Ed25519 keys that sign, with use, kid, validity and since when; and a check value of the master
      root.pub            the root's public half, pinned in every node
      root.key            the root's private half: seals trust.jws. Absent once it was taken off to a safe place
      trust.jws           the newest trust document as the root sealed it

The folder is made whole beside its place and renamed there, so a crash leaves either none of it or all of it.

A change of keys writes trust.jws first, then keys.json, each beside its place and renamed; and only keys that trust.jws names
are ours to sign with. So what a crash leaves in between always works: a key that is trusted and nowhere kept harms nobody, a
key that is kept and not trusted any more is not used. Whoever reads or writes holds a lock on the folder meanwhile. Errors:
Refused("keys.missing" | "keys.damaged" | "keys.open-to-others" | "keys.mismatch" | "keys.root-off" | "keys.root-exists").
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.domain.errors import NotFound, Refused
from controller.protocol import codec, keys, seal
from controller.protocol.messages import Trust, Use
from controller.service import generations, keybook
from controller.service.keyring import Keyring, KeySet, RevokedKey, SigningKey, seal_trust

FOLDER = "keys"

_MAX_FILE = 65_536
"""Bytes of any file here: many times the largest."""

_T = TypeVar("_T")

Random = Callable[[int], bytes]
"""`random(n)` gives n bytes that no one can guess (`os.urandom`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The keys after a change; `new` is the key that it made, if it made one."""

    keyring: Keyring
    new: SigningKey | None


def open_or_create(home: Path, now_ms: int, random: Random, issuer: str, *, may_create: bool = True) -> Keyring:
    """The keyring of `home`, made on the first start.

    `may_create` False (the database already knows nodes) makes a missing folder an error: its keys are elsewhere. Refused
    when anything is missing, damaged or readable by others. Two processes that start at once get the same keys.
    """
    folder = home / FOLDER
    if not folder.exists():
        if not may_create:
            raise Refused("keys.missing", path=str(folder))
        _create(folder, now_ms, random, issuer)
    _sweep(home)
    with _locked(folder):
        return Keyring(_open(folder, now_ms, issuer))


def open_existing(home: Path, now_ms: int, issuer: str) -> Keyring | None:
    """The keyring of `home`, None if there is none yet; Refused as `open_or_create`."""
    if not (home / FOLDER).exists():
        return None
    with _locked(home / FOLDER):
        return Keyring(_open(home / FOLDER, now_ms, issuer))


def stamp(home: Path) -> tuple[tuple[int, int, int], ...]:
    """What tells a changed set from the one before, without reading it."""
    return tuple(_stamp(home / FOLDER / name) for name in ("trust.jws", "keys.json"))


def rotate(
    home: Path,
    use: Use,
    *,
    now_ms: int,
    after_ms: int,
    random: Random,
    issuer: str,
    root_file: Path | None = None,
) -> Changed:
    """Make a new key of `use` that signs from `after_ms` on; all nodes are told of it now.

    `root_file`: where the root's private half is, if it was taken off; it is only read. Refused("keys.root-off") without it.
    """
    with _locked(_existing(home)) as folder:
        held = _trusted(folder, issuer)
        root = _read_root(folder, root_file)
        new = generations.fresh(use, now_ms, random, since=generations.begins_ms(held, use, now_ms, after_ms))
        whole = generations.joined(tuple(held.keys.values()), new, now_ms)
        return Changed(keyring=Keyring(_change(folder, root, held, whole, held.revoked, now_ms)), new=new)


def revoke(home: Path, kid: str, *, now_ms: int, random: Random, issuer: str, root_file: Path | None = None) -> Changed:
    """Let nobody obey `kid` any more; if it signed today, a new key of its use signs from now. Twice is once.

    NotFound("keys.unknown") if it was never ours; otherwise as `rotate`.
    """
    with _locked(_existing(home)) as folder:
        held = _trusted(folder, issuer)
        if any(key.kid == kid for key in held.revoked):
            _keep(folder, held)  # a crash may have struck it out of one file only
            return Changed(keyring=Keyring(held), new=None)
        if kid not in held.keys:
            raise NotFound("keys.unknown", kid=kid[:64])
        root = _read_root(folder, root_file)
        goes, new = held.keys[kid], None
        if held.signer(goes.use, now_ms) is goes:
            # The new one is whole on disk before the old one is struck out: a crash in between leaves a key that signs.
            new = generations.fresh(goes.use, now_ms, random, since=now_ms)
            held = _change(folder, root, held, generations.joined(tuple(held.keys.values()), new, now_ms), held.revoked, now_ms)
        left = generations.without(held.keys.values(), kid)
        revoked = generations.disowned(held.revoked, goes, now_ms)
        return Changed(keyring=Keyring(_change(folder, root, held, left, revoked, now_ms)), new=new)


def root_is_here(home: Path) -> bool:
    """Is the root's private key still on this machine?"""
    return (home / FOLDER / "root.key").exists()


def take_root_off(home: Path, to: Path) -> None:
    """Move the root's private key to the new file `to` (0600), read it back, then delete it here.

    From then on this machine can use its keys but make no node trust others. Refused("keys.root-off") if it is already
    gone, "keys.root-exists" if `to` exists. On a disk that remembers (SSD, snapshots), the old bytes may still be found.
    """
    folder = home / FOLDER
    if not (folder / "root.key").exists():
        raise Refused("keys.root-off", folder=str(folder))
    with _locked(folder):
        _move_root(folder, to)


def _move_root(folder: Path, to: Path) -> None:
    _check_private(folder)
    root = _read_root(folder)
    # Without a good trust document beside it, no node could ever be told again whom to obey.
    _open_trust(_read(folder, "trust.jws"), _public_text(root), folder)
    try:
        _write_new(to, keys.to_text(root.private_bytes_raw()).encode() + b"\n")
    except FileExistsError:
        raise Refused("keys.root-exists", path=str(to)) from None
    if _read_private(to).private_bytes_raw() != root.private_bytes_raw():
        raise Refused("keys.damaged", path=str(to))
    (folder / "root.key").unlink()
    sync_folder(folder)


def _create(folder: Path, now_ms: int, random: Random, issuer: str) -> None:
    """Make the whole folder beside its place, then rename it there: the rename is the moment from which it exists."""
    home = folder.parent
    home.mkdir(parents=True, exist_ok=True)
    made = home / f".{FOLDER}-{random(8).hex()}"
    made.mkdir(mode=0o700)
    try:
        root = Ed25519PrivateKey.from_private_bytes(random(32))
        master = random(32)
        signing = [generations.fresh(use, now_ms, random, since=0) for use in Use]
        _write_new(made / "master.key", master)
        _write_new(made / "keys.json", keybook.encode(master, signing, ()))
        _write_new(made / "root.pub", _public_text(root).encode() + b"\n")
        _write_new(made / "root.key", keys.to_text(root.private_bytes_raw()).encode() + b"\n")
        _write_new(made / "trust.jws", seal_trust(root, signing, now_ms=now_ms, version=now_ms, iss=issuer))
        sync_folder(made)
        os.rename(made, folder)  # fails when another process was quicker: its keys are as good
        sync_folder(home)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not folder.exists():
            raise


def _change(
    folder: Path, root: Ed25519PrivateKey, held: KeySet, whole: Iterable[SigningKey], revoked: Iterable[RevokedKey], now_ms: int
) -> KeySet:
    """Let `whole` and `revoked` be what holds: first in the eyes of the nodes, then in ours."""
    after = _sealed(root, held, whole, revoked, now_ms)
    _replace(folder / "trust.jws", after.trust)
    _keep(folder, after)
    return after


def _keep(folder: Path, held: KeySet) -> None:
    _replace(folder / "keys.json", keybook.encode(held.master, held.keys.values(), held.revoked))


def _sealed(
    root: Ed25519PrivateKey, held: KeySet, whole: Iterable[SigningKey], revoked: Iterable[RevokedKey], now_ms: int
) -> KeySet:
    whole, revoked = tuple(whole), tuple(revoked)
    version = max(held.trust_version + 1, now_ms)
    token = seal_trust(root, whole, revoked, now_ms=now_ms, version=version, iss=held.issuer)
    return replace(held, keys={key.kid: key for key in whole}, revoked=revoked, trust=token, trust_version=version)


def _open(folder: Path, now_ms: int, issuer: str) -> KeySet:
    """The keys as they stand; a trust document that does not say our name, or trusts none of our keys, is sealed anew."""
    held = _trusted(folder, issuer)
    if not held.trust:
        held = _sealed(_read_root(folder), held, held.keys.values(), held.revoked, now_ms)
        _replace(folder / "trust.jws", held.trust)
    return held


def _trusted(folder: Path, issuer: str) -> KeySet:
    """The kept keys that the trust document names. `trust` is empty if that must be sealed anew: it trusts none of some use,
    or does not say our name."""
    _check_private(folder)
    master = _read(folder, "master.key")
    kept = _parsed(folder / "keys.json", keybook.decode)
    if len(master) != 32:
        raise Refused("keys.damaged", path=str(folder / "master.key"))
    if keybook.master_check(master) != kept.master_check:
        raise Refused("keys.mismatch", path=str(folder / "master.key"), other=str(folder / "keys.json"))
    root_text = _parsed(folder / "root.pub", _public_line)
    token = _read(folder, "trust.jws")
    trust = _open_trust(token, root_text, folder)
    named = keybook.named(kept, trust)
    is_whole = {key.use for key in named} == set(Use)
    return KeySet(
        issuer=issuer,
        master=master,
        root_text=root_text,
        keys={key.kid: key for key in (named if is_whole else kept.keys)},
        revoked=keybook.disowned(kept, trust),
        trust=token if is_whole and trust.iss == issuer else b"",
        trust_version=trust.version,
    )


def _open_trust(token: bytes, root_text: str, folder: Path) -> Trust:
    public = keys.public_key(root_text)

    def opened(data: bytes) -> Trust:
        _, payload = seal.open_signed(data, codec.TYP_OF[Trust], lambda kid: public if kid == keys.ROOT_KID else None)
        return codec.decode(Trust, payload)

    return _interpreted(folder / "trust.jws", token, opened)


def _read_root(folder: Path, file: Path | None = None) -> Ed25519PrivateKey:
    """The root's private half, from `file` or from here; Refused("keys.root-off") if it was taken off, "keys.mismatch" if it
    is another root's."""
    path = file or folder / "root.key"
    if file is None and not path.exists():
        raise Refused("keys.root-off", folder=str(folder))
    root = _read_private(path)
    if _public_text(root) != _parsed(folder / "root.pub", _public_line):
        raise Refused("keys.mismatch", path=str(path), other=str(folder / "root.pub"))
    return root


def _read_private(path: Path) -> Ed25519PrivateKey:
    return _parsed(path, lambda data: Ed25519PrivateKey.from_private_bytes(keys.from_text(data.decode().rstrip("\n"))))


def _public_line(data: bytes) -> str:
    text = data.decode().rstrip("\n")
    keys.public_key(text)
    return text


def _public_text(private: Ed25519PrivateKey) -> str:
    return keys.to_text(private.public_key().public_bytes_raw())


def _check_private(folder: Path) -> None:
    for path in (folder, *sorted(folder.iterdir())):
        if path.stat().st_mode & 0o077:
            raise Refused("keys.open-to-others", path=str(path))


def _parsed(path: Path, parse: Callable[[bytes], _T]) -> _T:
    return _interpreted(path, _read(path.parent, path.name), parse)


def _interpreted(path: Path, data: bytes, parse: Callable[[bytes], _T]) -> _T:
    try:
        return parse(data)
    except (ValueError, msgspec.DecodeError, codec.DecodeError, seal.SealError):
        raise Refused("keys.damaged", path=str(path)) from None


def _read(folder: Path, name: str) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        raise Refused("keys.missing", path=str(folder / name)) from None
    if not 0 < len(data) <= _MAX_FILE:
        raise Refused("keys.damaged", path=str(folder / name))
    return data


def _write_new(path: Path, data: bytes) -> None:
    """Write `data` to a file that does not exist yet, 0600 from its first moment, and to the disk before returning."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file, whole or not at all. Its owner stays: root may change the keys of a server's account."""
    new = path.with_name(f".{path.name}.new")  # one name: the lock lets one write at a time, and a crash's is written over
    new.unlink(missing_ok=True)
    _write_new(new, data)
    owner = path.stat()
    if owner.st_uid != os.geteuid():
        os.chown(new, owner.st_uid, owner.st_gid)
    os.replace(new, path)
    sync_folder(path.parent)


def _existing(home: Path) -> Path:
    if not (home / FOLDER).exists():
        raise Refused("keys.none", home=str(home))
    return home / FOLDER


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Hold the folder for ourselves: no other process of ours reads or changes it while the block runs."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """A new name survives a power cut only when its folder is synced too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(home: Path) -> None:
    """Delete what a crash in the middle of `_create` left: keys that nothing ever used."""
    for left in home.glob(f".{FOLDER}-*"):
        shutil.rmtree(left, ignore_errors=True)
