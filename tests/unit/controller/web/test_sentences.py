"""Every refusal says why, in two languages (law 9): no code of the source is without its sentences."""

from __future__ import annotations

import ast
import re

import pytest

from audio.errors import CODES
from controller.domain.errors import TiengLangError
from controller.service.alarms import FULL, NODE_FULL
from controller.service.deliveries import CLONE
from controller.service.presence import NEWBORN
from controller.service.timekeeping import BEHIND, FORGIVEN
from controller.web.alarm_sentences import ALARMS
from controller.web.errors import problem, problem_response
from controller.web.sentences import LANGUAGES, SENTENCES, WHY, WHYS, fill, sentence, why_sentence
from scheduler.errors import CODES as RULE_CODES
from tests.unit.house.tree import ROOT, sources

# Those of the command line and the start, which have no page: `controller.cli.sentences` says them.
NOT_OURS = ("config.", "keys.", "broker.", "cli.", "server.", "serve.", "usage.", "backup.", "restore.")
ERRORS = {"Refused", "NotFound", "Conflict", "Unavailable", "TiengLangError"}


def codes_of_the_source() -> set[str]:
    """Every literal code that the controller raises, and those `db.database` works out."""
    found = {"database.locked", "database.full", "database.away"}
    for path, tree in sources():
        if path.startswith("controller/") and not path.startswith("controller/cli"):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.add(first.value)
    return {code for code in found if not code.startswith(NOT_OURS)}


def test_every_code_has_both_sentences() -> None:
    missing = sorted(codes_of_the_source() - SENTENCES.keys() - CODES)
    assert missing == []


@pytest.mark.parametrize(("code", "pair"), sorted((SENTENCES | ALARMS).items()))
def test_a_sentence_ends_as_one_in_both_languages_and_names_the_same_fields(code: str, pair: tuple[str, str]) -> None:
    vi, en = pair
    assert vi.endswith(".")
    assert en.endswith(".")
    assert set(re.findall(r"\{(\w+)\}", vi)) == set(re.findall(r"\{(\w+)\}", en))


def test_what_is_refused_for_a_reason_of_the_resolver_is_told_with_that_reason() -> None:
    fields = {"unit": "Xã Phúc Sen", "minutes": "45"}
    assert sentence("airing.session", fields, "vi") == "Không phát được vào giờ đó: giới hạn một buổi 45 phút của Xã Phúc Sen."
    untold = [code for code in WHYS if sentence(f"airing.{code}", {}, "en") == sentence("airing.nothing-we-know", {}, "en")]
    assert untold == []


def test_every_alarm_of_the_source_has_its_sentences() -> None:
    assert {CLONE, BEHIND, FORGIVEN, FULL, NODE_FULL, f"node.{NEWBORN}"} <= ALARMS.keys()


@pytest.mark.parametrize("code", sorted(RULE_CODES))
def test_every_refusal_of_the_scheduler_is_a_sentence_in_both_languages(code: str) -> None:
    for language in LANGUAGES:
        assert code not in sentence(code, {}, language)


def test_an_unknown_code_is_named() -> None:
    assert sentence("moon.full", {}, "vi") == "Có lỗi chưa rõ (mã moon.full)."
    assert problem_response(TiengLangError("moon.full")).status_code == 500


def test_a_parenthesis_without_its_field_is_left_out() -> None:
    assert fill("Trùng giờ ({village}: “{title}”). Chọn lại.", {}) == "Trùng giờ. Chọn lại."
    assert fill("Trùng giờ ({village}: “{title}”).", {"village": "Khào A", "title": "Họp"}) == "Trùng giờ (Khào A: “Họp”)."


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_sound_s_refusal_reads_without_its_fields_too(code: str) -> None:
    assert "?" not in sentence(code, {}, "vi")
    assert "?" not in sentence(code, {}, "en")


def test_a_problem_holds_all_four() -> None:
    said = problem("airing.no-nodes", {"units": ("Khào A",)})
    assert said == {
        "code": "airing.no-nodes",
        "message_vi": "Nơi đã chọn chưa có cụm loa nào.",
        "message_en": "No loudspeaker stands in the chosen places yet.",
        "fields": {"units": ["Khào A"]},
    }


def test_a_reason_nobody_wrote_a_sentence_for_is_shown_as_it_is() -> None:
    assert why_sentence("", "vi") == ""
    assert why_sentence("new-reason", "vi") == "new-reason"


def test_every_reason_of_the_contract_has_its_sentence() -> None:
    text = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
    rows = text[text.index("| why | with | meaning |") :].split("\n\n")[0].splitlines()[2:]
    codes = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert len(codes) > 20
    assert codes == WHY.keys()


def test_every_alarm_of_the_contract_has_its_sentence() -> None:
    section = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8").partition("| alarm | meaning |")[2].partition("## 16")[0]
    told = re.findall(r"^\| `([a-z.-]+)` \|", section, re.MULTILINE)
    assert len(told) > 5
    assert [code for code in told if f"node.{code}" not in ALARMS] == []
