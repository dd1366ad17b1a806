"""The door: signing in and out, taking an invitation, the own password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.domain.errors import TiengLangError
from controller.web import nav, words
from controller.web.errors import status_of
from controller.web.pages import ThePages, Visitor, language_of, to_door
from controller.web.sentences import sentence
from controller.web.services import TheServices
from controller.web.session import COOKIE, CountedTry, caller_of, give_cookie, take_cookie

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login")
def login_page(request: Request, user: Visitor, pages: ThePages) -> Response:
    """Where one signs in."""
    if user is not None:
        return RedirectResponse("/", status_code=303)
    return pages.render(
        "login.html", request, error="", name="", after=_after(request.query_params.get("after")), asks_code=False
    )


@router.post("/login", dependencies=[CountedTry])
def login(
    request: Request,
    services: TheServices,
    pages: ThePages,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    after: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Sign in; a wrong word keeps the name that was typed. A code is asked for when the account has a second step."""
    try:
        session = services.sessions.sign_in(name, password, code, caller_of(request))
    except TiengLangError as error:
        told = sentence(error.code, error.fields, language_of(request))
        asks = error.code.startswith("login.code")
        return pages.render(
            "login.html", request, status=status_of(error), error=told, name=name, after=_after(after), asks_code=asks
        )
    response = RedirectResponse(_after(after), status_code=303)
    give_cookie(request, response, session)
    return response


@router.post("/logout")
def logout(request: Request, services: TheServices) -> Response:
    """Sign out."""
    services.sessions.sign_out(request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", status_code=303)
    take_cookie(response)
    return response


@router.get("/invite")
def invite_page(request: Request, pages: ThePages) -> Response:
    """Where whoever was invited chooses a password. The token stays behind the #, in the browser."""
    return pages.render("invite.html", request, script=words.for_script(language_of(request)))


@router.get("/password")
def password_page(request: Request, user: Visitor, pages: ThePages) -> Response:
    """Where one changes the own password."""
    if user is None:
        return to_door()
    return pages.render("password.html", request, user=user, error="", done=False)


@router.post("/password", dependencies=[CountedTry])
def change_password(
    request: Request,
    services: TheServices,
    user: Visitor,
    pages: ThePages,
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change it; the other sessions end."""
    if user is None:
        return to_door()
    error = ""
    try:
        services.sessions.change_password(by=user, old=old, new=new, token=request.cookies.get(COOKIE))
    except TiengLangError as refused:
        error = sentence(refused.code, refused.fields, language_of(request))
    return pages.render("password.html", request, user=user, error=error, done=not error)


def _after(path: str | None) -> str:
    """Where to go after signing in: one of our own pages, nothing a stranger wrote into a link."""
    return path if path and nav.is_page(path) else "/"
