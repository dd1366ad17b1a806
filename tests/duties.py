"""Which test holds which duty of docs/wire.md: `python -m tests.duties` writes the table of its section 17.

A test says so itself, `@pytest.mark.wire(53, 54)` on a function, a class, or (`pytestmark`) a file; a check of the conformance
kit by its numbers, `@check(53, ...)` in simulator/conform. `tests/unit/house/test_duties.py` fails where a duty has no test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
WIRE = ROOT / "docs" / "wire.md"
VIETNAMESE = ROOT / "docs" / "wire.vi.md"
KIT = ROOT / "simulator" / "conform"
BEGIN, END = "<!-- duties: written by tests/duties.py -->\n", "<!-- /duties -->"


def numbers(text: str) -> list[int]:
    """The duties of a document, in its order."""
    return [int(number) for number in re.findall(r"^- \[WIRE-(\d+)\]", text, re.MULTILINE)]


def tested() -> dict[int, list[str]]:
    """For each duty the tests that hold it, as "path::name", sorted."""
    found: dict[int, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_bytes())
        for name, marked in _marks(tree):
            for number in marked:
                found.setdefault(number, []).append(f"{path.relative_to(ROOT).as_posix()}::{name}")
    return found


def checked() -> set[int]:
    """The duties that the conformance kit tries."""
    trees = [ast.parse(path.read_bytes()) for path in sorted(KIT.glob("*.py"))]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {number for call in calls if _name(call.func) == "check" for number in _integers(call)}


def with_table(text: str) -> str:
    """The document with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{_table(numbers(text))}\n{END}{rest.partition(END)[2]}"


def _table(duties: list[int]) -> str:
    tests, kit = tested(), checked()
    rows = ["| duty | tests | kit |", "|---|---|---|"]
    for number in duties:
        names = [f"[{name.split('::')[1].removeprefix('test_')}](../{name.split('::')[0]})" for name in tests.get(number, ())]
        rows.append(f"| {number} | {'; '.join(names)} | {'yes' if number in kit else ''} |")
    return "\n".join(rows) + "\n"


def _marks(tree: ast.Module) -> Iterator[tuple[str, list[int]]]:
    """(name, duties) of every marked test; the marks of a file or class are its tests' own."""
    everywhere = [number for node in tree.body if isinstance(node, ast.Assign) for number in _of_pytestmark(node)]
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        shared = everywhere + (_of_decorators(node) if isinstance(node, ast.ClassDef) else [])
        for each in inner:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_"):
                yield each.name, [*shared, *_of_decorators(each)]


def _of_pytestmark(node: ast.Assign) -> list[int]:
    if not any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets):
        return []
    return [number for call in ast.walk(node.value) if isinstance(call, ast.Call) for number in _wire(call)]


def _of_decorators(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[int]:
    return [number for call in node.decorator_list if isinstance(call, ast.Call) for number in _wire(call)]


def _wire(call: ast.Call) -> list[int]:
    return _integers(call) if _name(call.func) == "wire" else []


def _integers(call: ast.Call) -> list[int]:
    return [each.value for each in call.args if isinstance(each, ast.Constant) and type(each.value) is int]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


if __name__ == "__main__":
    WIRE.write_text(with_table(WIRE.read_text()))
