"""How a technician's pages say moments, spans and figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from controller.protocol.messages import Health
from controller.web.node_words import TOLD
from controller.web.pages import local, number
from controller.web.sentences import LANGUAGES, Language
from scheduler.clock import moment

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

NAMES = 5
"""Names in one sentence; more are read in the list below it."""

UNTORN = 16
"""Letters of a name that is kept on one line: it has to fit a phone of 320 px in the size of a headline."""

MAINS_LOST = 900
"""0.1 V: below 90 V an amplifier of Circular 39 has cut itself off."""

DISK_LOW = 50_000_000
"""Bytes: an hour or two of sound; below it a plan may not fit."""

GOOD_DBM, FAIR_DBM = -90, -105
"""4G (RSRP): good above the first, at the edge of the cell below the second."""


def tell(language: Language, key: str, /, **fields: object) -> str:
    """A phrase of `TOLD`."""
    return TOLD[key][LANGUAGES.index(language)].format(**fields)


def decimal(tenths: int, language: Language) -> str:
    """11.2 as people here write it: "11,2"."""
    text = f"{tenths / 10:.1f}"
    return text.replace(".", ",") if language == "vi" else text


def ago(then_ms: int, now_ms: int, language: Language) -> str:
    """ "3 giờ trước"."""
    span = max(0, now_ms - then_ms)
    for unit_ms, key in ((DAY_MS, "ago-days"), (HOUR_MS, "ago-hours"), (MINUTE_MS, "ago-minutes")):
        if span >= unit_ms:
            return tell(language, key, number=span // unit_ms)
    return tell(language, "ago-now")


def at(then_ms: int, now_ms: int) -> str:
    """ "14:05", "14:05 · 22/11"."""
    return local(moment(then_ms), moment(now_ms))


def since(then_ms: int, now_ms: int, language: Language) -> str:
    """ "Im lặng từ 14:05, 3 giờ trước"."""
    return tell(language, "since", time=at(then_ms, now_ms), ago=ago(then_ms, now_ms, language))


def listed(names: Sequence[str], language: Language) -> str:
    """The first names, none torn over two lines, and how many more there are."""
    more = len(names) - len(names[:NAMES])
    shown = ", ".join(name.replace(" ", "\N{NO-BREAK SPACE}") if len(name) <= UNTORN else name for name in names[:NAMES])
    return f"{shown} {tell(language, 'more', number=number(more, language))}" if more else shown


def last_word(health: Health | None, online: bool, language: Language) -> str:
    """What a silent loudspeaker told before it fell silent: how it went, and what may be the cause."""
    parts = [tell(language, "mute" if online else "gone")]
    if health is not None and health.mains is not None and health.mains < MAINS_LOST:
        parts.append(tell(language, "no-mains"))
    if health is not None and health.battery is not None:
        parts.append(tell(language, "battery", volts=decimal(health.battery, language)))
    if health is not None and health.playing is not None:
        parts.append(tell(language, "sounding"))
    said = ", ".join(parts)
    return said[:1].upper() + said[1:]


def span(seconds: int, language: Language) -> str:
    """ "3 ngày"."""
    for unit_s, key in ((86_400, "days"), (3_600, "hours")):
        if seconds >= unit_s:
            return tell(language, key, number=seconds // unit_s)
    return tell(language, "minutes", number=seconds // 60)
