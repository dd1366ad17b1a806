"""Every decision that the resolver can make is a whole sentence in both languages, with the names that it needs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from controller.service.kept import KeptPolicy, Ruling
from controller.service.names import Names, Wished
from controller.service.reasons import Reason, Reasons
from controller.web.decision_sentences import ALONE, HEADS, decision_sentence
from controller.web.sentences import LANGUAGES, WHYS
from scheduler.limits import Policy
from scheduler.resolve import Wishes
from tests.unit.scheduler.test_resolve import VILLAGES, policies, resolved, wishes
from tests.unit.scheduler.turns import at

PLACES = {"p1": "Cao Bằng", "x1": "Xã Phúc Sen", "x1-1": "Khào A", "x1-2": "Lũng Vài", "x2": "Đàm Thuỷ", "x2-1": "Bản Giốc"}
UTC_OFFSET = 420


def reason(code: str, **known: object) -> Reason:
    return Reason(wish="p1/0#0", code=code, at_ms=at("17:45"), title="Buổi chiều", **known)


@given(wishes(), policies)
def test_whatever_is_decided_is_a_sentence_with_nothing_missing(wished: Wishes, policy: Policy) -> None:
    names = Names(units=PLACES, sounds={}, wished={turn.series: Wished(title="Buổi sáng") for turn in wished.occurrences})
    kept = {"x1": KeptPolicy(unit="x1", ruling=Ruling(policy=policy)), "x2": KeptPolicy(unit="x2", ruling=Ruling(policy=policy))}
    reasons = Reasons(wished.occurrences, wished.notices, names, kept)
    lines = resolved(wished, policy)
    for village in VILLAGES:
        for decision in lines[village.id].decisions:
            told = reasons.of(decision, village.path)
            for language in LANGUAGES:
                text = decision_sentence(told, UTC_OFFSET, language)
                assert text.endswith(".")
                assert decision.code == told.code
                assert not re.search(r"\?|\{|\bcode\b|\bmã\b|None| :|  ", text), (decision, text)


def test_a_limit_is_told_with_whose_it_is() -> None:
    session = reason("cut.session", unit="Xã Phúc Sen", limit=2_700_000)
    assert decision_sentence(session, UTC_OFFSET, "en") == "Cut at 17:45: session limit of 45 minutes of Xã Phúc Sen."
    assert decision_sentence(session, UTC_OFFSET, "vi") == "Bị cắt lúc 17:45: giới hạn một buổi 45 phút của Xã Phúc Sen."
    sessions = reason("dropped.sessions", unit="Xã Phúc Sen", limit=2)
    assert decision_sentence(sessions, UTC_OFFSET, "en") == "Not said: limit of 2 sessions a day of Xã Phúc Sen."


@pytest.mark.parametrize(
    ("code", "known", "text"),
    [
        ("later.taken", {"by": "Tin lũ"}, "It plays later, at 17:45 (after “Tin lũ”)."),
        ("later.taken", {}, "It plays later, at 17:45."),
        ("cut.taken", {"by": "Tin lũ"}, "Cut at 17:45: something else sounds then (“Tin lũ”)."),
        ("moved.segment", {}, "Moved to the next time: the end of its segment."),
        ("dropped.reach", {"unit": "Đàm Thuỷ"}, "Not said: Đàm Thuỷ has no say here."),
        ("waits.language", {"unit": "Khào A", "languages": ("tyz",)}, "It waits: not a language of Khào A (tyz)."),
        ("cut.moon", {}, "For another reason (code cut.moon)."),
    ],
)
def test_sentences_as_they_are_read(code: str, known: dict[str, object], text: str) -> None:
    assert decision_sentence(reason(code, **known), UTC_OFFSET, "en") == text


@pytest.mark.parametrize(("name", "pair"), sorted((HEADS | WHYS | ALONE).items()))
def test_both_languages_name_the_same_fields(name: str, pair: tuple[str, str]) -> None:
    vi, en = (set(re.findall(r"\{(\w+)\}", text)) for text in pair)
    assert vi == en, name
