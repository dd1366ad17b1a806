"""An airing's own page: what became of it, live."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.rights import Deed
from controller.web import words
from controller.web.pages import SignedIn, ThePages, language_of
from controller.web.services import TheServices

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/airings/{airing}")
def airing_page(airing: str, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """The answer first, then each loudspeaker."""
    services.reports.summary(airing, by=user)
    return pages.render(
        "airing.html",
        request,
        user=user,
        airing=airing,
        may_stop=user.may_anywhere(Deed.AIRING_CANCEL),
        script=words.for_script(language_of(request), ledger=True),
    )
