"""Today: told that something of what one sees changed."""

from __future__ import annotations

from collections.abc import AsyncIterable
from functools import partial

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from controller.web.services import TheServices
from controller.web.session import Person, who
from controller.web.today_live import TodayLive

router = APIRouter(prefix="/today", tags=["today"])


@router.get("/events", response_class=EventSourceResponse)
async def events(request: Request, services: TheServices, user: Person) -> AsyncIterable[ServerSentEvent]:
    """`today` (data: {"version": n}) at once, and again when what is on air, who is there or what is broken changed within one's
    reach: at most once in two seconds. Comments keep a quiet stream alive; it ends when one is signed out or reaches elsewhere.
    """
    live: TodayLive = request.app.state.today_live
    async for event in live.events(user, partial(who, request, services)):
        yield event
