from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from controller import keyfile
from controller.domain.airing import Klass
from controller.domain.errors import Refused
from controller.protocol import codec, keys, seal
from controller.protocol.messages import Answer, Config, Kind, Order, PlanHead, Receipt, Trust, Use
from controller.service.keyring import Keyring, seal_trust

NOW = 1_795_420_800_000
LATER = NOW + 60_000


@pytest.fixture
def random() -> Callable[[int], bytes]:
    return Random(7).randbytes


def keyring(home: Path, random: Callable[[int], bytes], issuer: str = "tienglang") -> Keyring:
    return keyfile.open_or_create(home, NOW, random, issuer)


def trust_of(ring: Keyring) -> Trust:
    root = keys.public_key(ring.root_text)
    _, payload = seal.open_signed(ring.trust, "tl-trust", lambda kid: root if kid == "root" else None)
    return codec.decode(Trust, payload)


def refusal(home: Path, **options: bool) -> Refused:
    with pytest.raises(Refused) as caught:
        keyfile.open_or_create(home, LATER, os.urandom, "tienglang", **options)
    return caught.value


def test_keys_are_made_once_and_are_the_same_ever_after(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    first, second = keyring(tmp_path, random), keyfile.open_or_create(tmp_path, LATER, os.urandom, "tienglang")
    assert (first.master, first.root_text, first.trust) == (second.master, second.root_text, second.trust)
    assert list(first.keys) == list(second.keys)
    assert second.node_key("n1", 2) == keys.node_key(first.master, "n1", 2) == second.node_key("n1", 2)
    assert second.node_key("n1", 3) != second.node_key("n1", 2)


def test_nobody_else_may_read_them(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    old = os.umask(0)
    try:
        keyring(tmp_path, random)
    finally:
        os.umask(old)
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == dict.fromkeys(
        ("keys.json", "master.key", "root.key", "root.pub", "trust.jws"), 0o600
    )


def test_no_key_is_in_a_repr(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    ring = keyring(tmp_path, random)
    assert repr(ring.master) not in repr(ring)
    assert all(keys.to_text(key.private.private_bytes_raw()) not in repr(ring) for key in ring.keys.values())


def test_two_homes_share_no_key_and_no_kid(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    one, two = keyring(tmp_path / "1", random), keyring(tmp_path / "2", random)
    assert one.master != two.master
    assert not {key.kid for key in one.keys.values()} & {key.kid for key in two.keys.values()}


def test_the_root_vouches_for_every_key_and_how_far_it_goes(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    ring = keyring(tmp_path, random)
    trust = trust_of(ring)
    assert (trust.version, trust.iss, trust.aud, trust.iat) == (ring.trust_version, "tienglang", "all", NOW)
    assert [(key.use, key.x) for key in trust.keys] == [(use, ring.held.signer(use, NOW).public_text) for use in Use]
    classes = {key.use: key.classes for key in trust.keys}
    assert [use for use in Use if Klass.EMERGENCY in classes[use]] == [Use.EMERGENCY]
    assert classes[Use.CONFIG] == classes[Use.ANSWER] == ()
    assert all(key.nbf < NOW < key.exp <= trust.exp for key in trust.keys)


def order(klass: Klass = Klass.NORMAL) -> Order:
    return Order(iss="tienglang", aud="u", iat=NOW, exp=LATER, id="o", airing="a", rev=1, kind=Kind.STOP, klass=klass)


def test_each_key_seals_what_it_is_for_and_a_node_that_trusts_the_root_opens_it(
    tmp_path: Path, random: Callable[[int], bytes]
) -> None:
    ring = keyring(tmp_path, random)
    known = {key.kid: keys.public_key(key.x) for key in trust_of(ring).keys}
    kid, payload = seal.open_signed(ring.sign(Use.ORDER, order()), "tl-order", known.get)
    assert kid == ring.held.signer(Use.ORDER, NOW).kid
    assert codec.decode(Order, payload) == order()
    answer = Answer(iss="tienglang", aud="n", iat=NOW, exp=LATER, life="0" * 16, upto=0)
    assert seal.typ_of(ring.sign(Use.ANSWER, answer)) == "tl-answer"


def test_a_key_does_not_seal_what_it_is_not_for(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    ring = keyring(tmp_path, random)
    head = PlanHead(iss="tienglang", aud="u", iat=NOW, exp=LATER, version=1, sha256="0" * 64, size=1)
    for use, message in ((Use.ORDER, head), (Use.ANSWER, order()), (Use.PLAN, order())):
        with pytest.raises(ValueError, match="does not seal"):
            ring.sign(use, message)
    with pytest.raises(ValueError, match="does not seal"):
        ring.sign(Use.PLAN, Receipt(seq=1, airing="a", rev=1, state="cached", at=0))  # type: ignore[arg-type]


def test_what_no_node_could_open_is_not_sealed(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    bases = ("http://" + "x" * 200,) * 4
    path = tuple(f"{n:036d}" for n in range(12))
    config = Config(iss="tienglang", aud="n", iat=NOW, exp=LATER, version=1, path=path * 40, since=0, bases=bases)
    with pytest.raises(ValueError, match="named by its hash"):
        keyring(tmp_path, random).sign(Use.CONFIG, config)


@pytest.mark.parametrize("name", ["master.key", "keys.json", "root.pub", "trust.jws"])
def test_a_missing_file_is_an_error_and_makes_no_new_key(name: str, tmp_path: Path, random: Callable[[int], bytes]) -> None:
    keyring(tmp_path, random)
    (tmp_path / "keys" / name).unlink()
    error = refusal(tmp_path)
    assert (error.code, error.fields["path"]) == ("keys.missing", str(tmp_path / "keys" / name))
    assert not (tmp_path / "keys" / name).exists()


@pytest.mark.parametrize("name", ["master.key", "keys.json", "root.pub", "trust.jws"])
@pytest.mark.parametrize("keep", [0, 1, 17, -2])
def test_a_half_written_file_is_an_error_that_names_it(
    name: str, keep: int, tmp_path: Path, random: Callable[[int], bytes]
) -> None:
    keyring(tmp_path, random)
    path = tmp_path / "keys" / name
    path.write_bytes(path.read_bytes()[:keep])
    error = refusal(tmp_path)
    assert (error.code, error.fields["path"]) == ("keys.damaged", str(path))


def test_a_folder_that_is_gone_is_made_anew_only_for_a_database_without_nodes(tmp_path: Path) -> None:
    assert refusal(tmp_path, may_create=False).code == "keys.missing"
    assert not (tmp_path / "keys").exists()
    (tmp_path / "keys").mkdir(mode=0o700)  # an empty one is a mount that failed, or a half of something: not a first start
    assert refusal(tmp_path).code == "keys.missing"


def test_a_master_from_elsewhere_is_found_out(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    keyring(tmp_path, random)
    (tmp_path / "keys" / "master.key").write_bytes(b"m" * 32)
    assert refusal(tmp_path).code == "keys.mismatch"


def test_signing_keys_that_do_not_belong_together_are_found_out(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    keyring(tmp_path, random)
    path = tmp_path / "keys" / "keys.json"
    text = path.read_text()
    first = text.index('"x": "') + 6
    path.write_text(text[:first] + "A" * 43 + text[first + 43 :])
    assert refusal(tmp_path).code == "keys.damaged"


def test_keys_that_others_may_read_are_refused(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    keyring(tmp_path, random)
    (tmp_path / "keys" / "master.key").chmod(0o640)
    assert refusal(tmp_path).code == "keys.open-to-others"
    (tmp_path / "keys" / "master.key").chmod(0o600)
    (tmp_path / "keys").chmod(0o755)
    assert refusal(tmp_path).code == "keys.open-to-others"


class PowerCut(BaseException):
    """The machine is gone: nothing after it runs."""


def cut(monkeypatch: pytest.MonkeyPatch, at: int, names: tuple[str, ...], change: Callable[[], object]) -> bool:
    """Let the power go at the `at`-th call of these functions of `os`; did it?"""
    steps = 0

    def count(real: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object) -> object:
            nonlocal steps
            steps += 1
            if steps == at:
                raise PowerCut
            return real(*args)

        return step

    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(os, name, count(getattr(os, name)))
        try:
            change()
        except PowerCut:
            return True
    return False


@pytest.mark.parametrize("at", range(1, 12))
def test_a_crash_while_they_are_made_leaves_none_or_all(
    at: int, tmp_path: Path, random: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    was_cut = cut(monkeypatch, at, ("fsync", "rename"), lambda: keyring(tmp_path, random))
    made = (tmp_path / "keys").exists() or not was_cut
    kept = (tmp_path / "keys" / "master.key").read_bytes() if made else None
    ring = keyfile.open_or_create(tmp_path, LATER, os.urandom, "tienglang")
    assert kept in (None, ring.master)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_starts_at_the_same_moment_agree(tmp_path: Path) -> None:
    barrier = threading.Barrier(4)
    masters: list[bytes] = []

    def start() -> None:
        barrier.wait()
        masters.append(keyfile.open_or_create(tmp_path, NOW, os.urandom, "tienglang").master)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(masters) == 4
    assert len(set(masters)) == 1


def test_the_root_can_be_taken_off_and_all_goes_on(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    before = keyring(tmp_path, random)
    usb = tmp_path / "usb.key"
    keyfile.take_root_off(tmp_path, usb)
    assert not keyfile.root_is_here(tmp_path)
    assert stat.S_IMODE(usb.stat().st_mode) == 0o600
    after = keyfile.open_or_create(tmp_path, LATER, os.urandom, "tienglang")
    assert (after.trust, after.root_text) == (before.trust, before.root_text)
    with pytest.raises(Refused) as caught:
        keyfile.take_root_off(tmp_path, tmp_path / "again")
    assert caught.value.code == "keys.root-off"


def test_the_root_is_not_taken_onto_an_existing_file_nor_while_nodes_could_not_be_told_whom_to_obey(
    tmp_path: Path, random: Callable[[int], bytes]
) -> None:
    keyring(tmp_path, random)
    there = tmp_path / "there"
    there.write_text("mine")
    with pytest.raises(Refused) as caught:
        keyfile.take_root_off(tmp_path, there)
    assert (caught.value.code, there.read_text()) == ("keys.root-exists", "mine")
    (tmp_path / "keys" / "trust.jws").unlink()
    with pytest.raises(Refused):
        keyfile.take_root_off(tmp_path, tmp_path / "usb")
    assert keyfile.root_is_here(tmp_path)
    assert not (tmp_path / "usb").exists()


def test_a_changed_name_is_sealed_anew_with_a_higher_version_while_the_root_is_here(
    tmp_path: Path, random: Callable[[int], bytes]
) -> None:
    before = keyring(tmp_path, random)
    after = keyfile.open_or_create(tmp_path, NOW - 5_000, os.urandom, "cao-bang")  # our clock even went back
    assert after.trust_version > before.trust_version
    assert trust_of(after).iss == "cao-bang"
    keyfile.take_root_off(tmp_path, tmp_path / "usb")
    with pytest.raises(Refused) as caught:
        keyfile.open_or_create(tmp_path, LATER, os.urandom, "ha-noi")
    assert caught.value.code == "keys.root-off"


def test_a_trust_document_of_another_root_is_damage(tmp_path: Path, random: Callable[[int], bytes]) -> None:
    one, two = keyring(tmp_path / "1", random), keyring(tmp_path / "2", random)
    (tmp_path / "1" / "keys" / "trust.jws").write_bytes(two.trust)
    assert refusal(tmp_path / "1").code == "keys.damaged"
    root = keyfile._read_root(tmp_path / "2" / "keys")
    foreign = seal_trust(root, one.keys.values(), now_ms=NOW, version=9, iss="tienglang")
    (tmp_path / "2" / "keys" / "trust.jws").write_bytes(foreign)
    again = keyfile.open_or_create(tmp_path / "2", LATER, os.urandom, "tienglang")  # its own root, old keys: sealed anew
    assert [key.kid for key in trust_of(again).keys] == [key.kid for key in two.keys.values()]


def test_without_keys_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert keyfile.open_existing(tmp_path, NOW, "tienglang") is None
    assert list(tmp_path.iterdir()) == []
