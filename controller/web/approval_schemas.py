"""What waits for a yes, as the API takes and gives it."""

from __future__ import annotations

from pydantic import Field

from controller.domain.airing import Klass
from controller.domain.bulletin import BulletinState
from controller.service.approvals import Waiting
from controller.service.consenting import refusal
from controller.web.errors import problem
from controller.web.schemas import ClipOut, Id, Model, Moment, Problem, WishIn
from scheduler.clock import moment


class SubmitIn(Model):
    """Where and when it shall be said; null: as it was brought."""

    wish: WishIn | None = None


class ApproveIn(Model):
    """`submitted`: of what was seen, so that no yes is for anything else. `now`: not at the time that was wished, but at once."""

    submitted: Moment
    now: bool = False


class ReturnIn(Model):
    """What to change."""

    note: str = Field(max_length=2000, examples=["Nói rõ họp lúc mấy giờ."])


class WhereOut(Model):
    """A unit."""

    id: Id = Field(examples=["x01576-1"])
    name: str = Field(examples=["Pác Rằng"])


class WaitingOut(Model):
    """A bulletin before its yes. `why`: what a yes is wanted for, null when nothing wants it any more; `at` null: at once.

    `may_approve`: whoever asks may say yes. `kind`: programmes take it, and `at` says nothing.
    """

    id: Id
    title: str = Field(examples=["Họp thôn tối nay"])
    klass: Klass = Field(serialization_alias="class")
    language: str = Field(examples=["vi"])
    state: BulletinState
    kind: str = Field(examples=[""])
    author: str = Field(examples=["nông văn an"])
    submitted: Moment | None
    latest: Moment | None = Field(description="it may begin as late as that", examples=[None])
    gain: int = Field(description="0.1 dB", examples=[0])
    text: str = Field(description="what is read out, if that was written", examples=[""])
    note: str = Field(examples=[""])
    decided_by: str = Field(examples=[""])
    at: Moment | None
    to: list[WhereOut]
    clip: ClipOut
    why: Problem | None
    may_approve: bool
    own: bool

    @classmethod
    def of(cls, waiting: Waiting) -> WaitingOut:
        """The bulletin as the API says it."""
        said, wish = waiting.bulletin, waiting.wish
        told = refusal(waiting.lack) if waiting.lack else None
        return cls(
            id=said.id,
            title=said.title,
            klass=said.klass,
            language=said.language,
            state=said.state,
            kind=said.kind,
            author=waiting.author,
            submitted=None if said.submitted_ms is None else moment(said.submitted_ms),
            latest=moment(wish.latest_ms) if wish and wish.latest_ms is not None else None,
            gain=wish.gain if wish else 0,
            text=said.text,
            note=said.note,
            decided_by=waiting.decider,
            at=moment(wish.at_ms) if wish and wish.at_ms is not None else None,
            to=[WhereOut(id=unit.id, name=unit.name) for unit in waiting.where],
            clip=ClipOut.of(waiting.clip),
            why=Problem(**problem(told.code, told.fields)) if told else None,
            may_approve=waiting.may_approve,
            own=waiting.is_own,
        )
