"""Each guard of the loudspeaker's mind is needed: without it the tests that it names fail. All are tried in the long run."""

from __future__ import annotations

import re

import pytest

from tests.mutation.guard import Guard
from tests.mutation.guards import GUARDS
from tests.mutation.workshop import ROOT, Workshop, where

QUICK = [guard for guard in GUARDS if guard.is_quick]


def name_of(guard: Guard) -> str:
    """What pytest calls it."""
    words = re.sub(r"\W+", " ", guard.text).strip()
    return f"{guard.file.rpartition('/')[2]}: {words[:60]}"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.mark.parametrize("guard", GUARDS, ids=name_of)
def test_every_guard_stands_in_its_file_once_and_names_tests_that_there_are(guard: Guard) -> None:
    assert (ROOT / guard.file).read_text().count(guard.text) == 1
    assert guard.seen_by
    assert [name for name in guard.seen_by if not where().get(name)] == []


def test_every_scenario_is_seen_to_fail_without_its_rule() -> None:
    named = {name for guard in GUARDS for name in guard.seen_by}
    scenarios = {name for name, file in where().items() if file.startswith("tests/scenarios/")}
    assert sorted(scenarios - named) == []


def test_with_its_guards_it_passes(workshop: Workshop) -> None:
    assert workshop.failures({name for guard in QUICK for name in guard.seen_by}, writes_bytecode=True) == set()


@pytest.mark.soak
def test_with_all_its_guards_it_passes_all(workshop: Workshop) -> None:
    assert workshop.failures({name for guard in GUARDS for name in guard.seen_by}, writes_bytecode=True) == set()


@pytest.mark.parametrize(
    "guard", [pytest.param(each, id=name_of(each), marks=() if each.is_quick else pytest.mark.soak) for each in GUARDS]
)
def test_without_the_guard_each_test_that_it_names_fails(workshop: Workshop, guard: Guard) -> None:
    assert sorted(set(guard.seen_by) - workshop.failures_without(guard)) == []
