"""The second step of signing in: six digits from an app on the phone (TOTP, RFC 6238), each of them good once."""

from __future__ import annotations

import os
from base64 import b32encode
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S = 30
DIGITS = 6
SECRET = 20
"""Bytes: what RFC 4226 recommends for SHA-1, and what every app knows."""

SLACK = 1
"""Steps before and after: a phone's clock is half a minute wrong, and typing takes its time."""

ISSUER = "Tiếng Làng"


def new_secret() -> bytes:
    """A fresh secret."""
    return os.urandom(SECRET)


def address(secret: bytes, name: str) -> str:
    """What the app reads from the QR code (otpauth://, Key URI Format)."""
    label, issuer = quote(f"{ISSUER}:{name}"), quote(ISSUER)
    return f"otpauth://totp/{label}?secret={text_of(secret)}&issuer={issuer}&digits={DIGITS}&period={STEP_S}"


def text_of(secret: bytes) -> str:
    """The secret for who types it into the app."""
    return b32encode(secret).decode().rstrip("=")


def step_of(secret: bytes, code: str, now_ms: int, after: int) -> int | None:
    """Which step's code this is; None if it is none of these minutes', or of no step later than `after`."""
    code = "".join(code.split())
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    now = now_ms // 1000 // STEP_S
    generator = TOTP(secret, DIGITS, SHA1(), STEP_S)
    for step in range(now - SLACK, now + SLACK + 1):
        if step > after and _is_right(generator, code, step):
            return step
    return None


def _is_right(generator: TOTP, code: str, step: int) -> bool:
    try:
        generator.verify(code.encode(), step * STEP_S)
    except InvalidToken:
        return False
    return True
