"""Special places: a school, a clinic, a pagoda beside a loudspeaker binds it as a policy does. Data, because the rule changes.

QCVN 26:2010/BTNMT allows 70 dBA by day (6:00 to 21:00) and 55 dBA by night where people live, and 55 and 45 dBA beside schools,
clinics, libraries, kindergartens, pagodas, churches. A loudspeaker does not know dBA: it is set up so that its gain 0 keeps the
70 dBA of an ordinary day, and a ceiling says by how much quieter it has to be than that. The revision of 2025 has other numbers:
who is bound by it changes them here.
"""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Struct

from scheduler.limits import Loudness, Policy

DAY_BEGINS, NIGHT_BEGINS = 6 * 60, 21 * 60
"""Local minutes, as the rule has them."""

ORDINARY_DAY_DBA = 70
"""What gain 0 is set up for."""

QCVN_26_2010 = "QCVN 26:2010/BTNMT"


class Special(Struct, frozen=True, kw_only=True):
    """A kind of place: what it is called, what it allows, and which rule says so."""

    vi: str
    en: str
    policy: Policy
    source: str


def _quiet(day_dba: int, night_dba: int) -> Policy:
    """No more than so many dBA."""
    by_day = Loudness(from_minute=DAY_BEGINS, to_minute=NIGHT_BEGINS, gain=10 * (day_dba - ORDINARY_DAY_DBA))
    by_night = Loudness(from_minute=NIGHT_BEGINS, to_minute=DAY_BEGINS, gain=10 * (night_dba - ORDINARY_DAY_DBA))
    return Policy(ceilings=(by_day, by_night))


SPECIAL = MappingProxyType(
    {
        "school": Special(vi="trường học", en="school", policy=_quiet(55, 45), source=QCVN_26_2010),
        "clinic": Special(vi="trạm y tế, bệnh viện", en="clinic", policy=_quiet(55, 45), source=QCVN_26_2010),
        "pagoda": Special(vi="chùa, đình, nhà thờ", en="pagoda, church", policy=_quiet(55, 45), source=QCVN_26_2010),
    }
)
"""By the name under which a unit's policy holds them."""
