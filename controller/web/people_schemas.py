"""People, as the API takes and gives them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import Field

from controller.domain.rights import Grant, Role
from controller.service.accounts import User
from controller.service.trail import LineView
from controller.service.users import MAX_GRANTS, Wanted
from controller.web.right_sentences import deed_words
from controller.web.schemas import Id, Model, Moment, Text
from scheduler.clock import moment


class GrantIn(Model):
    """A role in a unit and all below it; `unit` null is everywhere."""

    role: Role = Field(examples=["editor"])
    unit: Id | None = Field(default=None, examples=["x01654"])

    @classmethod
    def of(cls, grant: Grant) -> GrantIn:
        """The grant as the API says it."""
        return cls(role=grant.role, unit=grant.unit)


Grants = Annotated[list[GrantIn], Field(min_length=1, max_length=MAX_GRANTS)]


def wanted(grants: list[GrantIn]) -> list[Wanted]:
    """Grants as the use cases take them."""
    return [(each.role, each.unit) for each in grants]


class UserOut(Model):
    """An account. A demo account has a password that everybody knows."""

    id: Id
    name: str = Field(examples=["canbo"])
    demo: bool
    grants: list[GrantIn]

    @classmethod
    def of(cls, user: User) -> UserOut:
        """The account as the API says it."""
        return cls(id=user.id, name=user.name, demo=user.demo, grants=[GrantIn.of(grant) for grant in user.grants])


class UserIn(Model):
    """A new account. `password` null: its owner chooses one by the invitation in the answer."""

    name: Text = Field(examples=["canbo"])
    password: str | None = Field(default=None, max_length=1000)
    grants: Grants


class GrantsIn(Model):
    """What an account may from now on."""

    grants: Grants


class NewPasswordIn(Model):
    """A password for somebody else's account."""

    password: str = Field(max_length=1000)


class InvitationIn(Model):
    """An invitation's token, and the password that its owner chooses."""

    token: str = Field(max_length=100)
    password: str = Field(max_length=1000)


class InvitationOut(Model):
    """A link by which the account's owner chooses a password, and the same as a QR code. Good once, told once."""

    user: UserOut
    url: str
    svg: str
    expires: Moment


class LineOut(Model):
    """A line of the trail: who did what, where, when. `places` are the units' names; `detail` what a reader wants to know."""

    number: int = Field(examples=[17])
    at: Moment
    by: str = Field(examples=["canbo"])
    deed: str = Field(examples=["airing.say"])
    deed_vi: str = Field(examples=["phát bản tin"])
    deed_en: str = Field(examples=["say bulletins"])
    units: list[str] = Field(examples=[["x01654-1"]])
    places: list[str] = Field(examples=[["Pác Rằng"]])
    subject: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, view: LineView) -> LineOut:
        """The line as the API says it."""
        line = view.line
        return cls(
            number=line.number,
            at=moment(line.at_ms),
            by=line.name,
            deed=line.deed,
            deed_vi=deed_words(line.deed, "vi"),
            deed_en=deed_words(line.deed, "en"),
            units=list(line.units),
            places=list(view.places),
            subject=line.subject,
            detail=_detail(line.detail),
        )


def _detail(text: str) -> dict[str, Any]:
    """What the line tells; one that somebody edited in the database is shown as it stands there."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {"text": text}
