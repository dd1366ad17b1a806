"""The server itself: is it alive, which version; signing in and out; the demo."""

from __future__ import annotations

from importlib.metadata import version as version_of

from fastapi import APIRouter, Request, Response
from pydantic import Field

from controller.web.schemas import Model, Moment
from controller.web.services import TheServices
from controller.web.session import COOKIE, CountedTry, Person, give_cookie, take_cookie
from scheduler.clock import moment

health = APIRouter(tags=["system"])
router = APIRouter(tags=["system"])


class HealthOut(Model):
    """Alive: it answers, and its database does. Which of two controllers acts: this one, or the one at `place`, since when."""

    ok: bool
    acts: bool
    place: str
    since: Moment | None


class VersionOut(Model):
    """What runs here."""

    name: str
    version: str


class SignInIn(Model):
    """A name and a password."""

    name: str = Field(max_length=200, examples=["canbo"])
    password: str = Field(max_length=1000, examples=["tieng-lang-2026"])


class SessionOut(Model):
    """Who is signed in, and until when."""

    name: str
    expires: Moment | None


class PasswordIn(Model):
    """A new password for oneself."""

    old: str = Field(max_length=1000)
    new: str = Field(max_length=1000)


class DemoOut(Model):
    """What the demo made."""

    communes: list[str]
    nodes: int
    accounts: list[SignInIn]


@health.get("/healthz")
def healthz(services: TheServices) -> HealthOut:
    """Does the server live? No login."""
    services.users.has_demo()  # a look into the database
    acting = services.acting()
    return HealthOut(ok=True, acts=acting.here, place=acting.place, since=moment(acting.since_ms) if acting.place else None)


@router.get("/version")
def version(_: Person) -> VersionOut:
    """What runs here."""
    return VersionOut(name="tienglang", version=version_of("tienglang"))


@router.post("/session", status_code=201, dependencies=[CountedTry])
def sign_in(said: SignInIn, request: Request, response: Response, services: TheServices) -> SessionOut:
    """Sign in: the answer sets the session's cookie, which lasts 12 hours."""
    session = services.users.sign_in(said.name, said.password)
    give_cookie(request, response, session)
    return SessionOut(name=session.user.name, expires=moment(session.expires_ms))


@router.get("/session")
def session(user: Person) -> SessionOut:
    """Who is signed in."""
    return SessionOut(name=user.name, expires=None)


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, services: TheServices, _: Person) -> None:
    """Sign out."""
    services.users.sign_out(request.cookies.get(COOKIE, ""))
    take_cookie(response)


@router.put("/session/password", status_code=204, dependencies=[CountedTry])
def change_password(said: PasswordIn, request: Request, services: TheServices, user: Person) -> None:
    """Change your own password; your other sessions end."""
    services.users.change_password(user.id, old=said.old, new=said.new, token=request.cookies.get(COOKIE))


@router.post("/demo")
def make_demo(services: TheServices, user: Person) -> DemoOut:
    """Make the demo's communes, loudspeakers and accounts, where the settings allow one; twice is once."""
    made = services.make_demo(user)
    accounts = [SignInIn(name=name, password=password) for name, password in made.accounts]
    return DemoOut(communes=list(made.communes), nodes=made.nodes, accounts=accounts)
