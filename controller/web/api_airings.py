"""Airings: said now or at a time, watched live, stopped."""

from __future__ import annotations

from collections.abc import AsyncIterable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from controller.service.reports import Report
from controller.web.ledger import AiringOut, LedgerOut, airing_out, ledger_out
from controller.web.live import Live
from controller.web.programme_schemas import OrderIn
from controller.web.schemas import AiringIn, Id
from controller.web.services import TheServices
from controller.web.session import Person, who

router = APIRouter(prefix="/airings", tags=["airings"])


@router.post("", status_code=201)
def say(said: AiringIn, services: TheServices, user: Person) -> AiringOut:
    """Air an approved bulletin, now or at a time. 201 means kept: the decision and its letters are committed."""
    airing = services.airings.say(bulletin=said.bulletin, wish=said.wish(), by=user)
    return airing_out(services.reports.summary(airing.id, by=user))


@router.get("")
def recent(services: TheServices, user: Person, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[AiringOut]:
    """The newest airings, newest first."""
    return [airing_out(each) for each in services.reports.recent(limit, by=user)]


@router.get("/{airing}")
def ledger(airing: Id, services: TheServices, user: Person) -> LedgerOut:
    """One airing with every loudspeaker, village by village."""
    return ledger_out(services.reports.report(airing, by=user))


@router.post("/{airing}/cancel")
def cancel(airing: Id, services: TheServices, user: Person) -> AiringOut:
    """Ask for silence. Who may still sound until it is confirmed is named in the summary; asking twice is asking once."""
    services.airings.cancel(airing, by=user)
    return airing_out(services.reports.report(airing, by=user))


@router.post("/{airing}/repeat")
def repeat(airing: Id, services: TheServices, user: Person) -> AiringOut:
    """Air the same bulletin again, now, in the villages where a loudspeaker missed it: a new airing.

    While such a repeat sounds, asking again gives that one; 409 or 422 says why there can be none.
    """
    again = services.airings.repeat(airing, by=user)
    return airing_out(services.reports.summary(again.id, by=user))


@router.put("/{airing}/order")
def order(airing: Id, said: OrderIn, services: TheServices, user: Person) -> AiringOut:
    """What the commune decided where two bulletins of one class meet at a time: the lower goes first, then the higher level."""
    services.airings.order(airing, said.order, by=user)
    return airing_out(services.reports.report(airing, by=user))


def _report(airing: Id, services: TheServices, user: Person) -> Report:
    return services.reports.report(airing, by=user)


@router.get("/{airing}/events", response_class=EventSourceResponse)
async def events(
    request: Request, services: TheServices, user: Person, first: Annotated[Report, Depends(_report)]
) -> AsyncIterable[ServerSentEvent]:
    """First `ledger` (data: the whole ledger), then `change` (data: {airing, nodes}), at most four a second.

    A stream that begins again begins with the whole. Comments keep a quiet one alive.
    """
    live: Live = request.app.state.live
    async for event in live.airing(first.airing.id, first, user, partial(who, request, services)):
        yield event
