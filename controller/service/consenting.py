"""Is a yes wanted before this is said there, by them? Asked within the commit that would say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from controller.domain.bulletin import Bulletin
from controller.domain.errors import Refused
from controller.domain.rights import OPERATOR, Actor
from controller.domain.unit import Unit, is_under
from controller.service.asking import Wish
from controller.service.binding import binding
from controller.service.consent import Consent, Lack, Said, lack, wants_two
from controller.service.kept import KeptPolicy
from controller.service.ports import ClipRow, Transaction
from scheduler.limits import clock_of

_MINUTE_MS = 60_000


def said_of(bulletin: Bulletin, clip: ClipRow, wish: Wish | None, now_ms: int) -> Said:
    """What is looked at, of a bulletin that is wished so; None: a programme takes it."""
    start_ms = None if wish is None else now_ms + wish.lead_ms if wish.at_ms is None else wish.at_ms
    latest_ms = wish.latest_ms if wish is not None else None
    wait_ms = 0 if start_ms is None or latest_ms is None else max(latest_ms - start_ms, 0)
    return Said(klass=bulletin.klass, duration_ms=clip.duration_ms, start_ms=start_ms, wait_ms=wait_ms)


def lacking(
    tx: Transaction, by: Actor, where: Sequence[Unit], said: Said, kept: dict[str, KeptPolicy] | None = None
) -> Lack | None:
    """The first thing that is lacking for them to say it at all of these without a yes; None: nothing. `kept`: if at hand."""
    if by.id == OPERATOR.id:
        return None
    kept = tx.policies.all() if kept is None else kept
    for unit in where:
        for place, consents in ((unit, _consents(tx, unit, kept)), *_below(tx, unit, kept)):
            found = lack(by, place, consents, said, binding(place.path, kept).utc_offset)
            if found is not None:
                return found
    return None


def require_no_yes(tx: Transaction, by: Actor, where: Sequence[Unit], said: Said) -> None:
    """Refused("consent.*") where a yes is wanted."""
    found = lacking(tx, by, where, said)
    if found is not None:
        raise refusal(found)


def refusal(found: Lack) -> Refused:
    """The reason for which a yes is wanted: "consent.role", "consent.class", "consent.length", "consent.hours", "consent.two"."""
    minutes = "" if found.longest_ms is None else f"{found.longest_ms / _MINUTE_MS:g}"
    hours = ", ".join(f"{clock_of(each.from_minute)}-{clock_of(each.to_minute)}" for each in found.hours)
    return Refused(f"consent.{found.why}", unit=found.unit, minutes=minutes, hours=hours)


def two_wanted(tx: Transaction, where: Iterable[Unit], kept: dict[str, KeptPolicy] | None = None) -> bool:
    """Does anybody on the path of these want two persons? `kept`: if at hand."""
    kept = tx.policies.all() if kept is None else kept
    asking = [consents for unit in where for consents in (_consents(tx, unit, kept), *(one for _, one in _below(tx, unit, kept)))]
    return any(wants_two([consent for _, consent in consents]) for consents in asking)


def author_of(tx: Transaction, bulletin: Bulletin) -> Actor:
    """Whoever took it in, with the rights of this moment: they may have lost some since."""
    if bulletin.created_by == OPERATOR.id:
        return OPERATOR
    account = tx.accounts.by_id(bulletin.created_by)
    return account.user if account else Actor(id=bulletin.created_by, name="", grants=())


def _below(tx: Transaction, unit: Unit, kept: dict[str, KeptPolicy]) -> Iterator[tuple[Unit, list[tuple[str, Consent]]]]:
    """Each unit below this one that asks for something itself: who speaks to all speaks there, too."""
    for name, policy in kept.items():
        place = tx.units.get(name) if policy.ruling.consent is not None and name != unit.id else None
        if place is not None and policy.ruling.consent is not None and is_under(place, unit.id):
            yield place, [(place.name, policy.ruling.consent)]


def _consents(tx: Transaction, unit: Unit, kept: dict[str, KeptPolicy]) -> list[tuple[str, Consent]]:
    """What each unit of a path asks, with its name, the uppermost first."""
    found: list[tuple[str, Consent]] = []
    for name in unit.path:
        consent = kept[name].ruling.consent if name in kept else None
        above = tx.units.get(name) if consent is not None else None
        if consent is not None and above is not None:
            found.append((above.name, consent))
    return found
