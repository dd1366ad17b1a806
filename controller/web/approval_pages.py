"""What waits for a yes, and a bulletin's own page before it is said. Plain forms: a yes is one press, with or without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.domain.bulletin import BulletinState
from controller.domain.errors import TiengLangError
from controller.domain.rights import Deed
from controller.service.ports import Draft
from controller.service.rights import require_anywhere
from controller.web import approval_words, words
from controller.web.approval_schemas import WaitingOut
from controller.web.errors import status_of
from controller.web.pages import Pages, SignedIn, ThePages, language_of
from controller.web.schemas import BulletinOut, Id
from controller.web.sentences import sentence
from controller.web.services import Services, TheServices
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

NOTES = ("note-slow", "note-time", "note-place", "note-check")
"""What is returned most often, in a press instead of typing on a phone."""

LAST_MS = 1 << 52
"""No moment is later."""

PAST = "airing.past"
"""Its time went by while it waited: then it can be said at once."""


@router.get("/approvals")
def approvals(
    request: Request, services: TheServices, user: SignedIn, pages: ThePages, done: str = "", did: str = ""
) -> Response:
    """The longest waiting first, each to be heard and decided on a phone; one's own behind them."""
    if not user.may_anywhere(Deed.BULLETIN_APPROVE):
        require_anywhere(user, Deed.BULLETIN_SUBMIT)
    return _list(request, services, user, pages, done=done, did=did)


@router.post("/approvals/{bulletin}/approve")
def approve(
    bulletin: Id,
    request: Request,
    services: TheServices,
    user: SignedIn,
    pages: ThePages,
    seen: Annotated[int, Form(ge=0, le=LAST_MS)] = 0,
    now: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """Yes; what can't be said as it was wished stays, with the reason."""
    return _done(
        request,
        services,
        user,
        pages,
        bulletin,
        "approved",
        lambda: services.approvals.approve(bulletin, seen, now=bool(now), by=user),
    )


@router.post("/approvals/{bulletin}/return")
def give_back(
    bulletin: Id,
    request: Request,
    services: TheServices,
    user: SignedIn,
    pages: ThePages,
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """No, and why."""
    return _done(
        request, services, user, pages, bulletin, "returned", lambda: services.approvals.give_back(bulletin, note, by=user), note
    )


@router.post("/approvals/{bulletin}/withdraw")
def withdraw(bulletin: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """Its author takes it back."""
    return _done(request, services, user, pages, bulletin, "withdrawn", lambda: services.approvals.withdraw(bulletin, by=user))


@router.post("/approvals/{bulletin}/submit")
def submit(bulletin: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """Its author asks again."""
    return _done(
        request, services, user, pages, bulletin, "submitted", lambda: services.approvals.submit(bulletin, None, by=user)
    )


@router.get("/bulletins/{bulletin}")
def bulletin_page(bulletin: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """Where a bulletin stands until it is said; then its airing's page."""
    view = services.bulletins.view(bulletin, by=user)
    if view.airing is not None:
        return RedirectResponse(f"/airings/{view.airing}", status_code=303)
    waiting = None if view.preparing or view.clip is None else services.approvals.see(bulletin, by=user)
    return pages.render(
        "bulletin.html",
        request,
        user=user,
        said=BulletinOut.of(view),
        card=WaitingOut.of(waiting) if waiting else None,
        approvers=services.approvals.approvers(bulletin, by=user) if waiting else [],
        now=moment(services.clock.now_ms()),
        wrong="",
        past=False,
        note="",
        notes=NOTES,
        script=words.for_script(language_of(request), approval_words.SCRIPT),
    )


def _done(
    request: Request,
    services: Services,
    user: SignedIn,
    pages: Pages,
    bulletin: str,
    did: str,
    deed: Callable[[], Draft],
    note: str = "",
) -> Response:
    try:
        deed()
    except TiengLangError as error:
        return _list(request, services, user, pages, error=error, at=bulletin, note=note)
    return RedirectResponse(f"/approvals?did={did}&done={bulletin}", status_code=303)


def _list(
    request: Request,
    services: Services,
    user: SignedIn,
    pages: Pages,
    *,
    done: str = "",
    did: str = "",
    error: TiengLangError | None = None,
    at: str = "",
    note: str = "",
) -> Response:
    cards = [WaitingOut.of(each) for each in services.approvals.waiting(by=user)]
    for_me = [card for card in cards if card.may_approve and card.state is BulletinState.SUBMITTED]
    wrong = sentence(error.code, error.fields, language_of(request)) if error else ""
    return pages.render(
        "approvals.html",
        request,
        status=status_of(error) if error else 200,
        user=user,
        for_me=for_me,
        own=[card for card in cards if card.own],
        told=_told(services, user, done, did),
        at=at,
        wrong=wrong,
        past=error is not None and error.code == PAST,
        note=note,
        notes=NOTES,
        now=moment(services.clock.now_ms()),
        script=words.for_script(language_of(request), approval_words.SCRIPT),
    )


def _told(services: Services, user: SignedIn, done: str, did: str) -> tuple[str, str, str] | None:
    """What was just done: its word, the bulletin's title, and where it can be seen. Nonsense in an address says nothing."""
    word = f"{did}-said"
    if word not in approval_words.WORDS:
        return None
    try:
        view = services.bulletins.view(done, by=user)
    except TiengLangError:
        return None
    return word, view.bulletin.title, f"/airings/{view.airing}" if view.airing else f"/bulletins/{done}"
