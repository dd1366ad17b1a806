"""What two people made of one thing, member by member: for the second of them, who is told instead of overwriting. Pure."""

from __future__ import annotations

from typing import Any

import msgspec


def differences(now: object, yours: object) -> dict[str, dict[str, Any]]:
    """Each member in which they differ, as {"now": ..., "yours": ...} in plain values; a member's member is "rule.minutes"."""
    return _differences(_plain(now), _plain(yours), "")


def _plain(value: object) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value, order="deterministic")
    return plain


def _differences(now: dict[str, Any], yours: dict[str, Any], above: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in sorted({*now, *yours}):
        one, other = now.get(name), yours.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            found |= _differences(one, other, f"{above}{name}.")
        elif one != other:
            found[above + name] = {"now": one, "yours": other}
    return found
