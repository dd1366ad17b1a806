"""Keys on disk: the only file that reads or writes them. All of them, or a clear error; never silently a new master.

    HOME/keys/            0700, every file 0600
      master.key          32 bytes: every node's key is derived from it. Lose it, and every loudspeaker must be set up anew
      keys.json           the Ed25519 keys that sign, by use, with kid and validity; and a check value of the master
      root.pub            the root's public half, pinned in every node
      root.key            the root's private half: seals trust.jws. Absent once it was taken off to a safe place
      trust.jws           the newest trust document as the root sealed it

The folder is made whole beside its place and renamed there, so a crash leaves either none of it or all of it. Errors:
Refused("keys.missing" | "keys.damaged" | "keys.open-to-others" | "keys.mismatch" | "keys.root-off" | "keys.root-exists").
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.domain.errors import Refused
from controller.protocol import codec, keys, seal
from controller.protocol.messages import Trust, Use
from controller.service.keyring import Keyring, SigningKey, seal_trust, trust_keys
from scheduler.clock import moment

FOLDER = "keys"

_VALID_MS = 2 * 365 * 86_400_000
"""Two years: longer than a commune's budget year, short enough that a leaked key ends."""

_BEFORE_MS = 3_600_000
"""A key is valid an hour before it was made: our clock may be corrected back once after the first start."""

_MAX_FILE = 65_536
"""Bytes of any file here: many times the largest."""

_KID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that people confuse when they read a kid aloud
_T = TypeVar("_T")


class _Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kid: str
    use: Use
    d: str
    x: str
    nbf: int
    exp: int


class _Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    master_check: str
    keys: list[_Key]


def open_or_create(home: Path, now_ms: int, random: Callable[[int], bytes], issuer: str, *, may_create: bool = True) -> Keyring:
    """The keyring of `home`, made on the first start. `random(n)` gives n bytes no one can guess (`os.urandom`).

    `may_create` False (the database already knows nodes) makes a missing folder an error: its keys are elsewhere. Refused
    when anything is missing, damaged or readable by others. Two processes that start at once get the same keys.
    """
    folder = home / FOLDER
    if not folder.exists():
        if not may_create:
            raise Refused("keys.missing", path=str(folder))
        _create(folder, now_ms, random, issuer)
    _sweep(home)
    return _open(folder, now_ms, issuer)


def open_existing(home: Path, now_ms: int, issuer: str) -> Keyring | None:
    """The keyring of `home`, None if there is none yet; Refused as `open_or_create`."""
    return _open(home / FOLDER, now_ms, issuer) if (home / FOLDER).exists() else None


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
    _sync_folder(folder)


def _create(folder: Path, now_ms: int, random: Callable[[int], bytes], issuer: str) -> None:
    """Make the whole folder beside its place, then rename it there: the rename is the moment from which it exists."""
    home = folder.parent
    home.mkdir(parents=True, exist_ok=True)
    made = home / f".{FOLDER}-{random(8).hex()}"
    made.mkdir(mode=0o700)
    try:
        root = Ed25519PrivateKey.from_private_bytes(random(32))
        master = random(32)
        signing = {use: _new_key(use, now_ms, random) for use in Use}
        _write_new(made / "master.key", master)
        _write_new(made / "keys.json", _dump(master, signing))
        _write_new(made / "root.pub", _public_text(root).encode() + b"\n")
        _write_new(made / "root.key", keys.to_text(root.private_bytes_raw()).encode() + b"\n")
        _write_new(made / "trust.jws", seal_trust(root, signing, now_ms=now_ms, version=now_ms, iss=issuer))
        _sync_folder(made)
        os.rename(made, folder)  # fails when another process was quicker: its keys are as good
        _sync_folder(home)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not folder.exists():
            raise


def _new_key(use: Use, now_ms: int, random: Callable[[int], bytes]) -> SigningKey:
    tail = "".join(_KID_LETTERS[byte % len(_KID_LETTERS)] for byte in random(6))
    return SigningKey(
        kid=f"{use.value}-{moment(now_ms).year}-{tail}",
        use=use,
        private=Ed25519PrivateKey.from_private_bytes(random(32)),
        nbf=max(0, now_ms - _BEFORE_MS),
        exp=now_ms + _VALID_MS,
    )


