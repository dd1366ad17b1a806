"""A bulletin: one thing to be said. Its sound is prepared; where its units want it, somebody says yes; then it may be said.

DRAFT -- its sound is there, and nobody need be asked ------------------> APPROVED
DRAFT -- submit --> SUBMITTED -- approve, by somebody who may ----------> APPROVED
                    SUBMITTED -- return, with a note --> RETURNED -- submit --> SUBMITTED
                    SUBMITTED, RETURNED -- withdraw --> DRAFT
APPROVED without anybody's yes, and one is wanted where it shall be said: submit --> SUBMITTED
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from controller.domain.airing import Klass
from controller.domain.errors import Conflict, Refused
from controller.domain.unit import Unit

MAX_TITLE = 200
"""Characters of a title: two lines on a phone."""

MAX_TEXT = 5_000
"""Characters of what is read out: more than half an hour of speech."""

NEWS_MS = 7 * 86_400_000
"""A week after its approval it is old news, unless whoever brought it said otherwise."""


PHRASE = "test-"
"""How the id of a village's test phrase begins: a sound for one loudspeaker at a time, nothing to be chosen by anybody."""

MAX_NOTE = 500
"""Characters of the note with which it is returned: what to change, not a letter."""


class BulletinState(StrEnum):
    """Only what is approved may be said: by somebody's yes, or because its units ask for none."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"


class Act(StrEnum):
    """What people do with a bulletin before it is said."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    WITHDRAW = "withdraw"


STEPS: dict[tuple[BulletinState, Act], BulletinState] = {
    (BulletinState.DRAFT, Act.SUBMIT): BulletinState.SUBMITTED,
    (BulletinState.RETURNED, Act.SUBMIT): BulletinState.SUBMITTED,
    (BulletinState.APPROVED, Act.SUBMIT): BulletinState.SUBMITTED,
    (BulletinState.SUBMITTED, Act.SUBMIT): BulletinState.SUBMITTED,
    (BulletinState.SUBMITTED, Act.APPROVE): BulletinState.APPROVED,
    (BulletinState.SUBMITTED, Act.RETURN): BulletinState.RETURNED,
    (BulletinState.SUBMITTED, Act.WITHDRAW): BulletinState.DRAFT,
    (BulletinState.RETURNED, Act.WITHDRAW): BulletinState.DRAFT,
}
"""Every step there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """One thing to be said. `clip` is the SHA-256 of its prepared sound, none while it is being prepared.

    With a `kind` it is a notice: a programme's segment takes it, until `until_ms`. `decided_by`: who said yes, or returned it
    with a `note`; approved without anybody: its units asked for no yes, and what they ask is looked at each time it is said.
    `yes`: the units for which somebody said it.
    `text`: what is read out, if that was written.
    """

    id: str
    owner: str
    title: str
    klass: Klass
    language: str
    state: BulletinState
    created_ms: int
    created_by: str
    clip: str | None = None
    kind: str = ""
    until_ms: int | None = None
    approved_ms: int | None = None
    submitted_ms: int | None = None
    decided_ms: int | None = None
    decided_by: str | None = None
    note: str = ""
    yes: str = ""
    text: str = ""

    @property
    def has_yes(self) -> bool:
        """Did somebody say yes to it?"""
        return self.state is BulletinState.APPROVED and self.decided_by is not None

    def has_yes_for(self, units: Iterable[Unit]) -> bool:
        """Did somebody say yes to it for each of these, or for something above it?"""
        return self.has_yes and all(not set(self.yes.split()).isdisjoint(unit.path) for unit in units)


def _plain(text: str) -> str:
    """Without control characters: no person types them, and not every database keeps them."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")


def check_title(title: str) -> str:
    """The title, trimmed; Refused when it is empty or longer than MAX_TITLE."""
    title = " ".join(_plain(title).split())
    if not title:
        raise Refused("bulletin.title-empty")
    if len(title) > MAX_TITLE:
        raise Refused("bulletin.title-long", limit=MAX_TITLE, length=len(title))
    return title


def check_text(text: str) -> str:
    """The text as it was typed, without the blanks around it; Refused when it is longer than MAX_TEXT."""
    text = _plain(text).strip()
    if len(text) > MAX_TEXT:
        raise Refused("bulletin.text-long", limit=MAX_TEXT, length=len(text))
    return text


def check_note(note: str) -> str:
    """The note of who returns it, trimmed; Refused when it is empty or longer than MAX_NOTE."""
    note = " ".join(_plain(note).split())
    if not note:
        raise Refused("bulletin.note-empty")
    if len(note) > MAX_NOTE:
        raise Refused("bulletin.note-long", limit=MAX_NOTE, length=len(note))
    return note


def step(bulletin: Bulletin, act: Act) -> BulletinState:
    """The state after it. Refused("bulletin.no-sound") without its sound; Conflict("bulletin.decided"): there is no such step."""
    if bulletin.clip is None:
        raise Refused("bulletin.no-sound", bulletin=bulletin.id)
    after = STEPS.get((bulletin.state, act))
    if after is BulletinState.DRAFT and bulletin.approved_ms is not None:
        after = BulletinState.APPROVED  # it might be said before somebody asked for a yes after all
    if after is None:
        raise Conflict("bulletin.decided", state=bulletin.state.value)
    return after


def prepared(bulletin: Bulletin, clip: str, now_ms: int, *, asks: bool) -> Bulletin:
    """With its sound; `asks`: its units want somebody's yes before it is said."""
    if asks:
        return replace(bulletin, clip=clip, state=BulletinState.SUBMITTED, submitted_ms=now_ms)
    return replace(bulletin, clip=clip, state=BulletinState.APPROVED, approved_ms=now_ms)
