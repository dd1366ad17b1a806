"""Keys that changed on disk are taken over by a running controller, and what stands in the database follows."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from controller import keyfile
from controller.db.database import Database
from controller.domain.delivery import State
from controller.domain.errors import Unavailable
from controller.protocol import seal
from controller.protocol.messages import Use, Versions
from controller.service import presence
from controller.service.generations import DAY_MS
from controller.service.keyring import Keyring, kid_of
from controller.service.ports import Document
from controller.service.rekeying import LETTER_MS, Rekeying
from tests.support.people import admin
from tests.unit.controller.service.house import BASES, HOUR_MS, NODES, NOW_MS, House, ask, receipt, receipts, state
from tests.unit.controller.test_keyfile import trust_of


class Station:
    """A house with keys of its own on a disk of its own, and whoever changes them there."""

    def __init__(self, database: Database, home: Path) -> None:
        self.home = home
        keyring = keyfile.open_or_create(home, NOW_MS, Random(7).randbytes, "test")
        self.house = House(database, keyring, home / "files")
        self.reads = 0
        self.rekeying = self.new_rekeying()

    def new_rekeying(self) -> Rekeying:
        """That of a controller that was just started."""
        house = self.house
        return Rekeying(
            keyring=house.keyring,
            papers=house.papers,
            plans=house.plans,
            stamp=lambda: keyfile.stamp(self.home),
            read=self.read,
            **house.common,
        )

    def read(self) -> Keyring | None:
        self.reads += 1
        return keyfile.open_existing(self.home, self.house.clock.now_ms(), "test")

    def signer(self, use: Use) -> str:
        """The kid that signs now."""
        return self.house.keyring.held.signer(use, self.house.clock.now_ms()).kid

    def rotate(self, use: Use, after_ms: int = 0) -> str:
        """As the command does; then the controller looks."""
        now_ms = self.house.clock.now_ms()
        changed = keyfile.rotate(self.home, use, now_ms=now_ms, after_ms=after_ms, random=os.urandom, issuer="test")
        self.rekeying.look()
        assert changed.new is not None
        return changed.new.kid

    def revoke(self, use: Use) -> str:
        """The key that signs is revoked; the new one's kid."""
        now_ms = self.house.clock.now_ms()
        changed = keyfile.revoke(self.home, self.signer(use), now_ms=now_ms, random=os.urandom, issuer="test")
        self.rekeying.look()
        assert changed.new is not None
        return changed.new.kid

    def say_there(self, *nodes: str, counter: int = 1, **versions: int) -> None:
        """These nodes are online, and hold that."""
        with self.house.work.writing() as tx:
            for node in nodes:
                presence.states(tx, [(state(node, counter=counter, versions=Versions(**versions)), NOW_MS)])

    def plan_kids(self) -> dict[str, str]:
        """By which key each village's plan is sealed."""
        with self.house.work.reading() as tx:
            known = tx.documents.get("plan", ["x1-1", "x1-2", "x10-1"])
        return {village: kid_of(plan.sealed) for village, plan in known.items()}


@pytest.fixture
def station(database: Database, tmp_path: Path) -> Station:
    """Over each kind of database."""
    found = Station(database, tmp_path / "home")
    found.rekeying.look()
    return found


def test_the_files_are_read_only_when_they_changed(station: Station) -> None:
    for _ in range(3):
        station.rekeying.look()
    assert station.reads == 1
    station.rotate(Use.LIVE)
    assert station.reads == 2


def test_nodes_that_are_there_get_the_new_trust_by_letter_and_others_with_their_ask(station: Station) -> None:
    house = station.house
    old = house.keyring.trust_version
    station.say_there(*NODES[:2], trust=old)
    with house.work.writing() as tx:
        presence.states(tx, [(state(NODES[3], online=False, versions=Versions(trust=old)), NOW_MS)])
    station.rotate(Use.PLAN)
    assert sorted((letter.kind, letter.subject) for letter in house.letters()) == [("trust", node) for node in NODES[:2]]
    for letter in house.post():
        assert (letter.topic, letter.sealed) == (f"tl/1/node/{letter.subject}/inbox", house.keyring.trust)
    (owed,) = house.owed(ask(NODES[3], Versions(trust=old)))
    assert owed.sealed[0] == house.keyring.trust
    assert trust_of(house.keyring).version == owed.floors.trust == house.keyring.trust_version > old


def test_a_trust_letter_is_offered_until_its_node_reports_it_and_not_longer_than_an_hour(station: Station) -> None:
    house = station.house
    station.say_there(*NODES[:2], trust=1)
    station.rotate(Use.ORDER)
    assert len(house.post()) == 2
    station.say_there(NODES[0], counter=2, trust=house.keyring.trust_version)
    house.clock.advance(2_000)
    assert [letter.subject for letter in house.post()] == [NODES[1]]
    house.clock.advance(LETTER_MS)
    assert house.post() == []


