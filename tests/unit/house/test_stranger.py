"""The stranger (tests/stranger) proves that docs/wire.md is enough: it knows nothing of ours, and is read in an hour."""

from __future__ import annotations

import ast
import sys

from tests.unit.house.tree import ROOT, imports

FILES = sorted((ROOT / "tests" / "stranger").glob("*.py"))
ALLOWED = {"paho", "cryptography", "jsonschema", *sys.stdlib_module_names}


def test_it_imports_nothing_of_ours() -> None:
    named = {name for file in FILES for name in imports(ast.parse(file.read_bytes()))}
    foreign = {name for name in named if name.split(".")[0] not in ALLOWED and not name.startswith("tests.stranger.")}
    assert named
    assert foreign == set()


def test_all_of_it_together_is_short() -> None:
    assert sum(len(file.read_text().splitlines()) for file in FILES) < 800
