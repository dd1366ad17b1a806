"""What all pages share: the templates, the language, moments as people say them, who looks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.domain.rights import Actor
from controller.web import nav, words
from controller.web.assets import Assets
from controller.web.sentences import Language
from controller.web.session import who
from scheduler.clock import to_ms

LANGUAGE_COOKIE = "tienglang_lang"
LANGUAGE_S = 365 * 86_400
HERE = ZoneInfo("Asia/Ho_Chi_Minh")
_LOOKS = ("GET", "HEAD")
_OWN = ("/login", "/password", "/account")
"""Pages with forms that don't stand at the top."""


class Pages:
    """The templates, made once by `web.app`."""

    def __init__(self, assets: Assets) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = assets.url
        self._templates.filters["local"] = local
        self._templates.filters["ms"] = lambda when: to_ms(when) if when else 0
        self._templates.filters["minutes"] = length
        self._templates.filters["number"] = number
        self._templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}

    def render(
        self, template: str, request: Request, /, *, status: int = 200, user: Actor | None = None, **values: Any
    ) -> HTMLResponse:
        """The page in the language that this person reads; for a `user`, with the pages that they find at its top."""
        language = language_of(request)

        def say(key: str) -> str:
            return words.say(key, language)

        values |= {"user": user, "nav": list(nav.items(user)) if user else [], "here": request.url.path}
        values["other_language"] = in_other_language(request)
        page = self._templates.get_template(template).render(lang=language, t=say, **values)
        response = HTMLResponse(page, status_code=status)
        if request.query_params.get("lang") == language:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=LANGUAGE_S, httponly=True, samesite="lax")
        return response


def language_of(request: Request) -> Language:
    """?lang=, then the cookie; Vietnamese unless one of them says English."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if asked == "en" else "vi"


def in_other_language(request: Request) -> str:
    """The address of what is shown, in the other language. What answers a form is shown by the page on which it stands."""
    asked = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    other = ("lang", "vi" if language_of(request) == "en" else "en")
    if request.method in _LOOKS:
        return f"?{urlencode([*asked, other])}"
    return f"{nav.page_of(request.url.path, _OWN)}?{urlencode([other])}"


def local(when: datetime, now: datetime) -> str:
    """A moment as people here say it: "17:30", "17:30 ngày 22/11"."""
    here, today = when.astimezone(HERE), now.astimezone(HERE)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here:%H:%M · %d/%m}" if here.year == today.year else f"{here:%H:%M · %d/%m/%Y}"


def length(ms: int) -> str:
    """A length as a player shows it, "1:05"."""
    return f"{round(ms / 1000) // 60}:{round(ms / 1000) % 60:02}"


def number(value: int, language: Language) -> str:
    """A whole number as people here write it: "1.234"; in English "1,234"."""
    return f"{value:,}".replace(",", ".") if language == "vi" else f"{value:,}"


Visitor = Annotated[Actor | None, Depends(who)]


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


ThePages = Annotated[Pages, Depends(_pages)]


class NotSignedInError(Exception):
    """Nobody is signed in who could see this page."""


def _signed_in(user: Visitor) -> Actor:
    if user is None:
        raise NotSignedInError
    return user


SignedIn = Annotated[Actor, Depends(_signed_in)]
"""Whoever looks at a page; who is not signed in is led to the door, and from there back."""


def to_door() -> Response:
    """Who is not signed in is led to where one signs in."""
    return RedirectResponse("/login", status_code=303)


def install(app: FastAPI, assets: Assets) -> None:
    """The templates, and the way to the door."""
    app.state.pages = Pages(assets)
    app.add_exception_handler(NotSignedInError, _to_door_and_back)


async def _to_door_and_back(request: Request, _: Exception) -> Response:
    url = request.url
    asked = f"{url.path}?{url.query}" if url.query and request.method in _LOOKS else url.path
    after = asked if nav.is_page(asked) else nav.page_of(url.path)
    return to_door() if after == "/" else RedirectResponse(f"/login?after={quote(after)}", status_code=303)
