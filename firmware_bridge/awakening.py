"""What a node does about its own past: at boot it reads its documents and orders again, each seal anew; once it knows the
time it says what the power cut made of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from controller.domain.airing import Klass
from controller.protocol.messages import Config, Order, PlanHead, ReceiptState, Trust
from firmware_bridge.doorman import INBOX, Doorman, ring_of
from firmware_bridge.events import Alarm, Effect, Keep
from firmware_bridge.lifecycle import Airing, Item, Phase, last_begin_ms
from firmware_bridge.memory import MAX_AIRINGS, Remembered
from firmware_bridge.papers import Papers
from firmware_bridge.playlist import Playlist
from firmware_bridge.timekeeper import Timekeeper


def restore(
    remembered: Remembered, kept: Mapping[str, bytes], node: str, door: Doorman, papers: Papers, playlist: Playlist
) -> list[Effect]:
    """Take back what the memory holds. What no longer opens is erased, with an alarm: the controller will offer it again."""
    lost: list[str] = []
    trust = door.open(kept["trust"], INBOX, None) if "trust" in kept else None
    if trust is not None and isinstance(trust[1], Trust):
        door.ring = ring_of(trust[1])
    config = door.open(kept["config"], INBOX, None) if "config" in kept else None
    if config is not None and isinstance(config[1], Config) and door.key_of(config[0], config[1], config[1].path, node):
        papers.restore_config(config[1])
    lost += [key for key, held in (("trust", door.ring), ("config", papers.config)) if key in kept and held is None]
    if "plan" in kept and not _restore_plan(kept["plan"], node, door, papers, playlist):
        lost.append("plan")
    lost += [
        f"order/{name}" for name, token in remembered.orders.items() if not _restore_order(token, node, door, papers, playlist)
    ]
    return [*(Alarm(code="memory.lost") for _ in lost[:1]), *(Keep(key=key, value=None) for key in lost)]


def take_stock(out: list[Effect], now_ms: int, clock: Timekeeper, playlist: Playlist) -> None:
    """The clock can be trusted for the first time since boot: say what the power cut, what passed, what we still have."""
    for airing in [one for one in playlist.airings.values() if one.phase is Phase.SOUNDING and one is not playlist.horn]:
        playlist.say(out, now_ms, airing, ReceiptState.CUT, "power")
    sure_ms = clock.utc(now_ms) + clock.error(now_ms)
    for airing in playlist.waiting:
        if airing.until_ms < clock.utc(now_ms) and not airing.is_kept:
            playlist.forget(out, airing)  # a plan's item so old that even its tombstone is gone; an order on disk has not ended
        elif airing.item is not None and sure_ms > last_begin_ms(airing.item):
            playlist.say(out, now_ms, airing, ReceiptState.MISSED, "off")
        elif isinstance(airing.item, Order) and airing.id not in playlist.fresh:
            playlist.say(out, now_ms, airing, ReceiptState.ACCEPTED)


def _restore_plan(record: bytes, node: str, door: Doorman, papers: Papers, playlist: Playlist) -> bool:
    token, _, data = record.partition(b"\n")
    opened = door.open(token, INBOX, None)
    if opened is None:
        return False
    kid, head = opened
    if not isinstance(head, PlanHead) or door.key_of(kid, head, papers.path, node) is None:
        return False
    items = papers.restore_plan(kid, head, data)
    for item in items:
        _put(item, kid, playlist)
    return papers.head is not None


def _restore_order(token: bytes, node: str, door: Doorman, papers: Papers, playlist: Playlist) -> bool:
    """False if the order is not to wait: it no longer opens, or its airing has moved on."""
    opened = door.open(token, INBOX, None)
    if opened is None or not isinstance(opened[1], Order) or door.key_of(*opened, papers.path, node) is None:
        return False
    return _put(opened[1], opened[0], playlist, is_kept=True)


def _put(item: Item, kid: str, playlist: Playlist, *, is_kept: bool = False) -> bool:
    known = playlist.airings.get(item.airing)
    if known is not None and (known.phase is not Phase.WAITING or not _wins(item, known)):
        return False
    if known is None and len(playlist.airings) >= MAX_AIRINGS:
        return False
    airing = known or Airing(item.airing, item.rev, item.klass)
    playlist.describe(airing, item)
    airing.is_kept = airing.is_kept or is_kept
    playlist.put(airing, item, kid)
    return True


def _wins(item: Item, known: Airing) -> bool:
    """Plan and order may both hold an airing: the higher revision, but nothing less than an emergency in the place of one."""
    was_emergency, is_emergency = known.klass is Klass.EMERGENCY, item.klass is Klass.EMERGENCY
    return item.rev >= known.rev if was_emergency == is_emergency else is_emergency
