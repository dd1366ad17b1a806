"""Every role and every deed has its words in both languages; what this program does not know any more keeps its code."""

from __future__ import annotations

import re
from pathlib import Path

from controller import service
from controller.domain.rights import Deed, Role
from controller.web.right_sentences import DEEDS, OWN, ROLES, deed_words
from controller.web.sentences import sentence


def test_roles_and_deeds_have_words() -> None:
    assert (set(ROLES), set(DEEDS)) == (set(Role), set(Deed))
    assert all(vi and en for vi, en in [*ROLES.values(), *DEEDS.values(), *OWN.values()])
    told = [path.read_text(encoding="utf-8") for path in Path(service.__file__).parent.glob("*.py")]
    assert {deed for text in told for deed in re.findall(r'note_own\(tx, \w+, "([^"]+)"', text)} == set(OWN)


def test_a_deed_of_another_day_keeps_its_code() -> None:
    assert [deed_words("airing.say", language) for language in ("vi", "en")] == ["phát bản tin", "say bulletins"]
    assert deed_words("radio.dance", "vi") == "radio.dance"


def test_a_refusal_says_what_may_not_be_done_and_where() -> None:
    fields = {"deed": "airing.say", "unit": "Khào A"}
    assert sentence("right.none", fields, "vi") == "Tài khoản này không được phát bản tin (Khào A)."
    assert sentence("right.none", fields | {"unit": ""}, "en") == "This account may not say bulletins."
