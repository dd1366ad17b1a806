"""What stands before every request but a clip's: no change on another site's behalf, no endless body, safe headers."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.domain.errors import Refused
from controller.web.errors import problem_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

MAX_BODY = 1_000_000
"""A request that is no upload: 10,000 names of loudspeakers fit."""

UPLOADS = frozenset({"/api/v1/bulletins"})
"""Where a body may be larger; `web.upload` counts there."""

HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=()",
}
"""No script or style but our own files; nobody may frame us; data: for the pictures inside Tabler's CSS, blob: to listen to a
file before it is sent."""


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request through the gate."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        refused = _refusal(scope, headers)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered.setdefault(name, value)
                answered.setdefault("cache-control", "no-store")
            await send(message)

        if refused is not None:
            return await problem_response(refused)(scope, receive, send_safely)
        capped = receive if scope["path"] in UPLOADS else _capped(receive)
        return await self._app(scope, capped, send_safely)


def is_own_origin(headers: Headers) -> bool:
    """Does the request come from our own page? Browsers say so in Origin, or at least in Sec-Fetch-Site."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host", "")
    return headers.get("sec-fetch-site") in ("same-origin", "none")


def _refusal(scope: Scope, headers: Headers) -> Refused | None:
    changes = scope["method"] not in SAFE_METHODS
    # A bearer's token is never sent by a browser on its own: no other site can borrow it.
    if changes and "authorization" not in headers and not is_own_origin(headers):
        return Refused("request.origin")
    length = headers.get("content-length", "0")
    if scope["path"] not in UPLOADS and (not length.isdigit() or int(length) > MAX_BODY):
        return Refused("request.too-big", limit=MAX_BODY)
    return None


def _capped(receive: Receive) -> Receive:
    """The body of a request that did not tell its length, up to the same cap."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise Refused("request.too-big", limit=MAX_BODY)
        return message

    return counted
