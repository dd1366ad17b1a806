"""The keys on disk are changed: by whoever holds the root, whole at every moment, and as nodes are told."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path
from random import Random

import pytest

from controller import keyfile
from controller.domain.errors import NotFound, Refused
from controller.protocol.messages import Trust, Use
from controller.service.generations import OVERLAP_MS, Standing, ending, standing
from controller.service.keyring import Keyring
from tests.unit.controller.test_keyfile import LATER, NOW, cut, order, trust_of

HOUR_MS = 3_600_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keyfile.open_or_create(tmp_path / "home", NOW, Random(7).randbytes, "tienglang")
    return tmp_path / "home"


def ring(home: Path, now_ms: int = LATER) -> Keyring:
    found = keyfile.open_existing(home, now_ms, "tienglang")
    assert found is not None
    return found


def rotate(home: Path, use: Use = Use.PLAN, after_ms: int = HOUR_MS, now_ms: int = LATER, root: Path | None = None) -> str:
    changed = keyfile.rotate(home, use, now_ms=now_ms, after_ms=after_ms, random=os.urandom, issuer="tienglang", root_file=root)
    assert changed.new is not None
    assert changed.keyring.held == ring(home, now_ms).held
    return changed.new.kid


def revoke(home: Path, kid: str, now_ms: int = LATER, root: Path | None = None) -> str | None:
    changed = keyfile.revoke(home, kid, now_ms=now_ms, random=os.urandom, issuer="tienglang", root_file=root)
    assert changed.keyring.held == ring(home, now_ms).held
    return changed.new.kid if changed.new else None


def kid(home: Path, use: Use = Use.PLAN, now_ms: int = LATER) -> str:
    return ring(home).held.signer(use, now_ms).kid


def named(trust: Trust, use: Use = Use.PLAN) -> list[str]:
    return [key.kid for key in trust.keys if key.use is use]


def test_a_new_key_is_trusted_now_and_signs_from_its_moment_on(home: Path) -> None:
    old = kid(home)
    new = rotate(home)
    assert kid(home) == kid(home, now_ms=LATER + HOUR_MS - 1) == old
    assert kid(home, now_ms=LATER + HOUR_MS) == new
    trust = trust_of(ring(home))
    assert named(trust) == [old, new]
    assert trust.version > NOW
    assert ring(home).trust_version == trust.version
    ends = {key.kid: key.exp for key in trust.keys}
    assert ends[old] == LATER + HOUR_MS + OVERLAP_MS
    assert ends[new] > LATER + 700 * 24 * HOUR_MS


def test_what_is_signed_is_signed_by_the_key_of_its_own_moment(home: Path) -> None:
    old = kid(home, Use.ORDER, NOW)
    new = rotate(home, Use.ORDER, after_ms=0, now_ms=LATER)
    found = ring(home)
    assert found.held.signer(Use.ORDER, order().iat).kid == old
    assert found.held.signer(Use.ORDER, LATER).kid == new


def test_other_uses_are_left_alone(home: Path) -> None:
    before = {use: kid(home, use) for use in Use if use is not Use.CONFIG}
    rotate(home, Use.CONFIG)
    assert {use: kid(home, use) for use in before} == before


def test_a_key_that_ends_sooner_is_followed_without_a_gap(home: Path) -> None:
    old = ring(home).held.signer(Use.PLAN, NOW)
    now_ms = old.exp - 1_000
    new = rotate(home, after_ms=HOUR_MS, now_ms=now_ms)
    assert ring(home).keys[new].since == old.exp


def test_what_has_ended_is_no_longer_named(home: Path) -> None:
    old = kid(home)
    new = rotate(home, after_ms=0)
    newest = rotate(home, after_ms=0, now_ms=LATER + OVERLAP_MS + 1)
    assert named(trust_of(ring(home))) == [new, newest]
    assert old not in ring(home).keys


def test_a_use_whose_only_key_ended_still_has_one_to_show(home: Path) -> None:
    far_ms = NOW + 3 * 366 * 24 * HOUR_MS
    rotate(home, Use.ORDER, now_ms=far_ms)
    found = ring(home).held
    assert standing(found, found.signer(Use.PLAN, far_ms), far_ms) is Standing.ENDED


def test_how_each_key_stands(home: Path) -> None:
    first = kid(home)
    second = rotate(home, after_ms=0)
    third = rotate(home, now_ms=LATER + 1)
    held = ring(home).held
    stands = {each: standing(held, held.keys[each], LATER + 2).value for each in (first, second, third)}
    assert stands == {first: "old", second: "current", third: "next"}


def test_only_a_key_that_none_follows_is_told_to_come_to_its_end(home: Path) -> None:
    old = ring(home).held.signer(Use.PLAN, NOW)
    soon_ms = old.exp - 1_000
    assert old in ending(ring(home).held, soon_ms)
    rotate(home, now_ms=soon_ms)
    assert Use.PLAN not in {key.use for key in ending(ring(home).held, soon_ms)}
    assert len(ending(ring(home).held, soon_ms)) == len(Use) - 1
    assert ending(ring(home).held, NOW) == []


def test_the_files_keep_their_owner(home: Path) -> None:
    path = home / "keys" / "keys.json"
    if os.geteuid() == 0:  # as when somebody with sudo changes the keys of a server's account
        os.chown(path, 12_345, 12_345)
    before = path.stat()
    rotate(home)
    assert (path.stat().st_uid, path.stat().st_gid) == (before.st_uid, before.st_gid)


def test_a_key_may_not_wait_longer_than_a_month(home: Path) -> None:
    with pytest.raises(Refused) as caught:
        rotate(home, after_ms=31 * 24 * HOUR_MS)
    assert (caught.value.code, caught.value.fields) == ("keys.after-long", {"days": 30})


def test_there_are_never_more_keys_than_a_trust_document_can_name(home: Path) -> None:
    for _ in range(32 - len(Use)):
        rotate(home, after_ms=0)
    with pytest.raises(Refused) as caught:
        rotate(home, after_ms=0)
    assert caught.value.code == "keys.many"
    assert len(trust_of(ring(home)).keys) == 32


def test_a_revoked_key_is_followed_at_once_and_obeyed_by_nobody(home: Path) -> None:
    gone = kid(home)
    new = revoke(home, gone)
    assert new == kid(home)
    trust = trust_of(ring(home))
    assert (named(trust), trust.revoked) == ([new], (gone,))
    assert [(key.kid, key.use, key.at) for key in ring(home).held.revoked] == [(gone, Use.PLAN, LATER)]
    assert gone not in (home / "keys" / "keys.json").read_text().partition('"revoked"')[0]


def test_a_revoked_key_that_did_not_sign_needs_nobody_in_its_place(home: Path) -> None:
    old, new = kid(home), rotate(home, after_ms=0)
    waiting = rotate(home, now_ms=LATER)
    assert revoke(home, old) is None
    assert revoke(home, waiting) is None
    assert kid(home, now_ms=LATER + 2 * HOUR_MS) == new
    assert trust_of(ring(home)).revoked == (old, waiting)


def test_revoked_twice_is_revoked_once(home: Path) -> None:
    gone = kid(home)
    revoke(home, gone)
    before = ring(home).held
    assert revoke(home, gone, now_ms=LATER + 5) is None
    assert ring(home).held == before


def test_a_key_that_is_not_ours_is_not_revoked(home: Path) -> None:
    with pytest.raises(NotFound) as caught:
        revoke(home, "plan-1999-abc")
    assert caught.value.code == "keys.unknown"


def test_what_is_revoked_is_named_until_it_would_have_ended_anyway_and_the_newest_64_at_most(home: Path) -> None:
    gone = [kid(home) for _ in range(66) if revoke(home, kid(home))]
    assert len(trust_of(ring(home)).revoked) == 64
    assert gone
    far_ms = NOW + 3 * 366 * 24 * HOUR_MS
    last = kid(home, now_ms=far_ms)
    revoke(home, last, now_ms=far_ms)
    assert trust_of(ring(home)).revoked == (last,)


def test_without_the_root_nothing_changes_and_with_the_file_it_was_taken_to_it_does(home: Path, tmp_path: Path) -> None:
    usb = tmp_path / "usb.key"
    keyfile.take_root_off(home, usb)
    before = ring(home).held
    for change in (rotate, lambda home: revoke(home, kid(home))):
        with pytest.raises(Refused) as caught:
            change(home)
        assert caught.value.code == "keys.root-off"
    assert ring(home).held == before
    rotate(home, root=usb)
    assert revoke(home, kid(home), root=usb) is not None
    assert not keyfile.root_is_here(home)
    assert "root.key" not in os.listdir(home / "keys")


def test_another_stations_root_is_refused(home: Path, tmp_path: Path) -> None:
    keyfile.open_or_create(tmp_path / "other", NOW, Random(8).randbytes, "tienglang")
    with pytest.raises(Refused) as caught:
        rotate(home, root=tmp_path / "other" / "keys" / "root.key")
    assert caught.value.code == "keys.mismatch"


def test_a_station_that_changed_its_name_without_its_root_is_mended_by_the_next_rotation(home: Path, tmp_path: Path) -> None:
    keyfile.take_root_off(home, tmp_path / "usb")
    changed = keyfile.rotate(
        home, Use.PLAN, now_ms=LATER, after_ms=0, random=os.urandom, issuer="cao-bang", root_file=tmp_path / "usb"
    )
    found = keyfile.open_existing(home, LATER, "cao-bang")
    assert found is not None
    assert trust_of(found).iss == changed.keyring.issuer == "cao-bang"


def test_keys_of_an_older_version_are_read_and_written_in_the_new_form_at_the_first_change(home: Path) -> None:
    path = home / "keys" / "keys.json"
    rows = json.loads(path.read_text())
    old = {"master_check": rows["master_check"], "keys": [{k: v for k, v in row.items() if k != "since"} for row in rows["keys"]]}
    path.write_text(json.dumps(old))
    before = kid(home)
    assert kid(home, now_ms=0) == before
    new = rotate(home)
    assert {row["kid"]: row["since"] for row in json.loads(path.read_text())["keys"] if row["use"] == "plan"} == {
        before: 0,
        new: LATER + HOUR_MS,
    }


def test_the_files_stay_private_and_nothing_is_left_beside_them(home: Path) -> None:
    before = sorted(os.listdir(home / "keys"))
    was = keyfile.stamp(home)
    rotate(home)
    assert keyfile.stamp(home) != was
    assert sorted(os.listdir(home / "keys")) == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home / "keys").iterdir()} == {0o600}


def test_without_keys_there_is_nothing_to_change(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        rotate(tmp_path)
    assert caught.value.code == "keys.none"
    assert keyfile.stamp(tmp_path) == ((0, 0, 0), (0, 0, 0))


@pytest.mark.parametrize("what", ["rotate", "revoke"])
def test_a_power_cut_at_any_moment_of_a_change_leaves_a_set_that_works_and_can_be_changed(
    what: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, was_cut = 0, True
    while was_cut:
        at += 1
        old = kid(home, now_ms=LATER + at)
        before = ring(home).held

        def change(old: str = old, at: int = at) -> object:
            return rotate(home, after_ms=0, now_ms=LATER + at) if what == "rotate" else revoke(home, old, LATER + at)

        was_cut = cut(monkeypatch, at, ("fsync", "replace", "open"), change)
        found = ring(home)
        trust = trust_of(found)
        told = {key.kid: key for key in trust.keys if key.kid not in trust.revoked}
        assert set(found.keys) <= set(told), "it signs with nothing that nodes do not obey"
        assert {key.use for key in found.keys.values()} == set(Use)
        assert found.trust_version >= before.trust_version
        assert old in {*told, *trust.revoked}, "the old key is believed or disowned, not lost"
        change()  # the same command again, whatever was left lying about
        assert what == "rotate" or old in trust_of(ring(home)).revoked
        assert not [path for path in (home / "keys").iterdir() if path.name.startswith(".")]
    assert at > 10


def test_changes_at_the_same_moment_come_one_after_the_other(home: Path) -> None:
    barrier = threading.Barrier(4)
    made: list[str] = []

    def change() -> None:
        barrier.wait()
        made.append(keyfile.rotate(home, Use.PLAN, now_ms=LATER, after_ms=0, random=os.urandom, issuer="tienglang").new.kid)  # type: ignore[union-attr]

    threads = [threading.Thread(target=change) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(made) < set(ring(home).keys)
    assert len(set(made)) == 4
