"""`tienglang serve`, the real one, that kills itself (SIGKILL) at one point of its work. No product code knows of it.

    python tests/support/crash_serve.py --point published --passage 2 --clock FILE --broker-port 21883

It reads its settings from the environment as the command does, puts a step before or after a method of the real objects,
and runs `controller.running.run`. Each of `POINTS` counts only passages that matter (a letter to play, a batch with receipts).
`--clock FILE` holds how many ms are added to both of its clocks, read at each look: a test makes minutes pass by writing it.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

from late_clock import LateClock  # beside this file

import controller.running
from controller.config import load
from controller.db.sayings import SqlAirings
from controller.mqtt import inbox, link
from controller.service.airings import Airings
from controller.service.bulletins import Bulletins
from controller.service.offers import Offers
from controller.service.posting import Posting

SAYS_SOMETHING = ("play", "plan", "stop")
TAKEN_S = 0.5
"""After a publish was written to the socket: the broker has it, and has handed it on."""

Pass = Callable[[], None]


def before(place: Any, name: str, passes: Pass, matters: Callable[..., bool] = lambda *_: True) -> None:
    """Call `passes` before each call, of a class's method or a module's function, that matters."""
    real = getattr(place, name)

    @wraps(real)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if matters(*arguments):
            passes()
        return real(*arguments, **named)

    setattr(place, name, wrapped)


def after(place: Any, name: str, passes: Pass, matters: Callable[..., bool] = lambda *_: True) -> None:
    """Call `passes` after each such call, before its caller knows."""
    real = getattr(place, name)

    @wraps(real)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        if matters(*arguments):
            passes()
        return result

    setattr(place, name, wrapped)


def flushed(passes: Pass) -> None:
    """After a letter left for the broker, before its PUBACK can be read."""
    real = link._Client.publish

    @wraps(real)
    def publish(self: Any, topic: str, *arguments: Any, **named: Any) -> Any:
        info = real(self, topic, *arguments, **named)
        if topic.rpartition("/")[2] in ("order", "plan"):
            while self.want_write():
                self.loop_write()
            self.buffered.flush()
            time.sleep(TAKEN_S)
            passes()
        return info

    link._Client.publish = publish  # type: ignore[method-assign]


def committed(passes: Pass) -> None:
    """After a clip's commit or a decision's, before anybody is told of it."""
    after(Bulletins, "_fulfil", passes)
    before(Airings, "_told", passes)


def is_said(_: Posting, letters: Any) -> bool:
    return any(letter.kind in SAYS_SOMETHING for letter in letters)


POINTS: dict[str, Callable[[Pass], None]] = {
    # on the way out
    "decided": lambda passes: after(Airings, "say_within", passes),  # before the decision's commit
    "committed": committed,  # after it
    "published": flushed,  # after publish, before PUBACK
    "acknowledged": lambda passes: before(Posting, "published", passes, is_said),  # after PUBACK, before the mark
    "marked": lambda passes: after(Posting, "published", passes, is_said),
    # on the way back
    "received": lambda passes: before(inbox, "hear", passes),  # after receive, before commit
    "kept": lambda passes: before(Offers, "covers", passes),  # after commit, before `upto`
    # the sweeper, between its compare-and-set and the airing's mark
    "swept": lambda passes: before(SqlAirings, "settle", passes),
}


def dies_at(passage: int) -> Pass:
    """What kills this process when it is called for the `passage`-th time."""
    passed = 0

    def passes() -> None:
        nonlocal passed
        passed += 1
        if passed == passage:
            os.kill(os.getpid(), signal.SIGKILL)

    return passes


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--point", choices=POINTS)
    options.add_argument("--passage", type=int, default=1)
    options.add_argument("--clock", type=Path)
    options.add_argument("--broker-port", type=int)
    given = options.parse_args()
    settings = load(os.environ).settings
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if given.point:
        POINTS[given.point](dies_at(given.passage))
    if given.broker_port:
        controller.running.start_broker = partial(controller.running.start_broker, first_port=given.broker_port)
    return controller.running.run(settings, LateClock(given.clock) if given.clock else None)


if __name__ == "__main__":
    sys.exit(main())
