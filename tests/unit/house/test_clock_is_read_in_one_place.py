"""Time is an argument: only scheduler/clock.py reads a clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.unit.house.tree import sources

THE_CLOCK = "scheduler/clock.py"
# Kept empty. If it can't be, {"path": "reason"}.
EXCEPTIONS: dict[str, str] = {}

_TIME = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "clock_gettime", "clock_gettime_ns"}
_TIME_OF_NOW_IF_BARE = {"gmtime": 1, "localtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}
_DATETIME = {"now", "utcnow", "today"}
_LOOPS = {"loop", "_loop"}


def clock_reads(tree: ast.Module) -> Iterator[str]:
    """Where a module asks for the time: `time.time()`, `from time import monotonic`, `datetime.now()`, `loop.time()` ..."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"{node.lineno}: from time import {a.name}" for a in node.names if a.name in _TIME)
        elif (isinstance(node, ast.Attribute) and _is_a_clock(node)) or (isinstance(node, ast.Call) and _is_now_by_default(node)):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _is_a_clock(node: ast.Attribute) -> bool:
    owner = ast.unparse(node.value)
    last = owner.split(".")[-1]
    if owner == "time":
        return node.attr in _TIME
    if last in ("datetime", "date"):
        return node.attr in _DATETIME
    return node.attr == "time" and (last in _LOOPS or last.endswith("_loop()"))


def _is_now_by_default(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "time"):
        return False
    return len(node.args) < _TIME_OF_NOW_IF_BARE.get(node.func.attr, 0)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "from time import monotonic_ns",
        "clock = time.monotonic",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "asyncio.get_running_loop().time()",
        "self._loop.time()",
        "time.strftime('%H')",
    ],
)
def test_each_way_to_read_a_clock_is_seen(source: str) -> None:
    assert list(clock_reads(ast.parse(source)))


@pytest.mark.parametrize("source", ["when.time()", "time.sleep(1)", "clock.now()", "datetime.fromtimestamp(0, UTC)"])
def test_what_reads_no_clock_is_let_through(source: str) -> None:
    assert not list(clock_reads(ast.parse(source)))


def test_only_the_clock_reads_a_clock() -> None:
    reads = {path: found for path, tree in sources() if (found := list(clock_reads(tree)))}
    assert reads.pop(THE_CLOCK, None), "the clock itself is no longer seen: this test sees nothing"
    assert {path: found for path, found in reads.items() if path not in EXCEPTIONS} == {}
