"""One at a time: a home has one server, and nothing is restored under a running one.

The lock is the kernel's (`flock` on HOME/run/lock): it is gone with the process that held it, however that ended.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.domain.errors import Conflict

FILE = "lock"


@contextmanager
def alone(run_dir: Path) -> Iterator[None]:
    """Have the home to ourselves while the block runs; Conflict("server.running") if a server or a restore has it."""
    run_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(run_dir / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict("server.running", home=str(run_dir.parent)) from None
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
