"""libical, which shares no code with dateutil: the second opinion on which days an RFC 5545 rule means."""

from __future__ import annotations

import ctypes
import re
from datetime import date
from itertools import takewhile

_DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


class LibIcal:
    """Debian's libical3, by its C interface."""

    def __init__(self) -> None:
        # int icalrecur_expand_recurrence(const char *rule, time_t start, int count, time_t *array)
        self._expand = ctypes.CDLL("libical.so.3").icalrecur_expand_recurrence
        self._expand.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.POINTER(ctypes.c_long)]
        self._expand.restype = ctypes.c_int

    def days(self, rrule: str, first: date, begin: date, end: date) -> list[date]:
        """The days from `begin` to `end` of a rule that begins on `first`, after 1970, and has its UNTIL by `end`."""
        # This function begins at a date with a time, so UNTIL must have one too (RFC 5545, 3.3.10).
        rrule = re.sub(r"UNTIL=(\d{8})", r"UNTIL=\1T000000Z", rrule)
        at_most = max(1, (end - first).days + 1)
        array = (ctypes.c_long * at_most)()
        assert self._expand(rrule.encode(), (first.toordinal() - _EPOCH) * _DAY_S, at_most, array) == 1
        found = (second // _DAY_S + _EPOCH for second in takewhile(bool, array))
        return [date.fromordinal(day) for day in found if begin.toordinal() <= day <= end.toordinal()]
