"""The conformance kit's own book-keeping: what a run says, and that every check is of a duty that exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simulator.conform import run
from simulator.conform.book import CHECKS, Broken, Check, Stage, Untried, Verdict, judged, summed
from simulator.conform.identity import new, read, write
from simulator.conform.report import FOR_CONTROLLERS, FOR_NODES, UNSEEN, for_machines, for_people, is_good
from tests.duties import WIRE, numbers


async def _story(_: object) -> None:
    """A story"""


CHECK = Check(title="A story", duties=(53, 54), stage=Stage.CALM, story=_story)


def test_every_duty_of_the_contract_is_tried_or_told_why_not() -> None:
    assert run.STAGES  # its import registers all checks
    tried = {duty for one in CHECKS for duty in one.duties}
    assert tried | set(UNSEEN) == FOR_NODES | FOR_CONTROLLERS == set(numbers(WIRE.read_text()))


def test_every_check_has_a_title_in_one_sentence() -> None:
    assert [one for one in CHECKS if not re.fullmatch(r"\S.{10,130}[^.]", one.title)] == []


def test_a_broken_duty_says_what_was_expected_and_the_rest_of_its_check_is_not_tried() -> None:
    assert judged(CHECK, None) == [Verdict(duty=duty, check="A story", state="holds") for duty in (53, 54)]
    guilty, rest = judged(CHECK, Broken("silence", "a sound", 54))
    assert (guilty.duty, guilty.state, guilty.expected, guilty.came) == (54, "broken", "silence", "a sound")
    assert (rest.duty, rest.state) == (53, "untried")
    assert [one.state for one in judged(CHECK, Untried("no hand"))] == ["untried", "untried"]
    assert [one.state for one in judged(CHECK, ValueError("oh"))] == ["broken", "broken"]


def test_of_several_checks_the_worst_word_counts_and_not_tried_is_no_word() -> None:
    said = [Verdict(duty=53, check=word, state=word) for word in ("untried", "holds", "broken")]  # type: ignore[arg-type]
    assert [one.state for one in summed(said, {}, (53,))] == ["broken"]
    assert [one.state for one in summed(said[:2], {}, (53,))] == ["holds"]
    assert [(one.state, one.came) for one in summed([], {58: "too quiet"}, (58,))] == [("untried", "too quiet")]


def test_the_report_answers_first() -> None:
    verdicts = [
        Verdict(duty=53, check="Once", state="holds"),
        Verdict(duty=54, check="In time", state="broken", expected="missed", came="started"),
        Verdict(duty=58, check="", state="untried", came="too quiet"),
    ]
    text = for_people(verdicts, hears=False)
    assert text.splitlines()[0] == "1 of 2 duties hold; broken: 54."
    assert "[WIRE-54] In time" in text
    assert "--sound-log" in text
    assert for_people(verdicts[:1]).startswith("1 of 1 duties hold; nothing is broken.")
    assert json.loads(for_machines(verdicts))["broken"] == 1
    assert is_good(verdicts[:1])
    assert not is_good(verdicts)


def test_an_identity_comes_back_from_its_files_and_only_its_own_node_may_use_it(tmp_path: Path) -> None:
    made = new("loa-1", "mqtt://127.0.0.1", "127.0.0.1:8090")
    write(tmp_path / "loa-1.json", made)
    assert read(tmp_path / "loa-1.json", None, None, "loa-1") == made
    assert (tmp_path / "loa-1.json.kit").stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="loa-1"):
        read(tmp_path / "loa-1.json", None, None, "loa-2")
    for wrong in (("Loa", "mqtt://x", "h:1"), ("loa", "http://x", "h:1"), ("loa", "mqtt://x", "h")):
        with pytest.raises(ValueError):
            new(*wrong)
