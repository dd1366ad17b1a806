"""The whole table of guards."""

from __future__ import annotations

from tests.mutation.at_the_door import AT_THE_DOOR
from tests.mutation.guard import Guard
from tests.mutation.kept import KEPT
from tests.mutation.sounding import HORN, TIME
from tests.mutation.taken_in import TAKEN_IN

GUARDS: tuple[Guard, ...] = (*AT_THE_DOOR, *TAKEN_IN, *TIME, *HORN, *KEPT)
