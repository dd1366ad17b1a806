"""`tienglang-sim`, the real one, whose clocks a test moves: `python tests/support/late_fleet.py FILE fleet --nodes ...`.

Timers of the loop do not see that hours have passed; here they look every LOOK_MS.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from late_clock import LateClock  # beside this file

import simulator.fleet
from simulator.cli import main
from simulator.timers import Timers

LOOK_MS = 50

_arm = Timers._arm


def _often(self: Timers, moment_ms: int) -> None:
    _arm(self, min(moment_ms, self._clock.monotonic_ms() + LOOK_MS))


if __name__ == "__main__":
    simulator.fleet.SystemClock = partial(LateClock, Path(sys.argv[1]))  # type: ignore[misc,assignment]
    Timers._arm = _often  # type: ignore[method-assign]
    main(sys.argv[2:])
