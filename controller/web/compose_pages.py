"""The page on which a bulletin is composed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.bulletin import MAX_TEXT
from controller.domain.rights import Deed
from controller.service.rights import require_anywhere
from controller.web import compose_view, compose_words, words
from controller.web.pages import SignedIn, ThePages, language_of
from controller.web.sentences import LANGUAGES
from controller.web.services import TheServices

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/compose")
def compose(request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """A sound, a title, places, a moment, one button."""
    require_anywhere(user, Deed.BULLETIN_RECEIVE)
    units = services.units.tree(by=user)
    counts = {village.village: village.nodes for village in services.coverage.of(by=user).villages}
    own = services.policies.effective(services.units.above([], by=user).id, by=user).policy.languages if units else ()
    language = language_of(request)
    return pages.render(
        "compose.html",
        request,
        user=user,
        communes=compose_view.communes(units, counts, user),
        has_units=bool(units),
        nodes=sum(counts.values()),
        languages=compose_view.languages(own),
        which=LANGUAGES.index(language),
        offers=compose_view.offers(services.programmes.list(by=user), units, user),
        owners=compose_view.owners(units, user),
        max_text=MAX_TEXT,
        script=words.for_script(language, compose_words.SCRIPT),
    )
