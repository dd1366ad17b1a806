"""Who may say what without anybody's yes: what a unit asks of those who speak in it and below it. Pure.

A unit that says nothing asks for nothing. Where several on a path say something, each must be content: what stands above
binds what is below. Whoever may approve at a unit needs nobody's yes there, unless two persons are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from controller.domain.airing import Klass
from controller.domain.rights import MAY, Actor, Deed, Role
from controller.domain.unit import Unit
from scheduler.limits import Window
from scheduler.policy import is_allowed

MAX_FREEDOMS = 20
"""Two roles, two classes, and some hours of the day: more is not understood by anybody."""


class Freedom(Struct, frozen=True, kw_only=True):
    """What a role may say by itself: `klass` or less, at most `longest_ms` long, wholly within local `hours` (none: any time)."""

    role: Role
    klass: Klass = Klass.NORMAL
    longest_ms: int | None = None
    hours: tuple[Window, ...] = ()


class Consent(Struct, frozen=True, kw_only=True):
    """What a unit asks. What is in no freedom needs a yes; with `two`, of somebody else than who made it, whoever that is."""

    free: tuple[Freedom, ...] = ()
    two: bool = False


class Said(Struct, frozen=True, kw_only=True):
    """What shall be said. `start_ms` (UTC) None: within a programme, whose hours are its own matter.

    `wait_ms`: it may begin so much later.
    """

    klass: Klass
    duration_ms: int
    start_ms: int | None
    wait_ms: int = 0


class Lack(Struct, frozen=True, kw_only=True):
    """Why a yes is needed: `why` is "role", "class", "length", "hours" or "two"; of the freedom that came nearest, its limits."""

    unit: str
    why: str
    longest_ms: int | None = None
    hours: tuple[Window, ...] = ()


_KLASSES = (Klass.NORMAL, Klass.PRIORITY, Klass.EMERGENCY)
_ORDER = ("two", "role", "class", "length", "hours")
"""From far to near: the freedom that fails last is the one to tell of."""


def lack(by: Actor, unit: Unit, consents: Iterable[tuple[str, Consent]], said: Said, utc_offset: int) -> Lack | None:
    """What is lacking for `by` to say it at `unit` without anybody's yes; None: nothing. `consents`: by name, of its path."""
    roles = _roles(by, unit)
    for name, consent in consents:
        found = _lack(name, consent, roles, said, utc_offset)
        if found is not None:
            return found
    return None


def _lack(name: str, consent: Consent, roles: frozenset[Role], said: Said, utc_offset: int) -> Lack | None:
    approves = not roles.isdisjoint(MAY[Deed.BULLETIN_APPROVE])
    if approves and not consent.two:
        return None
    nearest = Lack(unit=name, why="two" if approves else "role")
    for freedom in consent.free:
        if freedom.role not in roles:
            continue
        why = _fails(freedom, said, utc_offset)
        if why is None:
            return None
        if _ORDER.index(why) > _ORDER.index(nearest.why):
            nearest = Lack(unit=name, why=why, longest_ms=freedom.longest_ms, hours=freedom.hours)
    return nearest


def _fails(freedom: Freedom, said: Said, utc_offset: int) -> str | None:
    if _KLASSES.index(said.klass) > _KLASSES.index(freedom.klass):
        return "class"
    if freedom.longest_ms is not None and said.duration_ms > freedom.longest_ms:
        return "length"
    if said.start_ms is None:
        return None
    end_ms = said.start_ms + said.wait_ms + said.duration_ms
    return None if is_allowed(freedom.hours, utc_offset, said.start_ms, end_ms) else "hours"


def _roles(by: Actor, unit: Unit) -> frozenset[Role]:
    """What they are there; an administrator is what an editor is, too."""
    roles = {grant.role for grant in by.grants if grant.covers(unit)}
    return frozenset(roles | ({Role.EDITOR} if Role.ADMIN in roles else set()))


def wants_two(consents: Sequence[Consent]) -> bool:
    """Does any of these want two persons?"""
    return any(consent.two for consent in consents)
