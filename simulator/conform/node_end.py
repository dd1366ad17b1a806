"""A look back on all that the node said in the run."""

from __future__ import annotations

import itertools
from base64 import b64encode, urlsafe_b64decode

from controller.protocol import topics
from controller.protocol.messages import Ask, Health, NodeState, Receipts
from simulator.conform.book import Stage, Untried, check, expect
from simulator.conform.desk import Desk
from simulator.conform.scribe import HEALTH_S

LATE_S = 6.0
"""What a busy node may add to the period of its health."""


@check(1, stage=Stage.END)
async def nothing_retained(desk: Desk) -> None:
    """It retains nothing on the broker"""
    known = {heard.raw for heard in desk.journal.heard}
    kept: list[bytes] = []
    link = await desk.other_link("conform-late", lambda _topic, payload: kept.append(payload))
    link.subscribe(tuple(topics.said(desk.node, leaf) for leaf in topics.FROM_NODE))
    await desk.rest(2)
    await link.close()
    old = [payload for payload in kept if payload in known]
    expect(not old, "nothing old told to a late listener", f"{len(old)} messages")


@check(9, 10, 11, stage=Stage.END)
async def well_sealed(desk: Desk) -> None:
    """All that it said was well sealed, with its own name, and well made"""
    expect(not desk.journal.strange, "seals and messages as the document says", desk.journal.strange[:3])


@check(35, stage=Stage.END)
async def states_in_order(desk: Desk) -> None:
    """Its states rise by (boot, connection, counter)"""
    states = [state for _, state in desk.journal.of(NodeState) if state.online]
    for before, after in itertools.pairwise(states):
        first, second = ((one.boot, one.connection, one.counter) for one in (before, after))
        expect(first < second or before.life != after.life or before == after, f"a state above {first}", second)


@check(38, stage=Stage.END)
async def health_in_time(desk: Desk) -> None:
    """It tells its health every health_s while it is connected"""
    healths = [one for one in desk.journal.of(Health) if one[0] >= desk.ready_ms]
    births = [at_ms for at_ms, state in desk.journal.of(NodeState) if state.counter <= 1 or not state.online]
    gaps = [
        (later - earlier) / 1000
        for (earlier, _), (later, _) in itertools.pairwise(healths)
        if not any(earlier <= birth <= later for birth in births)
    ]
    if len(gaps) < 2:
        raise Untried("the run was too short")
    expect(max(gaps) <= HEALTH_S + LATE_S, f"a health every {HEALTH_S} s", f"{max(gaps):.1f} s without")


@check(49, stage=Stage.END)
async def nonces_once(desk: Desk) -> None:
    """Each ask has a nonce of its own"""
    asks = {heard.raw: heard.message.nonce for heard in desk.journal.heard if isinstance(heard.message, Ask)}
    expect(len(set(asks.values())) == len(asks), f"{len(asks)} nonces", len(set(asks.values())))


@check(74, stage=Stage.END)
async def numbers_without_gaps(desk: Desk) -> None:
    """Each life's receipts are numbered without gaps, and a number has one meaning"""
    expect(not desk.journal.changed, "one meaning for each number", desk.journal.changed[:3])
    for life in {life for life, _ in desk.journal.seqs()}:
        seqs = [seq for its, seq in desk.journal.seqs() if its == life]
        missing = set(range(min(seqs), max(seqs) + 1)) - set(seqs)
        expect(not missing, "no gaps", f"{sorted(missing)[:5]} missing")


@check(77, stage=Stage.END)
async def forgets_only_what_is_covered(desk: Desk) -> None:
    """Its `from` is never above what an answer covered"""
    for heard in desk.journal.heard:
        if isinstance(heard.message, Receipts | Ask):
            most = max(desk.covered(heard.message.life, heard.at_ms), desk.lied(heard.message.life, heard.at_ms)) + 1
            expect(heard.message.from_seq <= most, f"`from` at most {most}", heard.message.from_seq)


@check(72, stage=Stage.END)
async def no_other_sound(desk: Desk) -> None:
    """Nothing sounded but what the kit had asked for"""
    if desk.hands.sound_log is None:
        raise Untried("silence can only be proved by a sound log (--sound-log)")
    strange = [sound for sound in desk.sounds() if not desk.has_named(str(sound["airing"]))]
    expect(not strange, "sounds of the kit's airings only", strange[:3])


@check(92, stage=Stage.END)
async def key_is_kept(desk: Desk) -> None:
    """No message shows its key"""
    key = desk.identity.node_key
    shapes = (key, key.hex().encode(), b64encode(key).rstrip(b"="), desk.identity.provision().key.encode())
    for heard in desk.journal.heard:
        payload = heard.raw.split(b".")[1]
        text = urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        expect(
            not any(shape in text or shape in heard.raw for shape in shapes), "no key in a message", type(heard.message).__name__
        )
