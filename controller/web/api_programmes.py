"""Programmes: recurring slots, made, changed, paused and ended. Of two who edit one, the second gets 409 and what differs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from controller.web.programme_schemas import OneDay, OrderIn, Pause, ProgrammeBody, ProgrammeChangeIn, ProgrammeOut, ReopenIn
from controller.web.schemas import Id
from controller.web.services import TheServices
from controller.web.session import Person

router = APIRouter(prefix="/programmes", tags=["programmes"])


@router.get("")
def programmes(services: TheServices, user: Person, unit: Annotated[Id | None, Query()] = None) -> list[ProgrammeOut]:
    """The living programmes, by title: all, or those that are heard in a unit or below it."""
    return [ProgrammeOut.of(kept) for kept in services.programmes.list(unit, by=user)]


@router.post("", status_code=201)
def create(said: ProgrammeBody, services: TheServices, user: Person) -> ProgrammeOut:
    """A new programme. One that may sound nowhere, at none of its times, is refused (`programme.hours`)."""
    return ProgrammeOut.of(services.programmes.create(said.programme(), by=user))


@router.get("/{programme}")
def show(programme: Id, services: TheServices, user: Person) -> ProgrammeOut:
    """One programme, living or ended."""
    return ProgrammeOut.of(services.programmes.get(programme, by=user))


@router.put("/{programme}")
def change(programme: Id, said: ProgrammeChangeIn, services: TheServices, user: Person) -> ProgrammeOut:
    """Let it be this, in place of the version that was looked at. The same again changes nothing."""
    return ProgrammeOut.of(services.programmes.change(programme, said.version, said.programme.programme(), by=user))


@router.post("/{programme}/pause")
def pause(programme: Id, said: Pause, services: TheServices, user: Person) -> ProgrammeOut:
    """Silent for some days."""
    return ProgrammeOut.of(services.programmes.pause(programme, said.first, said.last, by=user))


@router.put("/{programme}/skips/{day}")
def skip(programme: Id, day: date, services: TheServices, user: Person) -> ProgrammeOut:
    """Silent on one day; twice is once."""
    return ProgrammeOut.of(services.programmes.skip_day(programme, day, by=user))


@router.put("/{programme}/days/{day}")
def change_day(programme: Id, day: date, said: OneDay, services: TheServices, user: Person) -> ProgrammeOut:
    """Otherwise on one day."""
    return ProgrammeOut.of(services.programmes.change_day(programme, said.change(day), by=user))


@router.put("/{programme}/order")
def order(programme: Id, said: OrderIn, services: TheServices, user: Person) -> ProgrammeOut:
    """Which of two priority items goes first where they meet."""
    return ProgrammeOut.of(services.programmes.order(programme, said.order, by=user))


@router.post("/{programme}/end")
def end(programme: Id, services: TheServices, user: Person) -> ProgrammeOut:
    """It has no more turns; twice is once."""
    return ProgrammeOut.of(services.programmes.end(programme, by=user))


@router.post("/{programme}/reopen")
def reopen(programme: Id, said: ReopenIn, services: TheServices, user: Person) -> ProgrammeOut:
    """It was ended by mistake: it lives again as it was. Twice is once."""
    return ProgrammeOut.of(services.programmes.reopen(programme, said.version, by=user))
