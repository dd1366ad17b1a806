"""What each decision of the resolver is called in front of a person, in Vietnamese and English. The words are the field's.

A code is what becomes of a wish and, behind a dot, why (`scheduler.laying`): HEADS say the one, `sentences.WHYS` the other, ALONE
is what needs no why.
"""

from __future__ import annotations

from datetime import timedelta

from controller.service.reasons import Reason
from controller.web.sentences import LANGUAGES, WHYS, Language, fill
from scheduler.clock import moment

HEADS: dict[str, tuple[str, str]] = {
    "cut": ("Bị cắt lúc {at}: {why}.", "Cut at {at}: {why}."),
    "part": ("Chỉ phát được một phần: {why}.", "Only a part of it is said: {why}."),
    "moved": ("Dời sang lần sau: {why}.", "Moved to the next time: {why}."),
    "dropped": ("Không phát: {why}.", "Not said: {why}."),
}

ALONE: dict[str, tuple[str, str]] = {
    "plays": ("Phát đúng như đã định.", "It plays as wished."),
    "later.taken": ("Phát muộn hơn, lúc {at} (sau “{by}”).", "It plays later, at {at} (after “{by}”)."),
    "empty": ("Không có gì để phát.", "There is nothing to say."),
    "in": ("Được phát lúc {at} (trong “{by}”).", "It is said at {at} (in “{by}”)."),
    "in.cut": ("Được phát lúc {at} (trong “{by}”) nhưng bị cắt.", "It is said at {at} (in “{by}”), but cut."),
    "waits": ("Còn chờ: chưa có chương trình nào phát tin này.", "It waits: no programme says it yet."),
    "waits.language": (
        "Còn chờ: {unit} không phát ngôn ngữ này ({languages}).",
        "It waits: not a language of {unit} ({languages}).",
    ),
    "cancelled": ("Có người đã huỷ.", "Somebody cancelled it."),
}

_UNKNOWN = ("Lý do chưa rõ (mã {code}).", "For another reason (code {code}).")
_MS_A_MINUTE = 60_000


def decision_sentence(reason: Reason, utc_offset: int, language: Language) -> str:
    """The sentence for a decision, its time of day local, `utc_offset` minutes from UTC; an unknown code is named in it."""
    fields = _fields(reason, utc_offset)
    which = LANGUAGES.index(language)
    head, _, why = reason.code.partition(".")
    if reason.code in ALONE:
        return fill(ALONE[reason.code][which], fields)
    if head not in HEADS or why not in WHYS:
        return fill(_UNKNOWN[which], fields)
    return fill(HEADS[head][which], fields | {"why": fill(WHYS[why][which], fields)})


def _fields(reason: Reason, utc_offset: int) -> dict[str, object]:
    at = moment(reason.at_ms) + timedelta(minutes=utc_offset)
    return {
        "code": reason.code,
        "at": at.strftime("%H:%M:%S" if at.second else "%H:%M"),
        "by": reason.by,
        "unit": reason.unit,
        "number": reason.limit,
        "minutes": "" if reason.limit is None else f"{reason.limit / _MS_A_MINUTE:g}",
        "languages": ", ".join(reason.languages),
    }
