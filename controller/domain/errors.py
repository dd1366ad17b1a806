"""The one error of the controller's inner folders: a stable code and its fields.

    TiengLangError(code, **fields)
      Refused      a person, file or node asked for what may not be        (HTTP 4xx)
      NotFound     what was named does not exist                           (HTTP 404)
      Conflict     it can't be, because of what already is                 (HTTP 409)
      Unavailable  it can't be now: database, disk, broker                 (HTTP 503)

The human sentences, Vietnamese and English, are made at the edge: `controller/web/sentences.py`.
"""

from __future__ import annotations


class TiengLangError(Exception):
    """What went wrong, as a stable `code` ("airing.overlap") and the `fields` its sentence needs."""

    def __init__(self, code: str, **fields: object) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = fields

    def __str__(self) -> str:
        return self.code + "".join(f" {name}={value!r}" for name, value in self.fields.items())


class Refused(TiengLangError):
    """What was asked may not be done."""


class NotFound(TiengLangError):
    """What was named does not exist."""


class Conflict(TiengLangError):
    """What was asked collides with what already is."""


class Unavailable(TiengLangError):
    """A thing we depend on does not serve now; nothing was changed, try again."""
