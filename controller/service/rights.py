"""Checked here, in the use case and within its commit: may they do it? What was done is in the trail, in the same commit."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from controller.domain.errors import Refused
from controller.domain.rights import Actor, Deed
from controller.domain.unit import Unit
from controller.service.ports import Transaction


def require(by: Actor, deed: Deed, units: Iterable[Unit | None]) -> None:
    """Refused("right.none") unless whoever acts may do it at each of these units; None is the whole installation."""
    for unit in units:
        if not by.may(deed, unit):
            raise Refused("right.none", deed=deed.value, unit=unit.name if unit else "")


def require_anywhere(by: Actor, deed: Deed) -> None:
    """Refused("right.none") unless there is some place at which they may do it."""
    if not by.may_anywhere(deed):
        raise Refused("right.none", deed=deed.value, unit="")


def require_person(by: Actor) -> None:
    """Refused("session.person") for a token: what is somebody's own, only they do."""
    if by.only is not None:
        raise Refused("session.person")


def require_near(by: Actor, unit: Unit) -> None:
    """Refused("right.none") unless something of this unit's concerns them: they stand at it, above it or below it."""
    if not by.is_near(unit):
        raise Refused("right.none", deed=Deed.SEE.value, unit=unit.name)


def record(
    tx: Transaction, by: Actor, deed: Deed, units: Iterable[Unit | None], *, subject: str = "", at_ms: int, **detail: object
) -> None:
    """They may, as `require` says, and now they did: a line of the trail in this commit. `detail`: small, ours to choose."""
    where = list(units)
    require(by, deed, where)
    note(tx, by, deed, [unit.id for unit in where if unit is not None], subject=subject, at_ms=at_ms, **detail)


def note_own(tx: Transaction, by: Actor, deed: str, *, subject: str, at_ms: int, **detail: object) -> None:
    """They did something of their own, for which nobody needs a right; it belongs to wherever they have some."""
    note(tx, by, deed, [grant.unit for grant in by.grants if grant.unit], subject=subject, at_ms=at_ms, **detail)


def note(tx: Transaction, by: Actor, deed: str, units: Iterable[str], *, subject: str, at_ms: int, **detail: object) -> None:
    """A line of the trail in this commit."""
    tx.trail.add(
        at_ms=at_ms,
        by=by.id,
        name=by.name,
        deed=deed,
        units=tuple(dict.fromkeys(units)),
        subject=subject,
        detail=msgspec.json.encode(detail).decode(),
    )
