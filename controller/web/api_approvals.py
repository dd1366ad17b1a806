"""A yes before it is said: what waits, and the four things that people do with it."""

from __future__ import annotations

from fastapi import APIRouter

from controller.web.approval_schemas import ApproveIn, ReturnIn, SubmitIn, WaitingOut
from controller.web.day_schemas import PreviewOut
from controller.web.schemas import BulletinOut, Id
from controller.web.services import TheServices
from controller.web.session import Person
from scheduler.clock import to_ms

router = APIRouter(tags=["approvals"])


@router.get("/approvals")
def waiting(services: TheServices, user: Person) -> list[WaitingOut]:
    """What waits for a yes that you may give, the longest first; then your own: what waits, and what was returned."""
    return [WaitingOut.of(each) for each in services.approvals.waiting(by=user)]


@router.get("/bulletins/{bulletin}/preview")
def preview(bulletin: Id, services: TheServices, user: Person, now: bool = False) -> PreviewOut | None:
    """What your yes would change: when each village hears it, or why not, and what it pushes aside. null: programmes take it."""
    found = services.previews.approved(bulletin, now=now, by=user)
    return PreviewOut.of(found) if found else None


@router.post("/bulletins/{bulletin}/submit")
def submit(bulletin: Id, said: SubmitIn, services: TheServices, user: Person) -> BulletinOut:
    """Ask for a yes. It is said, as it is wished, when somebody approves it."""
    services.approvals.submit(bulletin, said.wish.wish() if said.wish else None, by=user)
    return BulletinOut.of(services.bulletins.view(bulletin, by=user))


@router.post("/bulletins/{bulletin}/approve")
def approve(bulletin: Id, said: ApproveIn, services: TheServices, user: Person) -> BulletinOut:
    """Say yes: what was wished of it comes true in the same commit. Approving twice is approving once."""
    services.approvals.approve(bulletin, to_ms(said.submitted), now=said.now, by=user)
    return BulletinOut.of(services.bulletins.view(bulletin, by=user))


@router.post("/bulletins/{bulletin}/return")
def give_back(bulletin: Id, said: ReturnIn, services: TheServices, user: Person) -> BulletinOut:
    """Return it to whoever made it, with a note."""
    services.approvals.give_back(bulletin, said.note, by=user)
    return BulletinOut.of(services.bulletins.view(bulletin, by=user))


@router.post("/bulletins/{bulletin}/withdraw")
def withdraw(bulletin: Id, services: TheServices, user: Person) -> BulletinOut:
    """Take it back before anybody decided."""
    services.approvals.withdraw(bulletin, by=user)
    return BulletinOut.of(services.bulletins.view(bulletin, by=user))
