"""Oneself: signing in and out, one's own sessions, password, second step and tokens; taking an invitation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from controller.domain.rights import Actor, Deed
from controller.service.accounts import KeptToken, User
from controller.service.sessions import Session, SessionView
from controller.service.tokens import LONGEST_D
from controller.web.people_schemas import GrantIn, InvitationIn
from controller.web.qr import svg
from controller.web.schemas import Id, Model, Moment, Text
from controller.web.services import TheServices
from controller.web.session import COOKIE, CountedTry, Person, caller_of, give_cookie, take_cookie
from scheduler.clock import moment

router = APIRouter(tags=["session"])

Word = Annotated[str, Field(max_length=1000)]


class SignInIn(Model):
    """A name and a password; a code, where the account asks for one."""

    name: str = Field(max_length=200, examples=["canbo"])
    password: Word = Field(examples=["tieng-lang-2026"])
    code: str = Field(default="", max_length=20, examples=["123456"])


class SessionOut(Model):
    """Who is signed in, what they are and where; until when, if that is known."""

    name: str
    expires: Moment | None
    grants: list[GrantIn]

    @classmethod
    def of(cls, who: Actor, expires_ms: int | None = None) -> SessionOut:
        """The person as the API says it."""
        expires = moment(expires_ms) if expires_ms is not None else None
        return cls(name=who.name, expires=expires, grants=[GrantIn.of(grant) for grant in who.grants])


class OwnSessionOut(Model):
    """One of one's own sessions. `agent`: what the browser calls itself; `here`: it is this one."""

    id: str
    created: Moment
    expires: Moment
    agent: str
    address: str
    here: bool

    @classmethod
    def of(cls, view: SessionView) -> OwnSessionOut:
        """The session as the API says it."""
        kept = view.kept
        return cls(
            id=kept.id,
            created=moment(kept.created_ms),
            expires=moment(kept.expires_ms),
            agent=kept.agent,
            address=kept.address,
            here=view.here,
        )


class PasswordIn(Model):
    """A new password for oneself."""

    old: Word
    new: Word


class ProofIn(Model):
    """One's own password once more: a screen that was left open is not enough."""

    password: Word


class SecondOut(Model):
    """What the app on the phone is given, once: `svg` to be scanned, or `secret` to be typed."""

    address: str
    secret: str
    svg: str


class CodeIn(Model):
    """What the app shows."""

    code: str = Field(max_length=20, examples=["123456"])


class TokenIn(Model):
    """A token for a program: for these deeds of one's own, and looking, for so many days."""

    name: Text = Field(examples=["Đài tỉnh"])
    deeds: list[Deed] = Field(default=[], max_length=len(Deed), examples=[["airing.say"]])
    days: int = Field(default=90, ge=1, le=LONGEST_D)


class TokenOut(Model):
    """One of one's own tokens."""

    id: Id
    name: str
    deeds: list[str]
    created: Moment
    expires: Moment

    @classmethod
    def of(cls, kept: KeptToken) -> TokenOut:
        """The token as the API says it."""
        return cls(
            id=kept.id,
            name=kept.name,
            deeds=sorted(kept.deeds),
            created=moment(kept.created_ms),
            expires=moment(kept.expires_ms),
        )


class NewTokenOut(TokenOut):
    """A fresh token: `secret` is told this once. It goes into the header `Authorization: Bearer ...`."""

    secret: str


@router.post("/session", status_code=201, dependencies=[CountedTry])
def sign_in(said: SignInIn, request: Request, response: Response, services: TheServices) -> SessionOut:
    """Sign in: the answer sets the session's cookie, which lasts 12 hours. `login.code`: the account asks for a code too."""
    return _signed_in(services.sessions.sign_in(said.name, said.password, said.code, caller_of(request)), request, response)


@router.get("/session")
def session(user: Person) -> SessionOut:
    """Who is signed in."""
    return SessionOut.of(user)


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, services: TheServices, _: Person) -> None:
    """Sign out."""
    services.sessions.sign_out(request.cookies.get(COOKIE, ""))
    take_cookie(response)


@router.get("/sessions")
def sessions(request: Request, services: TheServices, user: Person) -> list[OwnSessionOut]:
    """Where you are signed in, the newest first."""
    views = services.sessions.list(by=user, token=request.cookies.get(COOKIE, ""))
    return [OwnSessionOut.of(view) for view in views]


@router.delete("/sessions/{session}", status_code=204)
def end_session(session: Id, services: TheServices, user: Person) -> None:
    """End one of your own sessions: a phone that was lost, an office where you forgot to sign out."""
    services.sessions.end(session, by=user)


@router.put("/session/password", status_code=204, dependencies=[CountedTry])
def change_password(said: PasswordIn, request: Request, services: TheServices, user: Person) -> None:
    """Change your own password; your other sessions and your tokens end."""
    services.sessions.change_password(by=user, old=said.old, new=said.new, token=request.cookies.get(COOKIE))


@router.post("/session/second", status_code=201, dependencies=[CountedTry])
def offer_second(said: ProofIn, services: TheServices, user: Person) -> SecondOut:
    """A secret for the app on your phone. Nothing is asked for until you confirm it with a code."""
    offered = services.sessions.offer_second(by=user, password=said.password)
    return SecondOut(address=offered.address, secret=offered.secret, svg=svg(offered.address))


@router.put("/session/second", status_code=204, dependencies=[CountedTry])
def confirm_second(said: CodeIn, request: Request, services: TheServices, user: Person) -> None:
    """From now on a code is asked for when you sign in; your other sessions end."""
    services.sessions.confirm_second(said.code, by=user, token=request.cookies.get(COOKIE, ""))


@router.post("/session/second/off", status_code=204, dependencies=[CountedTry])
def drop_second(said: ProofIn, services: TheServices, user: Person) -> None:
    """Ask for no code any more."""
    services.sessions.drop_second(by=user, password=said.password)


@router.get("/tokens")
def tokens(services: TheServices, user: Person) -> list[TokenOut]:
    """Your own tokens, the newest first."""
    return [TokenOut.of(kept) for kept in services.tokens.list(by=user)]


@router.post("/tokens", status_code=201)
def add_token(said: TokenIn, services: TheServices, user: Person) -> NewTokenOut:
    """A token for a program. It can do what you can, of what it is for; and is worth nothing when you have a new password."""
    made = services.tokens.add(said.name, said.deeds, said.days, by=user)
    return NewTokenOut(**dict(TokenOut.of(made.kept)), secret=made.secret)


@router.delete("/tokens/{token}", status_code=204)
def end_token(token: Id, services: TheServices, user: Person) -> None:
    """End one of your own tokens."""
    services.tokens.end(token, by=user)


@router.post("/invitation", status_code=201, dependencies=[CountedTry])
def accept(said: InvitationIn, request: Request, response: Response, services: TheServices) -> SessionOut | None:
    """Take an invitation: choose a password and be signed in. No login; the link is good once.

    Null: the password is chosen, and a code is asked for; sign in with both.
    """
    session = services.invitations.accept(said.token, said.password, caller_of(request))
    return _signed_in(session, request, response) if session else None


def _signed_in(session: Session, request: Request, response: Response) -> SessionOut:
    give_cookie(request, response, session)
    user: User = session.user
    return SessionOut.of(user, session.expires_ms)
