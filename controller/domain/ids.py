"""Names of things: the alphabet that fits a topic level, and new ids that sort by time."""

from __future__ import annotations

import re
import secrets

from controller.domain.errors import Refused

ID = re.compile(r"[a-z0-9-]{1,36}", re.ASCII)


def new_id(now_ms: int) -> str:
    """A fresh 22-character id: 11 hex digits of UTC ms (good to the year 2527), a dash, 40 random bits."""
    return f"{now_ms:011x}-{secrets.token_hex(5)}"


def check_id(text: str) -> str:
    """`text` if it is a proper id; else Refused("id.malformed")."""
    if not ID.fullmatch(text):
        raise Refused("id.malformed", text=text[:80])
    return text
