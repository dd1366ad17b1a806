"""One at a time: a home has one server, nothing is restored under a running one, and a file of a database has one too.

The lock is the kernel's (`flock` on HOME/run/lock): it is gone with the process that held it, however that ended.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from controller.domain.errors import Conflict

FILE = "lock"

_BOOT = Path("/proc/sys/kernel/random/boot_id")
"""What Linux calls this machine from its start to its end."""


@contextmanager
def alone(run_dir: Path) -> Iterator[None]:
    """Have the home to ourselves while the block runs; Conflict("server.running") if a server or a restore has it."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with _alone(run_dir / FILE, run_dir.parent):
        yield


@contextmanager
def alone_with(file: Path | None) -> Iterator[None]:
    """Have a database to ourselves, whatever home we are of; Conflict("server.running"). None: it is no file."""
    if file is None or not file.name or not file.parent.is_dir():
        yield
        return
    with _alone(file.with_name(f"{file.name}.lock"), file):
        yield


def name_of(run_dir: Path) -> str:
    """What tells this home from every other, as long as this machine runs: whoever has its lock has this name alone.

    A copied home is another file, a copied machine another start. What can't be told is never the same twice.
    """
    try:
        file, boot = (run_dir / FILE).stat(), _BOOT.read_text().strip()
    except OSError:
        return secrets.token_hex(16)
    return sha256(f"{boot} {file.st_dev} {file.st_ino}".encode()).hexdigest()[:32]


@contextmanager
def _alone(lock: Path, what: Path) -> Iterator[None]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict("server.running", home=str(what)) from None
        yield
    finally:
        os.close(handle)


def is_held(run_dir: Path) -> bool:
    """Does somebody have the home? Changes nothing."""
    try:
        handle = os.open(run_dir / FILE, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
