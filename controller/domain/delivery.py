"""What became of one airing on one node: a lifecycle told by one table.

A delivery climbs the evidence ladder

    planned -> published -> accepted -> cached -> started -> finished     (and beside it: heard / silent / not measured)

or leaves it: refused, failed, missed, cut, cancelled. `cancelling` means that we asked for silence and the node has not
said what came of it. `unknown` means that the deadline passed and the node said nothing that ends it.

Three kinds of word move it: ours (publish, cancel), the sweeper's (settle), and the node's own. The rules:

1. Rungs may be skipped (a lost receipt, a batch in the wrong order) but never descended.
2. Only the node's word ends a delivery, except `unknown`, which is the sweeper's.
3. An end never moves, except that a true end replaces `unknown`.
4. Only the node's word makes `cancelled` or `cut`. Until then a delivery that we cancelled is `cancelling`.
5. A word that the table leaves empty changes nothing: it is late or repeated, and is kept as a receipt only.
6. One thing is beside the table, and undoes rungs: we revoke the key of an order (`VOIDED`). Nodes forget what they took in
   under it, so it is planned again, and offered under a good key.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a delivery stands."""

    PLANNED = "planned"
    PUBLISHED = "published"
    ACCEPTED = "accepted"
    CACHED = "cached"
    STARTED = "started"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    REFUSED = "refused"
    FAILED = "failed"
    MISSED = "missed"
    CUT = "cut"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Word(StrEnum):
    """What can be said of a delivery: by us, by the sweeper, by the node."""

    PUBLISH = "publish"
    CANCEL = "cancel"
    SETTLE = "settle"
    ACCEPTED = "accepted"
    CACHED = "cached"
    STARTED = "started"
    FINISHED = "finished"
    REFUSED = "refused"
    FAILED = "failed"
    MISSED = "missed"
    CUT = "cut"
    CANCELLED = "cancelled"


class Evidence(StrEnum):
    """What the board's line or microphone says beside `finished`."""

    HEARD = "heard"
    SILENT = "silent"
    NOT_MEASURED = "not_measured"


ENDS = frozenset({State.FINISHED, State.REFUSED, State.FAILED, State.MISSED, State.CUT, State.CANCELLED, State.UNKNOWN})

_S = State
_TRUE_ENDS = {
    Word.FINISHED: _S.FINISHED,
    Word.REFUSED: _S.REFUSED,
    Word.FAILED: _S.FAILED,
    Word.MISSED: _S.MISSED,
    Word.CUT: _S.CUT,
    Word.CANCELLED: _S.CANCELLED,
}
_CLIMB = {Word.ACCEPTED: _S.ACCEPTED, Word.CACHED: _S.CACHED, Word.STARTED: _S.STARTED}
_OPEN = {Word.CANCEL: _S.CANCELLING, Word.SETTLE: _S.UNKNOWN, **_TRUE_ENDS}

TRANSITIONS: dict[State, dict[Word, State]] = {
    _S.PLANNED: {Word.PUBLISH: _S.PUBLISHED, **_CLIMB, **_OPEN},
    _S.PUBLISHED: {**_CLIMB, **_OPEN},
    _S.ACCEPTED: {Word.CACHED: _S.CACHED, Word.STARTED: _S.STARTED, **_OPEN},
    _S.CACHED: {Word.STARTED: _S.STARTED, **_OPEN},
    _S.STARTED: {**_OPEN},
    _S.CANCELLING: {Word.SETTLE: _S.UNKNOWN, **_TRUE_ENDS},
    _S.UNKNOWN: {**_TRUE_ENDS},
    _S.FINISHED: {},
    _S.REFUSED: {},
    _S.FAILED: {},
    _S.MISSED: {},
    _S.CUT: {},
    _S.CANCELLED: {},
}


VOIDED: dict[State, State] = {_S.ACCEPTED: _S.PLANNED, _S.CACHED: _S.PLANNED}
"""What becomes of a delivery when its order's key is revoked. What has sounded has sounded; what ended has ended."""


def move(state: State, word: Word) -> State:
    """The state after `word`; the same state where the table is empty (a late or repeated word)."""
    return TRANSITIONS[state].get(word, state)


def judge(known: Evidence | None, said: Evidence | None) -> Evidence | None:
    """The evidence after the node `said` some: it may be added or measured later, never taken back."""
    if known in (None, Evidence.NOT_MEASURED) and said is not None:
        return said
    return known


def is_good(state: State, evidence: Evidence | None) -> bool:
    """Did people hear it, as far as anybody can tell: finished, and the horn not measured silent?"""
    return state is State.FINISHED and evidence is not Evidence.SILENT