def _dump(master: bytes, signing: Mapping[Use, SigningKey]) -> bytes:
    rows = [
        _Key(
            kid=key.kid,
            use=key.use,
            d=keys.to_text(key.private.private_bytes_raw()),
            x=key.public_text,
            nbf=key.nbf,
            exp=key.exp,
        )
        for key in signing.values()
    ]
    return msgspec.json.format(msgspec.json.encode(_Keys(master_check=_master_check(master), keys=rows)), indent=2) + b"\n"


def _open(folder: Path, now_ms: int, issuer: str) -> Keyring:
    _check_private(folder)
    master = _read(folder, "master.key")
    document = _parsed(folder / "keys.json", lambda data: msgspec.json.decode(data, type=_Keys))
    if len(master) != 32:
        raise Refused("keys.damaged", path=str(folder / "master.key"))
    if _master_check(master) != document.master_check:
        raise Refused("keys.mismatch", path=str(folder / "master.key"), other=str(folder / "keys.json"))
    signing = _parsed(folder / "keys.json", lambda _: _signing(document))
    root_text = _parsed(folder / "root.pub", _public_line)
    trust, version = _current_trust(folder, root_text, signing, now_ms, issuer)
    return Keyring(issuer=issuer, master=master, root_text=root_text, keys=signing, trust=trust, trust_version=version)


def _current_trust(
    folder: Path, root_text: str, signing: Mapping[Use, SigningKey], now_ms: int, issuer: str
) -> tuple[bytes, int]:
    """The trust document on disk; sealed anew by the root, if it is here, when it does not say what holds."""
    token = _read(folder, "trust.jws")
    document = _open_trust(token, root_text, folder)
    if document.iss == issuer and document.keys == trust_keys(signing):
        return token, document.version
    root = _read_root(folder)
    version = max(document.version + 1, now_ms)
    token = seal_trust(root, signing, now_ms=now_ms, version=version, iss=issuer)
    _replace(folder / "trust.jws", token)
    return token, version


def _open_trust(token: bytes, root_text: str, folder: Path) -> Trust:
    public = keys.public_key(root_text)

    def opened(data: bytes) -> Trust:
        _, payload = seal.open_signed(data, codec.TYP_OF[Trust], lambda kid: public if kid == keys.ROOT_KID else None)
        return codec.decode(Trust, payload)

    return _interpreted(folder / "trust.jws", token, opened)


def _signing(document: _Keys) -> dict[Use, SigningKey]:
    """The signing keys by use; ValueError unless there is exactly one for each, and each is whole."""
    if [row.use for row in document.keys] != list(Use):
        raise ValueError("not one key for each use")
    signing = {}
    for row in document.keys:
        private = Ed25519PrivateKey.from_private_bytes(keys.from_text(row.d))
        if _public_text(private) != row.x:
            raise ValueError("the halves of a key do not belong together")
        signing[row.use] = SigningKey(kid=row.kid, use=row.use, private=private, nbf=row.nbf, exp=row.exp)
    return signing


def _read_root(folder: Path) -> Ed25519PrivateKey:
    """The root's private half; Refused("keys.root-off") if it was taken off, "keys.mismatch" if it is another root's."""
    if not (folder / "root.key").exists():
        raise Refused("keys.root-off", folder=str(folder))
    root = _read_private(folder / "root.key")
    if _public_text(root) != _parsed(folder / "root.pub", _public_line):
        raise Refused("keys.mismatch", path=str(folder / "root.key"), other=str(folder / "root.pub"))
    return root


def _read_private(path: Path) -> Ed25519PrivateKey:
    return _parsed(path, lambda data: Ed25519PrivateKey.from_private_bytes(keys.from_text(data.decode().rstrip("\n"))))


def _public_line(data: bytes) -> str:
    text = data.decode().rstrip("\n")
    keys.public_key(text)
    return text


def _public_text(private: Ed25519PrivateKey) -> str:
    return keys.to_text(private.public_key().public_bytes_raw())


def _master_check(master: bytes) -> str:
    """Tells one master from another, and nothing about either: 64 bits of a hash of 256 random ones."""
    return hashlib.sha256(b"tl/1/master-check" + master).hexdigest()[:16]


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
    new = path.with_name(f".{path.name}-{os.getpid()}")
    new.unlink(missing_ok=True)
    _write_new(new, data)
    os.replace(new, path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(home: Path) -> None:
    """Delete what a crash in the middle of `_create` left: keys that nothing ever used."""
    for left in home.glob(f".{FOLDER}-*"):
        shutil.rmtree(left, ignore_errors=True)