def test_orders_do_not_wait_behind_the_letters_of_a_new_trust(station: Station) -> None:
    house = station.house
    station.say_there(*NODES, trust=1)
    station.rotate(Use.PLAN)
    house.say("x1-1")
    assert [letter.kind for letter in house.post()] == ["play", *["trust"] * len(NODES)]


def test_each_version_is_told_once_also_over_a_restart(station: Station) -> None:
    station.say_there(*NODES, trust=1)
    station.rotate(Use.PLAN)
    before = station.house.letters()
    station.house.clock.advance(2 * HOUR_MS)
    station.rekeying.look()
    station.new_rekeying().look()
    assert station.house.letters() == before
    station.rotate(Use.PLAN)
    assert len(station.house.letters()) == len(NODES)


def test_a_rotated_plan_key_leaves_plans_alone_and_seals_the_next_ones_from_its_moment(station: Station) -> None:
    house, old = station.house, station.signer(Use.PLAN)
    house.say("x1-1", at_ms=NOW_MS + HOUR_MS)
    new = station.rotate(Use.PLAN, after_ms=10_000)
    house.say("x1-2", at_ms=NOW_MS + HOUR_MS)
    assert station.plan_kids() == {"x1-1": old, "x1-2": old}
    house.clock.advance(10_000)
    station.rekeying.look()
    house.say("x1-2", at_ms=NOW_MS + 2 * HOUR_MS)
    assert station.plan_kids() == {"x1-1": old, "x1-2": new}


def test_a_revoked_plan_key_is_replaced_in_every_plan_to_come(station: Station) -> None:
    house = station.house
    house.say("x1", at_ms=NOW_MS + HOUR_MS)
    house.post()
    before = house.plan("x1-1")
    new = station.revoke(Use.PLAN)
    assert station.plan_kids() == {"x1-1": new, "x1-2": new}
    after = house.plan("x1-1")
    assert before is not None
    assert after is not None
    assert (after.items, after.version > before.version) == (before.items, True)
    assert [letter.subject for letter in house.post() if letter.kind == "plan"] == ["x1-1", "x1-2"]


def test_configs_are_sealed_anew_when_another_key_signs_them_by_rotation_at_its_moment(station: Station) -> None:
    house, old = station.house, station.signer(Use.CONFIG)
    house.owed(*map(ask, NODES[:3]))
    new = station.rotate(Use.CONFIG, after_ms=5_000)
    assert [letter for letter in house.letters() if letter.kind == "config"] == []
    house.clock.advance(5_000)
    station.rekeying.look()
    letters = house.letters("config")
    assert sorted((letter.subject, kid_of(letter.sealed)) for letter in letters) == [(node, new) for node in NODES[:3]]
    assert old in house.keyring.keys


def test_configs_are_sealed_anew_at_once_when_their_key_is_revoked(station: Station) -> None:
    house = station.house
    versions = {owed.asked.said.node: owed.floors.config for owed in house.owed(*map(ask, NODES))}
    new = station.revoke(Use.CONFIG)
    letters = house.letters("config")
    assert {kid_of(letter.sealed) for letter in letters} == {new}
    assert {
        letter.subject: house.opened(letter.sealed).version > versions[letter.subject] for letter in letters
    } == dict.fromkeys(NODES, True)


def test_an_order_that_waits_is_sealed_anew_and_whoever_took_it_in_is_asked_again(station: Station) -> None:
    house = station.house
    airing = house.say("x1", grace_ms=HOUR_MS)
    house.post()
    first, second, third, fourth = NODES[:4]
    house.hear(receipts(first, receipt(1, airing, "accepted")))
    house.hear(receipts(second, receipt(1, airing, "accepted"), receipt(2, airing, "cached")))
    house.hear(receipts(third, receipt(1, airing, "started")))
    new = station.revoke(Use.ORDER)
    (letter,) = house.letters("play")
    assert (kid_of(letter.sealed), house.opened(letter.sealed).airing) == (new, airing.id)
    assert house.states(airing) == {
        first: State.PLANNED,
        second: State.PLANNED,
        third: State.STARTED,
        fourth: State.PUBLISHED,
    }
    assert [kid_of(sealed) for sealed in house.owed(ask(first))[0].sealed if seal.typ_of(sealed) == "tl-order"] == [new]
    house.post()
    house.hear(receipts(first, receipt(2, airing, "accepted"), receipt(3, airing, "finished")))
    assert house.states(airing)[first] is State.FINISHED
    assert house.bus.airings[airing.id] > 0


def test_a_stop_that_waits_is_sealed_anew_and_stays_a_stop(station: Station) -> None:
    house = station.house
    airing = house.say("x1-1", grace_ms=HOUR_MS)
    house.airings.cancel(airing.id, by=admin())
    new = station.revoke(Use.ORDER)
    (letter,) = house.letters()
    assert (letter.kind, kid_of(letter.sealed)) == ("stop", new)
    assert set(house.states(airing).values()) == {State.CANCELLING}


