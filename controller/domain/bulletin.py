"""A bulletin: one thing to be said. Today it is born with its sound and approved by the one who says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.domain.airing import Klass
from controller.domain.errors import Refused

MAX_TITLE = 200
"""Characters of a title: two lines on a phone."""

MAX_TEXT = 5_000
"""Characters of what is read out: more than half an hour of speech."""

NEWS_MS = 7 * 86_400_000
"""A week after its approval it is old news, unless whoever brought it said otherwise."""


class BulletinState(StrEnum):
    """Draft until its sound is prepared and somebody with the right approves it."""

    DRAFT = "draft"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """One thing to be said. `clip` is the SHA-256 of its prepared sound, none while it is being prepared.

    With a `kind` it is a notice: a programme's segment takes it, until `until_ms`. `text`: what is read out, if that was written.
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
    text: str = ""


def check_title(title: str) -> str:
    """The title, trimmed; Refused when it is empty or longer than MAX_TITLE."""
    title = " ".join(title.split())
    if not title:
        raise Refused("bulletin.title-empty")
    if len(title) > MAX_TITLE:
        raise Refused("bulletin.title-long", limit=MAX_TITLE, length=len(title))
    return title


def check_text(text: str) -> str:
    """The text as it was typed, without the blanks around it; Refused when it is longer than MAX_TEXT."""
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise Refused("bulletin.text-long", limit=MAX_TEXT, length=len(text))
    return text


def approve(bulletin: Bulletin) -> BulletinState:
    """The state after approval: only what has its sound can be approved; approving twice is no error."""
    if bulletin.clip is None:
        raise Refused("bulletin.no-sound", bulletin=bulletin.id)
    return BulletinState.APPROVED
