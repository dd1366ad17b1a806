"""The pages that everybody finds at the top of every page: a table, cut to what each person may do."""

from __future__ import annotations

import re
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


_BELOW = re.compile(r"/(airings|bulletins|nodes)/[a-z0-9-]{1,36}", re.ASCII)
"""Pages of one thing each, which people send each other."""

_QUERY = re.compile(r"[A-Za-z0-9_.~%&=+:,-]{1,300}", re.ASCII)


def is_page(address: str) -> bool:
    """A page at the top, with or without a query, or the page of one thing: a link from outside may lead there."""
    path, asks, query = address.partition("?")
    if any(item.path == path for item in ITEMS):
        return not asks or _QUERY.fullmatch(query) is not None
    return _BELOW.fullmatch(address) is not None


def page_of(path: str, others: tuple[str, ...] = ()) -> str:
    """The page at this path, or the one above it: a form is sent to a path below its page's. `others`: pages that count too."""
    while path and not (is_page(path) or path in others):
        path = path.rpartition("/")[0]
    return path or "/"
