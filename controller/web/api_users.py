"""People: accounts, what they are and where; and the trail of who did what."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from controller.domain.rights import Grant, Role
from controller.service.accounts import User
from controller.service.trail import LineView
from controller.service.users import MAX_GRANTS, Wanted
from controller.web.right_sentences import DEEDS
from controller.web.schemas import Id, Model, Moment, Text
from controller.web.services import TheServices
from controller.web.session import Person
from scheduler.clock import moment

router = APIRouter(tags=["people"])


class GrantIn(Model):
    """A role in a unit and all below it; `unit` null is everywhere."""

    role: Role = Field(examples=["editor"])
    unit: Id | None = Field(default=None, examples=["x01654"])

    @classmethod
    def of(cls, grant: Grant) -> GrantIn:
        """The grant as the API says it."""
        return cls(role=grant.role, unit=grant.unit)


Grants = Annotated[list[GrantIn], Field(min_length=1, max_length=MAX_GRANTS)]


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
    """A new account."""

    name: Text = Field(examples=["canbo"])
    password: str = Field(max_length=1000)
    grants: Grants


class GrantsIn(Model):
    """What an account may from now on."""

    grants: Grants


class NewPasswordIn(Model):
    """A password for somebody else's account."""

    password: str = Field(max_length=1000)


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
        deed_vi, deed_en = DEEDS.get(line.deed, (line.deed, line.deed))
        return cls(
            number=line.number,
            at=moment(line.at_ms),
            by=line.name,
            deed=line.deed,
            deed_vi=deed_vi,
            deed_en=deed_en,
            units=list(line.units),
            places=list(view.places),
            subject=line.subject,
            detail=msgspec.json.decode(line.detail),
        )


@router.get("/users")
def users(services: TheServices, user: Person) -> list[UserOut]:
    """Who has rights where you may look, by name."""
    return [UserOut.of(each) for each in services.users.list(by=user)]


@router.post("/users", status_code=201)
def add(said: UserIn, services: TheServices, user: Person) -> UserOut:
    """A new account. You must be an administrator wherever it has rights."""
    return UserOut.of(services.users.add(said.name, said.password, _wanted(said.grants), by=user))


@router.put("/users/{of}/grants")
def grant(of: Id, said: GrantsIn, services: TheServices, user: Person) -> UserOut:
    """These are an account's rights from now on, and no others."""
    return UserOut.of(services.users.grant(of, _wanted(said.grants), by=user))


@router.put("/users/{of}/password", status_code=204)
def set_password(of: Id, said: NewPasswordIn, services: TheServices, user: Person) -> None:
    """Give an account a new password: its sessions end."""
    services.users.set_password(of, said.password, by=user)


@router.delete("/users/{of}", status_code=204)
def remove(of: Id, services: TheServices, user: Person) -> None:
    """Take an account away: its sessions end."""
    services.users.remove(of, by=user)


@router.get("/trail")
def trail(
    services: TheServices,
    user: Person,
    unit: Annotated[Id | None, Query()] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[LineOut]:
    """Who did what, the newest first: in a unit or below it, or wherever you may read it. `before`: lower numbers only."""
    return [LineOut.of(view) for view in services.trail.list(by=user, unit=unit, before=before, limit=limit)]


def _wanted(grants: list[GrantIn]) -> list[Wanted]:
    return [(each.role, each.unit) for each in grants]
