"""The guards of a loudspeaker's mind: what each says, what stands there without it, and the tests that must fail then.

`test_guards.py` takes each of them away in a copy of the sources. A test is named by its function, which is unique; a file by
its path; the text must stand in the file exactly once. Whoever changes a guard changes its row; whoever adds one adds a row.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """`text` in `file` is what holds the law; `instead` is the same place without it. Each of `seen_by` fails then."""

    file: str
    text: str
    instead: str
    seen_by: tuple[str, ...]
    is_quick: bool = False


def guard(file: str, text: str, instead: str, *seen_by: str, quick: bool = False) -> Guard:
    """One row of the table."""
    return Guard(f"{file}.py", text, instead, tuple(f"test_{name}" for name in seen_by), quick)
