"""The guard of ADR-0001, and what may not be in the repository."""

from __future__ import annotations

import re
from importlib.metadata import distribution, packages_distributions

import pytest

from tests.unit.house.tree import FOLDERS, ROOT, committed

LINES_AT_MOST = 400  # rule 10: a module is split before
# Spelt in two pieces, so that this file does not find itself.
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(a + b) for a, b in (("pypi", ".org"), ("pythonhosted", ".org"), ("npmjs", ".org"), ("yarnpkg", ".com"))
    ).encode()
    + rb"|--(?:extra-)?index-"
    + rb"url|--find-"
    + rb"links"
)
# Somebody's home or workshop. Where a service lives on a server (/opt, /var/lib, /etc) is not one of them.
BUILD_PATHS = re.compile(rb"(?<![\w./~$}-])/(?:" + rb"work|root|home/\w+|Users/\w+|github/workspace|builds)/")


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_belongs_to_our_distribution_alone(folder: str) -> None:
    assert set(packages_distributions()[folder]) == {"tienglang"}


def test_it_can_not_be_uploaded_by_mistake() -> None:
    assert "Private :: Do Not Upload" in distribution("tienglang").metadata.get_all("Classifier", [])


def test_every_dependency_has_one_pinned_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    names = [re.split("[=;]", line)[0].lower().replace("_", "-") for line in lines]
    assert [line for line in lines if not re.match(r"[A-Za-z0-9_.-]+==[^\s;]+(?:; .+)?$", line)] == []
    assert len(set(names)) == len(names)
    wanted = {re.split(r"[\s;<>=\[]", need)[0].lower() for need in distribution("tienglang").requires or []}
    assert wanted - set(names) == set()


def test_the_files_to_guard_are_seen() -> None:
    assert {ROOT / "constraints.txt", ROOT / "scheduler/clock.py", ROOT / "README.md"} <= set(committed())


def test_no_file_names_a_package_registry() -> None:
    assert [str(path) for path in committed() if REGISTRY_HOSTS.search(path.read_bytes())] == []


def test_no_file_names_a_place_on_the_machine_it_was_made_on() -> None:
    assert [str(path) for path in committed() if BUILD_PATHS.search(path.read_bytes())] == []


def test_no_module_outgrows_a_reader() -> None:
    modules = [path for path in committed() if path.suffix == ".py" and "migrations/versions" not in path.as_posix()]
    lengths = {str(path): len(path.read_bytes().splitlines()) for path in modules}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_AT_MOST} == {}


def test_the_licence_is_the_whole_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.lstrip().startswith("Apache License\n                           Version 2.0, January 2004")
    assert "END OF TERMS AND CONDITIONS" in text
    assert "APPENDIX: How to apply the Apache License to your work." in text