def test_what_the_key_of_another_use_sealed_is_left_alone(station: Station) -> None:
    house = station.house
    house.say("x1-1", grace_ms=HOUR_MS)
    house.say("x1-2", at_ms=NOW_MS + HOUR_MS)
    house.owed(ask(NODES[0]))
    before = house.letters()
    station.revoke(Use.EMERGENCY)
    station.revoke(Use.ANSWER)
    assert house.letters() == before


def test_a_change_made_while_nothing_ran_is_made_good_at_the_start(station: Station) -> None:
    house = station.house
    airing = house.say("x1-1", grace_ms=HOUR_MS)
    old = station.signer(Use.ORDER)
    keyfile.revoke(station.home, old, now_ms=NOW_MS, random=os.urandom, issuer="test")
    found = station.read()
    assert found is not None
    house.keyring.become(found.held)
    station.new_rekeying().look()
    (letter,) = house.letters("play")
    assert kid_of(letter.sealed) != old
    assert set(house.states(airing).values()) == {State.PLANNED}


def test_what_a_database_that_is_away_or_a_clock_that_is_behind_left_undone_is_done_at_a_later_look(
    station: Station, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = station.house
    house.owed(*map(ask, NODES))

    def renew(*_: object) -> None:
        raise Unavailable("clock.behind")

    with monkeypatch.context() as patch:
        patch.setattr(house.papers, "renew", renew)
        station.revoke(Use.CONFIG)
        station.rekeying.look()
    assert [record.levelname for record in caplog.records] == ["WARNING"], "told once"
    station.rekeying.look()
    assert {kid_of(letter.sealed) for letter in house.letters("config")} == {station.signer(Use.CONFIG)}


def test_keys_of_another_station_or_damaged_ones_are_not_taken_over(
    station: Station, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    held = station.house.keyring.held
    path = station.home / "keys" / "keys.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    for _ in range(3):
        station.rekeying.look()
    assert station.house.keyring.held == held
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    path.write_bytes(whole)
    station.rekeying.look()
    os.rename(station.home / "keys", tmp_path / "away")
    keyfile.open_or_create(station.home, NOW_MS, Random(8).randbytes, "test")
    station.rekeying.look()
    assert station.house.keyring.held == held
    assert "keys.exchanged" in caplog.text


def test_a_key_that_comes_to_its_end_is_told_once_a_day_until_one_follows_it(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    end_ms = max(key.exp for key in station.house.keyring.keys.values())
    station.house.clock.advance(end_ms - NOW_MS - 59 * DAY_MS)
    with caplog.at_level(logging.WARNING):
        station.rekeying.look()
        station.rekeying.look()
        assert len(caplog.records) == len(Use)
        assert "rotate plan" in caplog.text
        station.rotate(Use.PLAN)
        caplog.clear()
        station.house.clock.advance(DAY_MS)
        station.rekeying.look()
    assert len(caplog.records) == len(Use) - 1
    assert "rotate plan" not in caplog.text


def test_a_config_that_names_other_bases_than_ours_is_sealed_anew_once(station: Station) -> None:
    house = station.house
    house.say("x1")
    with house.work.writing() as tx:
        house.papers.configs(tx, tx.nodes.living(NODES), {}, NOW_MS)
    station.rekeying.look()
    before = documents(house, "config")
    house.papers._bases = (*BASES, "http://second.example.vn/clips")
    station.new_rekeying().look()
    after = documents(house, "config")
    assert all(after[node].version > before[node].version for node in NODES)
    house.papers._bases = tuple(reversed(house.papers._bases))  # as the second controller names them
    station.new_rekeying().look()
    assert documents(house, "config") == after


def test_who_stands_by_follows_the_keys_and_writes_nothing(station: Station) -> None:
    station.rekeying.look()
    standby = station.new_rekeying()
    standby.follow()
    before = documents(station.house, "trust")
    now_ms = station.house.clock.now_ms()
    changed = keyfile.rotate(station.home, Use.PLAN, now_ms=now_ms, after_ms=0, random=os.urandom, issuer="test")
    standby.follow()
    assert changed.new is not None
    assert station.signer(Use.PLAN) == changed.new.kid
    assert documents(station.house, "trust") == before


def test_keys_older_than_those_in_use_are_told(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    with station.house.work.writing() as tx:
        tx.documents.set([replace(station.house.papers.trust(), version=NOW_MS + HOUR_MS)])
    station.new_rekeying().look()
    assert "older than those in use" in caplog.text


def documents(house: House, kind: str) -> dict[str, Document]:
    with house.work.reading() as tx:
        return tx.documents.get(kind, ["all", *NODES])
