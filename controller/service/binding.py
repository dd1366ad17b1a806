"""What binds a place: the policies of all units on its path with their special places, and how a node is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from controller.domain.airing import MAX_DURATION_MS
from controller.domain.errors import Refused
from controller.protocol import messages
from controller.service.kept import HORIZON_H, KeptPolicy, Ruling
from scheduler.limits import Policy, inherited
from scheduler.special import SPECIAL

MAX_RULES = 50
"""Windows, and ceilings, that a config may carry (docs/wire.md): with more, nodes would refuse it whole."""

_HOUR_MS = 3_600_000


def own(ruling: Ruling) -> Policy:
    """What one unit's ruling allows: its limits, and those of the special places it is beside."""
    return inherited((*(SPECIAL[place].policy for place in ruling.places), ruling.policy))


def binding(path: Sequence[str], kept: Mapping[str, KeptPolicy]) -> Policy:
    """What the last unit of `path` (root first) may do: nothing that anybody above it, or itself, forbids."""
    return inherited(own(kept[unit].ruling) for unit in path if unit in kept)


def horizon_ms(path: Sequence[str], kept: Mapping[str, KeptPolicy]) -> int:
    """How far ahead it is planned: as far as any unit on its path asks for."""
    return _HOUR_MS * max((kept[unit].ruling.horizon_h for unit in path if unit in kept), default=HORIZON_H)


def for_node(policy: Policy) -> tuple[messages.Policy, tuple[messages.Ceiling, ...]]:
    """What a node's config says of a policy: what it can keep by itself. Refused("policy.too-many") beyond MAX_RULES."""
    if max(len(policy.hours), len(policy.ceilings)) > MAX_RULES:
        raise Refused("policy.too-many", limit=MAX_RULES)
    hours = tuple(messages.Hours(from_minute=w.from_minute, to_minute=w.to_minute, days=w.days) for w in policy.hours)
    item_ms = MAX_DURATION_MS if policy.item_ms is None else policy.item_ms
    ceilings = (messages.Ceiling(from_minute=c.from_minute, to_minute=c.to_minute, gain=c.gain) for c in policy.ceilings)
    return messages.Policy(utc_offset=policy.utc_offset, hours=hours, max_duration=item_ms), tuple(ceilings)


def bindings(paths: Iterable[tuple[str, ...]], kept: Mapping[str, KeptPolicy]) -> dict[tuple[str, ...], Policy]:
    """`binding` of each path; a path whose own units say nothing shares its parent's."""
    found: dict[tuple[str, ...], Policy] = {}
    shared: dict[tuple[str, ...], Policy] = {}
    for path in paths:
        speaking = tuple(unit for unit in path if unit in kept)
        if speaking not in shared:
            shared[speaking] = binding(speaking, kept)
        found[path] = shared[speaking]
    return found
