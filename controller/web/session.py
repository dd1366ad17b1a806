"""Who is asking: a browser by its session cookie, a program by its token, this machine's command line
by the bearer token that it found in a file."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from controller.domain.errors import Refused
from controller.domain.rights import OPERATOR, Actor
from controller.service.sessions import SESSION_MS, Caller, Session
from controller.web.services import TheServices
from scheduler.clock import Clock

COOKIE = "tienglang_session"

TRIES = 20
TRIES_WINDOW_MS = 60_000
"""Sign-ins one address may try in a minute: an office behind one address has a few people, a guesser wants thousands."""

MAX_ADDRESSES = 10_000
"""Addresses remembered; the oldest are forgotten first, so that a flood of them fills no memory."""


class Tries:
    """Counts sign-ins by address, in memory: after a restart everybody begins anew. Event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, address: str) -> None:
        """One more try from there; Refused("login.slow") when there were too many."""
        now_ms = self._clock.monotonic_ms()
        began_ms, number = self._seen.pop(address, (now_ms, 0))
        if now_ms - began_ms >= TRIES_WINDOW_MS:
            began_ms, number = now_ms, 0
        self._seen[address] = (began_ms, number + 1)
        if len(self._seen) > MAX_ADDRESSES:
            self._seen.popitem(last=False)
        if number >= TRIES:
            raise Refused("login.slow", seconds=-(-(TRIES_WINDOW_MS - now_ms + began_ms) // 1000))


def person(request: Request, services: TheServices) -> Actor:
    """Who asks; Refused("session.none") when nobody is signed in."""
    found = who(request, services)
    if found is None:
        raise Refused("session.none")
    return found


def who(request: Request, services: TheServices) -> Actor | None:
    """Who asks, or None."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        same = hmac.compare_digest(token.strip().encode(), services.local_token.encode())
        return OPERATOR if same else services.tokens.who(token.strip())
    cookie = request.cookies.get(COOKIE)
    return services.sessions.who(cookie) if cookie else None


def caller_of(request: Request) -> Caller:
    """Where a sign-in comes from."""
    return Caller(agent=request.headers.get("user-agent", ""), address=request.client.host if request.client else "")


Person = Annotated[Actor, Depends(person)]


async def _count_try(request: Request) -> None:
    tries: Tries = request.app.state.tries
    tries.count(request.client.host if request.client else "")


CountedTry = Depends(_count_try)


def give_cookie(request: Request, response: Response, session: Session) -> None:
    """Tell the browser its session: no script reads it, no other site sends it."""
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=SESSION_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=is_https(request),
        path="/",
    )


def is_https(request: Request) -> bool:
    """Does it come over TLS? A proxy that ends it says so; who says it of an own connection only keeps an own secret safer."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def take_cookie(response: Response) -> None:
    """Let the browser forget it."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
