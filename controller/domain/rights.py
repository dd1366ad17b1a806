"""Who may do what, and where. One table; pure.

    Actor      whoever acts: a person who signed in, a token that one made, this machine's own operator
      Grant    a role in a unit and in all that stands below it
        Role   what the table `MAY` gives rights to, deed by deed

A deed at a unit is allowed where a grant at or above that unit has a role that the table names beside the deed. What concerns
several units (one airing for three villages) must be allowed at each. What concerns the whole installation needs a grant that
is for everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.unit import Unit

Path = tuple[str, ...]
"""A unit's, root first."""

Reach = tuple[Path, ...] | None
"""The units below which somebody may look; None is everywhere."""


class Role(StrEnum):
    """What a person is, in a unit. One person may be several."""

    ADMIN = "admin"  # quản trị: people, places, rules, loudspeakers; what an editor may, too
    EDITOR = "editor"  # cán bộ đài: bulletins and programmes
    APPROVER = "approver"  # người duyệt
    LEADER = "leader"  # lãnh đạo: approves, reads the figures and the trail
    HEAD = "head"  # trưởng thôn: says notices in the own village
    TECHNICIAN = "technician"  # kỹ thuật viên: loudspeakers and their alarms
    AUDITOR = "auditor"  # kiểm tra: reads everything, changes nothing
    EMERGENCY = "emergency"  # may call an emergency: granted apart, whatever else a person is


class Deed(StrEnum):
    """What can be done, as the table, the trail and refusals name it."""

    SEE = "see"
    BULLETIN_RECEIVE = "bulletin.receive"
    BULLETIN_CANCEL = "bulletin.cancel"
    BULLETIN_SUBMIT = "bulletin.submit"
    BULLETIN_WITHDRAW = "bulletin.withdraw"
    BULLETIN_APPROVE = "bulletin.approve"
    BULLETIN_RETURN = "bulletin.return"
    AIRING_SAY = "airing.say"
    AIRING_CANCEL = "airing.cancel"
    AIRING_ORDER = "airing.order"
    PROGRAMME_EDIT = "programme.edit"
    POLICY_SET = "policy.set"
    UNIT_ADD = "unit.add"
    CLIP_HOLD = "clip.hold"
    NODE_ADD = "node.add"
    NODE_MOVE = "node.move"
    NODE_RETIRE = "node.retire"
    NODE_SET_UP = "node.set-up"
    NODE_TEST = "node.test"
    ALARM_CLOSE = "alarm.close"
    CLOCK_FORGIVE = "clock.forgive"
    USER_EDIT = "user.edit"
    TRAIL_SEE = "trail.see"
    DEMO_MAKE = "demo.make"


_EVERYBODY = frozenset(Role)
_SPEAKERS = frozenset({Role.ADMIN, Role.EDITOR, Role.HEAD})
_EDITORS = frozenset({Role.ADMIN, Role.EDITOR})
_ADMINS = frozenset({Role.ADMIN})
_APPROVERS = frozenset({Role.ADMIN, Role.APPROVER, Role.LEADER})
_BUILDERS = frozenset({Role.ADMIN, Role.TECHNICIAN})

MAY: dict[Deed, frozenset[Role]] = {
    Deed.SEE: _EVERYBODY,
    Deed.BULLETIN_RECEIVE: _SPEAKERS,
    Deed.BULLETIN_CANCEL: _SPEAKERS,
    Deed.BULLETIN_SUBMIT: _SPEAKERS,
    Deed.BULLETIN_WITHDRAW: _SPEAKERS,
    Deed.BULLETIN_APPROVE: _APPROVERS,
    Deed.BULLETIN_RETURN: _APPROVERS,
    Deed.AIRING_SAY: _SPEAKERS,
    Deed.AIRING_CANCEL: _SPEAKERS | {Role.APPROVER, Role.LEADER},  # silence is the safe side: who may say no may stop it
    Deed.AIRING_ORDER: _EDITORS,
    Deed.PROGRAMME_EDIT: _EDITORS,
    Deed.POLICY_SET: _ADMINS,
    Deed.UNIT_ADD: _ADMINS,
    Deed.CLIP_HOLD: _BUILDERS,
    Deed.NODE_ADD: _BUILDERS,
    Deed.NODE_MOVE: _BUILDERS,
    Deed.NODE_RETIRE: _BUILDERS,
    Deed.NODE_SET_UP: _BUILDERS,
    Deed.NODE_TEST: _BUILDERS,
    Deed.ALARM_CLOSE: _BUILDERS,
    Deed.CLOCK_FORGIVE: _ADMINS,
    Deed.USER_EDIT: _ADMINS,
    Deed.TRAIL_SEE: frozenset({Role.ADMIN, Role.LEADER, Role.AUDITOR}),
    Deed.DEMO_MAKE: _ADMINS,
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """A role in a unit and all below it. `path`: the unit's, root first; empty is everywhere."""

    path: Path
    role: Role

    @property
    def unit(self) -> str | None:
        """The unit's id; None is everywhere."""
        return self.path[-1] if self.path else None

    def covers(self, unit: Unit | None) -> bool:
        """Does it reach this unit? None is the whole installation."""
        return not self.path or (unit is not None and unit.path[: len(self.path)] == self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever acts. `id` names it for ever, `name` is for people. `only`: the deeds that a token is for; None is a person."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    only: frozenset[Deed] | None = None

    def may(self, deed: Deed, unit: Unit | None) -> bool:
        """Is this deed allowed at this unit? None is the whole installation."""
        return any(grant.covers(unit) for grant in self._for(deed))

    def may_anywhere(self, deed: Deed) -> bool:
        """Is there any place at which it is allowed?"""
        return any(True for _ in self._for(deed))

    def is_near(self, unit: Unit) -> bool:
        """Does anything of this unit concern whoever acts: do they stand at it, above it or below it?"""
        return any(grant.covers(unit) or unit.path == grant.path[: len(unit.path)] for grant in self.grants)

    @property
    def reach(self) -> Reach:
        """The units that may be seen with all below them, the uppermost only."""
        paths = sorted({grant.path for grant in self._for(Deed.SEE)})
        return None if () in paths else tuple(_uppermost(paths))

    def _for(self, deed: Deed) -> Iterator[Grant]:
        if self.only is None or deed in self.only:
            yield from (grant for grant in self.grants if grant.role in MAY[deed])


OPERATOR = Actor(id="local", name="local", grants=(Grant(path=(), role=Role.ADMIN),))
"""Whoever can read the token file of a running server, or its database: the machine's own operator."""


def is_within(path: Path, reach: Reach) -> bool:
    """Is the unit of this path one of these, or below one?"""
    return reach is None or any(path[: len(above)] == above for above in reach)


def _uppermost(paths: Iterable[Path]) -> Iterable[Path]:
    above: Path | None = None
    for path in paths:  # in order: what stands below follows at once
        if above is None or path[: len(above)] != above:
            above = path
            yield path
