"""One's own page: password, second step, where one is signed in, tokens for programs. Plain forms."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.domain.errors import TiengLangError
from controller.domain.rights import Actor, Deed
from controller.service.sessions import SecondStep
from controller.service.tokens import NEVER, NewToken
from controller.web.errors import status_of
from controller.web.pages import Pages, ThePages, Visitor, language_of, to_door
from controller.web.qr import svg
from controller.web.right_sentences import DEEDS, deed_words
from controller.web.sentences import sentence
from controller.web.services import Services, TheServices
from controller.web.session import COOKIE, CountedTry
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Word = Annotated[str, Form(max_length=1000)]


@router.get("/account")
def account(request: Request, services: TheServices, user: Visitor, pages: ThePages) -> Response:
    """All of it."""
    return _page(request, services, user, pages)


@router.post("/account/sessions/{session}/end")
def end_session(session: str, request: Request, services: TheServices, user: Visitor, pages: ThePages) -> Response:
    """End one of one's own sessions."""
    return _done(request, services, user, pages, "sessions", lambda by: services.sessions.end(session, by=by))


@router.post("/account/second", dependencies=[CountedTry])
def offer_second(request: Request, services: TheServices, user: Visitor, pages: ThePages, password: Word = "") -> Response:
    """Show the code to scan, once."""
    if user is None:
        return to_door()
    try:
        offered = services.sessions.offer_second(by=user, password=password)
    except TiengLangError as error:
        return _page(request, services, user, pages, error=error, at="second")
    return _page(request, services, user, pages, offered=offered, at="second")


@router.post("/account/second/confirm", dependencies=[CountedTry])
def confirm_second(
    request: Request,
    services: TheServices,
    user: Visitor,
    pages: ThePages,
    code: Word = "",
    address: Word = "",
    secret: Word = "",
) -> Response:
    """The app shows this code: it is asked for from now on. A wrong one leaves the picture where it was."""
    if user is None:
        return to_door()
    try:
        services.sessions.confirm_second(code, by=user, token=request.cookies.get(COOKIE, ""))
    except TiengLangError as error:
        offered = SecondStep(address=address, secret=secret) if address.startswith("otpauth://totp/") else None
        return _page(request, services, user, pages, error=error, at="second", offered=offered)
    return RedirectResponse("/account#second", status_code=303)


@router.post("/account/second/off", dependencies=[CountedTry])
def drop_second(request: Request, services: TheServices, user: Visitor, pages: ThePages, password: Word = "") -> Response:
    """Ask for no code any more."""
    return _done(request, services, user, pages, "second", lambda by: services.sessions.drop_second(by=by, password=password))


@router.post("/account/tokens")
def add_token(
    request: Request,
    services: TheServices,
    user: Visitor,
    pages: ThePages,
    name: Annotated[str, Form(max_length=200)] = "",
    deeds: Annotated[list[Deed] | None, Form(max_length=len(Deed))] = None,
    days: Annotated[int, Form(ge=1, le=366)] = 90,
) -> Response:
    """A token, shown once."""
    if user is None:
        return to_door()
    try:
        made = services.tokens.add(name, deeds or (), days, by=user)
    except TiengLangError as error:
        return _page(request, services, user, pages, error=error, at="tokens")
    return _page(request, services, user, pages, made=made, at="tokens")


@router.post("/account/tokens/{token}/end")
def end_token(token: str, request: Request, services: TheServices, user: Visitor, pages: ThePages) -> Response:
    """End one of one's own tokens."""
    return _done(request, services, user, pages, "tokens", lambda by: services.tokens.end(token, by=by))


def _done(request: Request, services: Services, user: Actor | None, pages: Pages, at: str, deed: Any) -> Response:
    if user is None:
        return to_door()
    try:
        deed(user)
    except TiengLangError as error:
        return _page(request, services, user, pages, error=error, at=at)
    return RedirectResponse(f"/account#{at}", status_code=303)


def _page(
    request: Request,
    services: Services,
    user: Actor | None,
    pages: Pages,
    *,
    error: TiengLangError | None = None,
    at: str = "",
    offered: SecondStep | None = None,
    made: NewToken | None = None,
) -> Response:
    if user is None:
        return to_door()
    language = language_of(request)
    return pages.render(
        "account.html",
        request,
        status=status_of(error) if error else 200,
        user=user,
        now=moment(services.clock.now_ms()),
        sessions=[
            (view, moment(view.kept.created_ms))
            for view in services.sessions.list(by=user, token=request.cookies.get(COOKIE, ""))
        ],
        has_second=services.sessions.has_second(by=user),
        offered=offered,
        picture=svg(offered.address) if offered else "",
        tokens=[
            (kept, moment(kept.expires_ms), [deed_words(deed, language) for deed in sorted(kept.deeds)])
            for kept in services.tokens.list(by=user)
        ],
        made=made.secret if made else "",
        deeds=[
            (deed.value, deed_words(deed, language))
            for deed in map(Deed, DEEDS)
            if deed not in NEVER | {Deed.SEE} and user.may_anywhere(deed)
        ],
        error=sentence(error.code, error.fields, language) if error else "",
        at=at,
    )
