"""People: accounts, what they are and where, their invitations; and the trail of who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from controller.service.invitations import Invitation
from controller.web.people_pages import invitation_url
from controller.web.people_schemas import GrantsIn, InvitationOut, LineOut, NewPasswordIn, UserIn, UserOut, wanted
from controller.web.qr import svg
from controller.web.schemas import Id
from controller.web.services import TheServices
from controller.web.session import Person
from scheduler.clock import moment

router = APIRouter(tags=["people"])


@router.get("/users")
def users(services: TheServices, user: Person) -> list[UserOut]:
    """Who has rights where you may look, by name."""
    return [UserOut.of(each) for each in services.users.list(by=user)]


@router.post("/users", status_code=201)
def add(said: UserIn, request: Request, services: TheServices, user: Person) -> UserOut | InvitationOut:
    """A new account, with a password or an invitation. You must be an administrator wherever it has rights."""
    if said.password is None:
        return _invitation(services.invitations.add(said.name, wanted(said.grants), by=user), request)
    return UserOut.of(services.users.add(said.name, said.password, wanted(said.grants), by=user))


@router.put("/users/{of}/grants")
def grant(of: Id, said: GrantsIn, services: TheServices, user: Person) -> UserOut:
    """These are an account's rights from now on, and no others."""
    return UserOut.of(services.users.grant(of, wanted(said.grants), by=user))


@router.put("/users/{of}/password", status_code=204)
def set_password(of: Id, said: NewPasswordIn, services: TheServices, user: Person) -> None:
    """Give an account a new password: its sessions and tokens end."""
    services.users.set_password(of, said.password, by=user)


@router.post("/users/{of}/invitation", status_code=201)
def invite(of: Id, request: Request, services: TheServices, user: Person) -> InvitationOut:
    """A new link for an account whose owner lost the last one, or the password. The old link opens nothing."""
    return _invitation(services.invitations.renew(of, by=user), request)


@router.delete("/users/{of}/second", status_code=204)
def drop_second(of: Id, services: TheServices, user: Person) -> None:
    """Ask an account for no code any more: its phone is lost. Its sessions end."""
    services.users.drop_second(of, by=user)


@router.delete("/users/{of}", status_code=204)
def remove(of: Id, services: TheServices, user: Person) -> None:
    """Take an account away: its sessions and tokens end."""
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


def _invitation(made: Invitation, request: Request) -> InvitationOut:
    url = invitation_url(request, made.token)
    return InvitationOut(user=UserOut.of(made.user), url=url, svg=svg(url), expires=moment(made.expires_ms))
