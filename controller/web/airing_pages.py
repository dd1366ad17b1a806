"""An airing's own page: what became of it, live."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.rights import Deed
from controller.web import airing_words, words
from controller.web.pages import SignedIn, ThePages, language_of
from controller.web.schemas import Id
from controller.web.services import TheServices
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/airings/{airing}")
def airing_page(airing: Id, request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """The answer first, then each loudspeaker."""
    line = services.reports.summary(airing, by=user).airing
    again = [(each, moment(each.start_ms)) for each in services.reports.repeats(airing, by=user)]
    return pages.render(
        "airing.html",
        request,
        user=user,
        airing=airing,
        line=line,
        repeats=again,
        now=services.clock.now(),
        may_say=user.may_anywhere(Deed.AIRING_SAY),
        may_stop=user.may_anywhere(Deed.AIRING_CANCEL),
        script=words.for_script(language_of(request), airing_words.SCRIPT, ledger=True),
    )
