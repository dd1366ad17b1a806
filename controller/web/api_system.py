"""The server itself: is it alive, which version; the demo."""

from __future__ import annotations

from importlib.metadata import version as version_of

from fastapi import APIRouter
from pydantic import Field

from controller.web.schemas import Model, Moment
from controller.web.services import TheServices
from controller.web.session import Person
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


class DemoAccountOut(Model):
    """An account that everybody may use."""

    name: str = Field(examples=["canbo"])
    password: str = Field(examples=["tieng-lang-2026"])


class DemoOut(Model):
    """What the demo made."""

    communes: list[str]
    nodes: int
    accounts: list[DemoAccountOut]


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


@router.post("/demo")
def make_demo(services: TheServices, user: Person) -> DemoOut:
    """Make the demo's communes, loudspeakers and accounts, where the settings allow one; twice is once."""
    made = services.make_demo(user)
    accounts = [DemoAccountOut(name=name, password=password) for name, password in made.accounts]
    return DemoOut(communes=list(made.communes), nodes=made.nodes, accounts=accounts)
