"""The source files, read once, for the tests of the house."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDERS = ("audio", "controller", "firmware_bridge", "scheduler", "simulator")


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """Each module of ours as its path inside the repository and its syntax tree."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return tuple((path.relative_to(ROOT).as_posix(), ast.parse(path.read_bytes())) for path in paths)


def imports(tree: ast.Module) -> Iterator[str]:
    """Every imported module's dotted name, inside functions and `if TYPE_CHECKING` too; `from a import b` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def committed() -> tuple[Path, ...]:
    """Every file git holds or is about to; outside a clone (an unpacked archive), what such a one would hold."""
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # a runner's clone may belong to another user
    try:
        listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        found = [
            *ROOT.glob("*.*"),
            *(path for name in (*FOLDERS, "deploy", "docs", "tests") for path in (ROOT / name).rglob("*")),
        ]
        listed = [path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts]
    return tuple(path for name in listed if name and (path := ROOT / name).is_file())
