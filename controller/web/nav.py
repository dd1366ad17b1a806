"""The pages that everybody finds at the top of every page: a table, cut to what each person may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.domain.rights import Actor, Deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A page. `word`: its name in `words.WORDS`; `deeds`: whoever may do one of them somewhere finds it."""

    path: str
    word: str
    icon: str
    deeds: tuple[Deed, ...] = (Deed.SEE,)

    def is_for(self, person: Actor) -> bool:
        """Does this person find it?"""
        return any(person.may_anywhere(deed) for deed in self.deeds)


ITEMS = (
    Item(path="/", word="today", icon="sun-high"),
    Item(path="/compose", word="compose-short", icon="microphone", deeds=(Deed.BULLETIN_RECEIVE,)),
    Item(path="/approvals", word="approvals", icon="list-check", deeds=(Deed.BULLETIN_APPROVE, Deed.BULLETIN_SUBMIT)),
    Item(path="/calendar", word="calendar", icon="calendar-week"),
    Item(path="/log", word="log", icon="notebook"),
    Item(path="/nodes", word="loudspeakers", icon="router"),
    Item(path="/people", word="people", icon="users", deeds=(Deed.USER_EDIT,)),
)
"""In the order of a working day."""


def items(person: Actor) -> Iterator[Item]:
    """What this person finds."""
    return (item for item in ITEMS if item.is_for(person))


def is_page(path: str) -> bool:
    """Is it one of the pages at the top? A link from outside may lead there."""
    return any(item.path == path for item in ITEMS)
