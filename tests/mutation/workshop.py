"""A copy of the sources in which a guard can be taken away, and the tests run as if nothing had happened."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.mutation.guard import Guard

ROOT = Path(__file__).parents[2]
SOURCES = ("audio", "controller", "firmware_bridge", "scheduler")
TESTS = ("tests/scenarios", "tests/unit/controller", "tests/unit/firmware_bridge", "tests/support", "tests/vectors")
LOOSE = ("pyproject.toml", "docs/wire.md", "tests/__init__.py", "tests/conftest.py")
NAMED_IN = ("tests/scenarios", "tests/unit/firmware_bridge", "tests/unit/controller/protocol")
"""Where the tests stand that a guard may name."""

TIMEOUT_S = 100
"""A mind without a guard may never come to rest."""


@cache
def where() -> dict[str, str]:
    """The file of each test that a guard may name. A name that occurs twice has none."""
    found: dict[str, str] = {}
    for folder in NAMED_IN:
        for path in sorted((ROOT / folder).glob("test_*.py")):
            for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE):
                found[name] = "" if name in found else path.relative_to(ROOT).as_posix()
    return found


class Workshop:
    """One copy. Its bytecode is written once, by the run in which nothing is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in (*SOURCES, *TESTS):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "static", "*.mp3"))
        (folder / "docs").mkdir()
        for name in LOOSE:
            shutil.copy(ROOT / name, folder / name)

    def failures(self, names: Iterable[str], *, writes_bytecode: bool = False) -> set[str]:
        """Which of these tests fail, by name. AssertionError if they could not be run at all."""
        command = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "--tb=no"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
        environment |= {"PYTHONPATH": str(self._folder)} | ({} if writes_bytecode else {"PYTHONDONTWRITEBYTECODE": "1"})
        ran = subprocess.run(
            [*command, *sorted(f"{where()[name]}::{name}" for name in names)],
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert ran.returncode in (0, 1), ran.stdout[-2_000:] + ran.stderr[-2_000:]
        return set(re.findall(r"^FAILED \S+::(test_\w+)", ran.stdout, re.MULTILINE))

    def failures_without(self, guard: Guard) -> set[str]:
        """Which of the guard's tests fail while it is missing."""
        path = self._folder / guard.file
        whole = path.read_text()
        for stale in path.parent.glob(f"__pycache__/{path.stem}.*"):
            stale.unlink()  # by its time and size alone Python might take it for the mutant's
        path.write_text(whole.replace(guard.text, guard.instead))
        try:
            return self.failures(guard.seen_by)
        finally:
            path.write_text(whole)
