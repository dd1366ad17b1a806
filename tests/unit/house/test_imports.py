"""Who may import what, where import-linter's contracts (pyproject.toml) do not reach."""

from __future__ import annotations

import pytest

from tests.unit.house.tree import FOLDERS, imports, sources

# One file a library and process (rule 1): to change a library, or to see what it does to us, there is one place to look.
# Where the file is not named here, any will do so long as it is alone in its folder.
ONE_FILE_IN: dict[str, dict[str, str | None]] = {
    "paho": {"controller": "controller/mqtt/link.py", "firmware_bridge": None},
    "gmqtt": {"simulator": None},
    "iotcore": {"controller": None},
    "vietnam_provinces": {"controller": "controller/places.py"},
    "serial": {"firmware_bridge": None},
    "argon2": {"controller": None},
    "pydub": {"audio": None},
    "dateutil": {"scheduler": None},
    "holidays": {"scheduler": None},
}
# What a loudspeaker's software may know of ours: the contract, the law of quiet hours, the clock, and how to decode sound.
NODE_MAY_IMPORT = (
    "firmware_bridge",
    "controller.protocol",
    "controller.domain",
    "scheduler.policy",
    "scheduler.clock",
    "audio.clip",
    "audio.decode",
    "audio.frames",
)


@pytest.mark.parametrize("library", ONE_FILE_IN)
def test_each_outside_library_is_imported_in_one_file_of_the_folders_that_may(library: str) -> None:
    importers = [path for path, tree in sources() if any(name.split(".")[0] == library for name in imports(tree))]
    for path in importers:
        folder = path.split("/")[0]
        assert folder in ONE_FILE_IN[library], f"{path} may not import {library}"
        assert [other for other in importers if other.startswith(f"{folder}/")] == [ONE_FILE_IN[library][folder] or path]


def test_a_loudspeaker_imports_only_the_contract_and_what_it_plays_by() -> None:
    foreign = [
        (path, name)
        for path, tree in sources()
        if path.startswith("firmware_bridge/")
        for name in imports(tree)
        if name.split(".")[0] in FOLDERS and not any(f"{name}.".startswith(f"{allowed}.") for allowed in NODE_MAY_IMPORT)
    ]
    assert foreign == []


def test_nobody_imports_the_tests() -> None:
    assert [path for path, tree in sources() if any(name.split(".")[0] == "tests" for name in imports(tree))] == []
