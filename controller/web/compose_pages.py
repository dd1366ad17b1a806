"""The page on which a bulletin is composed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from controller.domain.rights import Actor, Deed
from controller.domain.unit import Level, Unit
from controller.service.rights import require_anywhere
from controller.web import compose_words, words
from controller.web.headline import name_order
from controller.web.pages import SignedIn, ThePages, language_of
from controller.web.services import TheServices

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/compose")
def compose(request: Request, services: TheServices, user: SignedIn, pages: ThePages) -> Response:
    """A sound, a title, places, a moment, one button."""
    require_anywhere(user, Deed.BULLETIN_RECEIVE)
    units = services.units.tree(by=user)
    counts: dict[str, int] = {}
    for view in services.nodes.list(by=user):
        counts[view.node.village] = counts.get(view.node.village, 0) + 1
    return pages.render(
        "compose.html",
        request,
        user=user,
        communes=_communes(units, counts, user),
        has_units=bool(units),
        nodes=sum(counts.values()),
        script=words.for_script(language_of(request), compose_words.SCRIPT),
    )


def _communes(units: Sequence[Unit], counts: dict[str, int], user: Actor) -> list[dict[str, Any]]:
    """Communes with their villages and how many loudspeakers stand there, as the tree shows them.

    `whole`: this person speaks for all of it, not only for the villages that they see.
    """
    units = sorted(units, key=lambda unit: name_order(unit.name))
    villages: dict[str, list[dict[str, Any]]] = {}
    for unit in units:
        if unit.level is Level.VILLAGE:
            row = {"id": unit.id, "name": unit.name, "nodes": counts.get(unit.id, 0)}
            villages.setdefault(unit.parent or "", []).append(row)
    return [
        {
            "id": unit.id,
            "name": unit.name,
            "whole": user.may(Deed.AIRING_SAY, unit),
            "villages": villages.get(unit.id, []),
            "nodes": sum(row["nodes"] for row in villages.get(unit.id, [])),
        }
        for unit in units
        if unit.level is Level.COMMUNE
    ]
