"""What the node judges by itself, whoever asks: hours, lengths, loudness, and who goes before whom. Pure."""

from __future__ import annotations

from controller.domain.airing import Klass
from controller.protocol.messages import Config, Order
from firmware_bridge.lifecycle import Airing, Item
from scheduler.policy import is_allowed, loudest


def refusal(config: Config | None, item: Item, begin_ms: int) -> str:
    """Why this node may not sound `item` from `begin_ms` (UTC) to its end; empty if it may. The node is the last guard."""
    if config is None:
        return "length"
    policy = config.policy
    if item.duration > policy.max_duration:
        return "length"
    if item.klass is Klass.EMERGENCY:
        return ""
    return "" if is_allowed(policy.hours, policy.utc_offset, begin_ms, begin_ms + item.duration) else "hours"


def allowed_gain(config: Config | None, item: Item, begin_ms: int) -> int:
    """The item's gain (0.1 dB), or the quietest ceiling of any moment in which it sounds; emergencies are no exception."""
    if config is None:
        return item.gain
    ceiling = loudest(config.ceilings, config.policy.utc_offset, begin_ms, begin_ms + item.duration)
    return item.gain if ceiling is None else min(item.gain, ceiling)


def turn(airing: Airing) -> tuple[int, int, int, str]:
    """Sorts those whose moment has come: emergencies by rank, then by issue; then the others by start, priority first."""
    item = airing.item
    assert item is not None
    if item.klass is Klass.EMERGENCY:
        return (0, -item.rank, item.iat if isinstance(item, Order) else 0, airing.id)
    return (1, item.start, 0 if item.klass is Klass.PRIORITY else 1, airing.id)


def outranks(item: Item, sounding: Airing) -> bool:
    """May this item cut what sounds? Only an emergency; another emergency only from a strictly higher rank."""
    if item.klass is not Klass.EMERGENCY:
        return False
    return sounding.klass is not Klass.EMERGENCY or (sounding.item is not None and item.rank > sounding.item.rank)
