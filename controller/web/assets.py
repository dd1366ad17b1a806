"""GET /static/{build}/...: our own style, scripts, fonts and pictures, from memory, compressed once.

`build` is a hash of all of them, so every address is new when anything changed and may be kept for ever; modules and styles
name each other relatively and stay within one build. An old build's address gives the present file, not to be kept.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asset:
    media_type: str
    plain: bytes
    packed: bytes | None


class Assets:
    """The files, read when made: about a megabyte. An ASGI application for paths under PREFIX."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._assets = {
            path.relative_to(folder).as_posix(): _load(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, asset in self._assets.items():
            digest.update(name.encode() + b"\0" + asset.plain)
        self.build = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Where a file is; KeyError when there is none, so that a typo shows at once."""
        assert name in self._assets, name
        return f"{PREFIX}{self.build}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        build, _, name = scope["path"].removeprefix(PREFIX).partition("/")
        asset = self._assets.get(name)
        if asset is None or scope["method"] not in ("GET", "HEAD"):
            return await PlainTextResponse("", status_code=404 if asset is None else 405)(scope, receive, send)
        packed = asset.packed if "gzip" in Headers(scope=scope).get("accept-encoding", "") else None
        headers = {"Cache-Control": "public, max-age=31536000, immutable" if build == self.build else "no-cache"}
        if asset.packed is not None:
            headers["Vary"] = "Accept-Encoding"
        if packed is not None:
            headers["Content-Encoding"] = "gzip"
        body = asset.plain if packed is None else packed
        response = Response(b"" if scope["method"] == "HEAD" else body, media_type=asset.media_type, headers=headers)
        response.headers["Content-Length"] = str(len(body))
        return await response(scope, receive, send)


def _load(path: Path) -> _Asset:
    plain = path.read_bytes()
    packed = gzip.compress(plain, 9, mtime=0) if path.suffix != ".woff2" else plain
    return _Asset(media_type=_TYPES[path.suffix], plain=plain, packed=packed if len(packed) < len(plain) else None)
