"""From the office to the horn, with nothing between: what an officer decides is in the config that the controller seals, and the
loudspeaker's own mind, given those very bytes, is silent at 03:15 whatever a plan says that the right key sealed.
"""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path

from controller.db.database import Database
from controller.domain.airing import Klass
from controller.protocol import messages as m
from controller.protocol import seal, topics
from controller.protocol.codec import TYPES, decode, encode
from controller.protocol.keys import node_kid
from controller.service.kept import Ruling
from controller.service.keyring import Keyring
from controller.service.offers import Asked
from firmware_bridge import events as ev
from firmware_bridge.engine import Engine
from scheduler.limits import Loudness, Policy, Window
from tests.support.people import admin
from tests.unit.controller.service.databases import keyring, sqlite, sqlite_template
from tests.unit.controller.service.house import DAY_MS, HOUR_MS, House

__all__ = ["keyring", "sqlite", "sqlite_template"]

NODE, VILLAGE = "x1-1-l1", "x1-1"
CLIP = "c" * 64
DAYTIME = Ruling(
    policy=Policy(
        hours=(Window(from_minute=300, to_minute=1260),),
        ceilings=(Loudness(from_minute=300, to_minute=360, gain=-120),),
    ),
    places=("pagoda",),
)


class Pole:
    """One loudspeaker's mind, on the house's own clock; what it says goes to the house, and back."""

    def __init__(self, house: House) -> None:
        self._house = house
        [provision] = [each for each in house.nodes.provision(VILLAGE, by=admin()) if each.node == NODE]
        self._key = house.keyring.node_key(NODE, provision.generation)
        self.engine = Engine(provision, {}, {CLIP}, random=random.Random(7).randbytes)
        self.plays: list[ev.Play] = []
        self.words: dict[str, list[str]] = {}
        for event in (ev.Booted(), ev.Connected()):
            self.handle(event)

    def handle(self, event: ev.Event) -> None:
        for effect in self.engine.handle(event, self._house.clock.monotonic_ms()):
            if isinstance(effect, ev.Publish):
                self._said(effect)
            elif isinstance(effect, ev.Play):
                self.plays.append(effect)
                self.handle(ev.SoundStarted(airing=effect.airing))
                self.handle(ev.SoundEnded(airing=effect.airing))

    def advance(self, ms: int) -> None:
        clock = self._house.clock
        until_ms = clock.monotonic_ms() + ms
        while (wake_ms := self.engine.wake_ms) is not None and wake_ms <= until_ms:
            clock.advance(max(0, wake_ms - clock.monotonic_ms()))
            self.handle(ev.Woke())
        clock.advance(until_ms - clock.monotonic_ms())

    def _said(self, publish: ev.Publish) -> None:
        typ = topics.FROM_NODE[publish.topic.rsplit("/", 1)[1]]
        _, payload = seal.open_mac(publish.payload, typ, {node_kid(NODE, 1): self._key}.get)
        said = decode(TYPES[typ], payload)
        if isinstance(said, m.Receipts):
            for each in said.items:
                self.words.setdefault(each.airing, []).append(f"{each.state} {each.why}".strip())
            for topic, token in self._house.offers.covers(self._house.hear(said).upto):
                self.handle(ev.Arrived(topic=topic, payload=token))
        if isinstance(said, m.Ask):
            with self._house.work.writing() as tx:
                [owed] = self._house.offers.owed(tx, [Asked(said=said, received_ms=self._house.clock.now_ms())])
            for topic, token in self._house.offers.answer(owed):
                self.handle(ev.Arrived(topic=topic, payload=token))


def plan(house: House, pole: Pole, *items: m.PlanItem) -> None:
    """A plan of the village, sealed with the right key."""
    now_ms = house.clock.now_ms()
    body = encode(m.PlanBody(village=VILLAGE, version=now_ms, valid_until=now_ms + 2 * DAY_MS, items=items))
    digest = sha256(body).hexdigest()
    head = m.PlanHead(
        iss=house.keyring.issuer, aud=VILLAGE, iat=now_ms, exp=now_ms + 2 * DAY_MS, version=now_ms, sha256=digest, size=len(body)
    )
    pole.handle(ev.Arrived(topic=topics.village_plan(VILLAGE), payload=house.keyring.sign(m.Use.PLAN, head)))
    pole.handle(ev.Fetched(sha256=digest, data=body))


def coming_midnight(house: House) -> int:
    """In Viet Nam."""
    now_ms = house.clock.now_ms()
    return now_ms + DAY_MS - (now_ms + 7 * HOUR_MS) % DAY_MS


def item(airing: str, start_ms: int, klass: Klass = Klass.PRIORITY) -> m.PlanItem:
    return m.PlanItem(
        airing=airing, rev=1, start=start_ms, grace=60_000, duration=30_000, klass=klass, rank=2, sha256=CLIP, size=9_000
    )


def test_a_node_of_a_commune_with_quiet_hours_is_silent_at_three_fifteen_also_when_a_plan_says_emergency(
    sqlite: Database, keyring: Keyring, tmp_path: Path
) -> None:
    house = House(sqlite, keyring, tmp_path / "files")
    house.policies.set("x1", 0, DAYTIME, by=admin("An"))
    pole = Pole(house)
    assert pole.engine.versions.config > 0
    midnight_ms = coming_midnight(house)
    night_ms = midnight_ms + 195 * 60_000
    plan(
        house,
        pole,
        item("relay", night_ms),
        item("morning", midnight_ms + 5 * HOUR_MS),
        item("day", midnight_ms + 7 * HOUR_MS),
    )
    pole.advance(night_ms - house.clock.now_ms() + 120_000)
    assert pole.words["relay"] == ["refused hours"]
    assert pole.plays == []
    pole.advance(5 * HOUR_MS)
    assert [(play.airing, play.gain) for play in pole.plays] == [("morning", -250), ("day", -150)]


def test_a_plan_that_says_emergency_opens_no_night(sqlite: Database, keyring: Keyring, tmp_path: Path) -> None:
    house = House(sqlite, keyring, tmp_path / "files")
    house.policies.set("x1", 0, DAYTIME, by=admin("An"))
    pole = Pole(house)
    midnight_ms = coming_midnight(house)
    plan(house, pole, item("flood", midnight_ms + 195 * 60_000, Klass.EMERGENCY))
    pole.advance(midnight_ms + 8 * HOUR_MS - house.clock.now_ms())
    assert pole.plays == []


def test_a_policy_that_changes_reaches_a_node_in_its_own_letter(sqlite: Database, keyring: Keyring, tmp_path: Path) -> None:
    house = House(sqlite, keyring, tmp_path / "files")
    pole = Pole(house)
    before = pole.engine.versions.config
    house.policies.set("p04", 0, DAYTIME, by=admin("An"))
    [letter] = [each for each in house.letters("config") if each.subject == NODE]
    pole.handle(ev.Arrived(topic=letter.topic, payload=letter.sealed))
    assert pole.engine.versions.config > before
    midnight_ms = coming_midnight(house)
    plan(house, pole, item("late", midnight_ms - HOUR_MS))
    pole.advance(midnight_ms - house.clock.now_ms())
    assert pole.words["late"] == ["refused hours"]
