"""Bulletins: taken in with their sound, watched while it is prepared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field, ValidationError

from audio.clip import Part
from controller.domain.airing import DEFAULT_GRACE_MS, DEFAULT_LEAD_MS, Klass
from controller.domain.bulletin import MAX_TEXT
from controller.domain.errors import Refused
from controller.domain.rights import Actor
from controller.web.live import Live
from controller.web.schemas import BulletinOut, Id, Moment, Text, WishIn
from controller.web.services import Services, TheServices
from controller.web.session import Person
from controller.web.upload import Form, receive, scratch
from scheduler.clock import to_ms

LONGEST_MS = 86_400_000
"""Of what a person brings, a day: what is said of it is an hour at most."""

router = APIRouter(prefix="/bulletins", tags=["bulletins"])


class BulletinIn(WishIn):
    """The fields beside the file. With `to` it airs as soon as its sound is prepared; without, it waits to be aired."""

    to: list[Id] = Field(default=[], max_length=200)
    title: Text
    klass: Klass = Field(default=Klass.NORMAL, validation_alias="class")
    language: str = Field(default="vi", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")
    owner: Id | None = None
    kind: str = Field(default="", pattern=r"^[a-z0-9-]{0,32}$")
    until: Moment | None = None
    text: str = ""
    draft: Id | None = None
    from_ms: int = Field(default=0, ge=0, le=LONGEST_MS)
    to_ms: int | None = Field(default=None, ge=1, le=LONGEST_MS)


_SINGLE = frozenset(BulletinIn.model_fields) - {"to"}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "title"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "wav, mp3, m4a, ogg, webm, flac, amr"},
                        "title": {"type": "string", "maxLength": 200},
                        "class": {"type": "string", "enum": ["normal", "priority"], "default": "normal"},
                        "language": {"type": "string", "default": "vi"},
                        "owner": {"type": "string", "description": "the unit it belongs to; else the one above all of `to`"},
                        "kind": {"type": "string", "description": "what sort of news: programmes that take it air it"},
                        "until": {"type": "string", "format": "date-time", "description": "old news after; absent: a week"},
                        "text": {"type": "string", "maxLength": MAX_TEXT, "description": "what is read out"},
                        "draft": {"type": "string", "description": "your name for it: sent again, it is the same bulletin"},
                        "from_ms": {"type": "integer", "default": 0, "description": "the part of the sound that is said"},
                        "to_ms": {"type": "integer", "description": "absent: to its end"},
                        "to": {"type": "array", "items": {"type": "string"}, "description": "units; once for each"},
                        "at": {"type": "string", "format": "date-time", "description": "with an offset; absent: now"},
                        "latest": {"type": "string", "format": "date-time", "description": "how long it may wait its turn"},
                        "lead_ms": {"type": "integer", "default": DEFAULT_LEAD_MS},
                        "grace_ms": {"type": "integer", "default": DEFAULT_GRACE_MS},
                        "gain": {"type": "integer", "default": 0, "description": "0.1 dB"},
                        "if_clear": {"type": "boolean", "default": False, "description": "else airing.not-clear, and it waits"},
                    },
                },
                "example": {"title": "Họp thôn tối nay", "to": ["x01654-1"], "at": "2026-11-22T17:30:00+07:00"},
            }
        },
    }
}


@router.post("", status_code=202, openapi_extra=_FORM)
async def receive_bulletin(request: Request, services: TheServices, user: Person) -> BulletinOut:
    """Take in a sound. 202 means kept: it is committed, its sound is prepared next, and what was wished of it comes true."""
    with scratch(services.uploads) as path:
        form = await receive(request, path)
        return await asyncio.to_thread(_take_in, services, form, user)


@router.get("/{bulletin}")
def bulletin(bulletin: Id, services: TheServices, user: Person) -> BulletinOut:
    """The bulletin, and how far its sound is."""
    return BulletinOut.of(services.bulletins.view(bulletin, by=user))


@router.post("/{bulletin}/cancel")
def cancel(bulletin: Id, services: TheServices, user: Person) -> BulletinOut:
    """Give up preparing it."""
    services.bulletins.cancel(bulletin, by=user)
    return BulletinOut.of(services.bulletins.view(bulletin, by=user))


def _known(bulletin: Id, services: TheServices, user: Person) -> str:
    services.bulletins.view(bulletin, by=user)
    return bulletin


@router.get("/{bulletin}/events", response_class=EventSourceResponse)
async def events(request: Request, user: Person, bulletin: Annotated[str, Depends(_known)]) -> AsyncIterable[ServerSentEvent]:
    """`bulletin` events (data: the bulletin) while its sound is prepared; the last one says what came of it."""
    live: Live = request.app.state.live
    async for event in live.bulletin(bulletin, user):
        yield event


def _take_in(services: Services, form: Form, user: Actor) -> BulletinOut:
    said = _said(form)
    bulletin = services.bulletins.receive(
        form.path,
        title=said.title,
        klass=said.klass,
        language=said.language,
        owner=said.owner or services.units.above(said.to, by=user).id,
        by=user,
        wish=said.wish() if said.to else None,
        kind=said.kind,
        until_ms=to_ms(said.until) if said.until else None,
        text=said.text,
        part=_part(said),
        key=said.draft,
    )
    return BulletinOut.of(services.bulletins.view(bulletin.id, by=user))


def _part(said: BulletinIn) -> Part:
    if said.to_ms is not None and said.to_ms <= said.from_ms:
        raise Refused("bulletin.part")
    return Part(from_ms=said.from_ms, to_ms=said.to_ms)


def _said(form: Form) -> BulletinIn:
    values = {name: all_[0] if name in _SINGLE | {"class"} and len(all_) == 1 else all_ for name, all_ in form.fields.items()}
    for name in ("at", "latest", "until", "draft", "from_ms", "to_ms"):
        if values.get(name) == "":
            del values[name]  # an empty field of a form is one that was not filled in
    try:
        return BulletinIn.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError([each | {"loc": ("body", *each["loc"])} for each in error.errors()]) from error
