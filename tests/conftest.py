"""What holds for every test: it leaves no process of its own behind."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator

import psutil
import pytest

# Python's own helpers live as long as the interpreter that started them, by design.
_PYTHONS_OWN = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
# A stopped process may need a moment to be gone after whoever stopped it has returned.
_GRACE_S = 3.0


def pytest_configure() -> None:
    """Adopt orphans: a grandchild whose parent died comes to us, so that `no_child_is_left` sees it (Linux)."""
    if sys.platform == "linux":
        PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    """Fail, and end, what a test started and did not stop. What a wider fixture started before it may live on."""
    before = _children()
    yield
    left = [child for pid, child in _children().items() if pid not in before and _is_ours(child)]
    if not left:
        return
    _, alive = psutil.wait_procs(left, timeout=_GRACE_S)
    words = []
    for child in alive:
        words.append(_words(child))
        child.kill()
    psutil.wait_procs(alive, timeout=_GRACE_S)
    assert not words, f"the test left running: {'; '.join(words)}"


def _children() -> dict[int, psutil.Process]:
    if not _has_children():
        return {}
    return {child.pid: child for child in psutil.Process().children(recursive=True)}


def _has_children() -> bool:
    """One system call: most tests have none, and reading all of /proc twice for each would cost seconds."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _is_ours(child: psutil.Process) -> bool:
    try:
        if child.status() == psutil.STATUS_ZOMBIE:
            return False  # has ended; only its parent has not asked yet
        return not any(name in " ".join(child.cmdline()) for name in _PYTHONS_OWN)
    except psutil.NoSuchProcess:
        return False


def _words(child: psutil.Process) -> str:
    try:
        return f"{child.pid} {' '.join(child.cmdline())[:200]}"
    except psutil.Error:
        return str(child.pid)
