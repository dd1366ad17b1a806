"""What is seen is judged the same each time: which verdict, which code; and every code has its sentences."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import pytest

from controller.cli.doctor import lines
from controller.cli.doctor_sentences import AREAS, FINDINGS, VERDICTS
from controller.doctor import findings as judge
from controller.doctor.findings import (
    BEHIND_MS,
    DAY_MS,
    EXPIRES_SOON_MS,
    LEAST_FREE,
    LEAST_INODES,
    NONE_FREE,
    Area,
    BrokerSeen,
    DatabaseSeen,
    DiskSeen,
    Finding,
    KeySeen,
    KeysSeen,
    ServerSeen,
    SettingsSeen,
    Verdict,
    in_trouble,
)
from tests.unit.house.tree import ROOT

NOW = 1_795_000_000_000
QUIET = SettingsSeen(listens_wide=False, broker_elsewhere=False, broker_in_the_clear=True, base_is_loopback=True, demo=False)
DISK = DiskSeen(free=LEAST_FREE, inodes=LEAST_INODES, trouble=None)
KEYS = KeysSeen(keys=[KeySeen(kid="plan-2026", expires_ms=NOW + EXPIRES_SOON_MS)], root_here=False)
DATABASE = DatabaseSeen(revision="2", known=("2", "1"), nodes=40, newest_ms=NOW, trouble=None)
BROKER = BrokerSeen(address="mqtt://b:1883", trouble=None, echo_ms=3)
SERVER = ServerSeen(runs=True, url="http://127.0.0.1:8080", status=200, since_ms=NOW)


def told(found: object) -> list[tuple[str, str]]:
    return [(each.verdict.value, each.code) for each in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (QUIET, [("ok", "settings.ok")]),
        (replace(QUIET, listens_wide=True), [("advice", "settings.base-url")]),
        (replace(QUIET, broker_elsewhere=True), [("advice", "settings.base-url"), ("advice", "settings.no-tls")]),
        (replace(QUIET, broker_elsewhere=True, broker_in_the_clear=False, base_is_loopback=False), [("ok", "settings.ok")]),
        (replace(QUIET, demo=True), [("advice", "settings.demo")]),
    ],
)
def test_settings(seen: SettingsSeen, expected: list[tuple[str, str]]) -> None:
    assert told(judge.judge_settings(seen)) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (None, ("advice", "disk.no-home")),
        (DISK, ("ok", "disk.ok")),
        (replace(DISK, free=LEAST_FREE - 1), ("advice", "disk.little-room")),
        (replace(DISK, free=NONE_FREE - 1), ("trouble", "disk.little-room")),
        (replace(DISK, inodes=LEAST_INODES - 1), ("advice", "disk.few-inodes")),
        (replace(DISK, inodes=None), ("ok", "disk.ok")),  # a file system that counts none
        (replace(DISK, trouble="Read-only file system"), ("trouble", "disk.unwritable")),
    ],
)
def test_the_disk(seen: DiskSeen | None, expected: tuple[str, str]) -> None:
    assert told(judge.judge_disk(seen)) == [expected]


@pytest.mark.parametrize(
    ("newest_ms", "expected"),
    [
        (None, ("ok", "clock.ok")),
        (NOW, ("ok", "clock.ok")),
        (NOW + BEHIND_MS, ("ok", "clock.ok")),
        (NOW + BEHIND_MS + 1, ("trouble", "clock.behind")),
        (NOW - 401 * DAY_MS, ("advice", "clock.ahead")),
    ],
)
def test_the_clock(newest_ms: int | None, expected: tuple[str, str]) -> None:
    assert told(judge.judge_clock(NOW, newest_ms)) == [expected]


def aging(expires_ms: int) -> KeysSeen:
    return replace(KEYS, keys=[*KEYS.keys, KeySeen(kid="order-2024", expires_ms=expires_ms)])


@pytest.mark.parametrize(
    ("seen", "knows_nodes", "expected"),
    [
        (KEYS, True, [("ok", "keys.ok")]),
        (None, False, [("advice", "keys.not-yet")]),
        (None, True, [("trouble", "keys.lost")]),
        (aging(NOW + EXPIRES_SOON_MS - 1), True, [("advice", "keys.expires-soon")]),
        (aging(NOW), True, [("trouble", "keys.expired")]),
        (replace(KEYS, root_here=True), True, [("advice", "keys.root-here")]),
        (replace(KEYS, refused=("keys.damaged", {"path": "x"})), True, [("trouble", "keys.damaged")]),
    ],
)
def test_the_keys(seen: KeysSeen | None, knows_nodes: bool, expected: list[tuple[str, str]]) -> None:
    assert told(judge.judge_keys(seen, NOW, knows_nodes)) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (DATABASE, ("ok", "database.ok")),
        (None, ("advice", "database.not-yet")),
        (replace(DATABASE, revision=None), ("advice", "database.not-yet")),
        (replace(DATABASE, revision="1"), ("advice", "database.older")),
        (replace(DATABASE, revision="3"), ("trouble", "database.newer")),
        (replace(DATABASE, trouble=("damaged", "x")), ("trouble", "database.damaged")),
        (replace(DATABASE, trouble=("away", "x")), ("trouble", "database.away")),
        (replace(DATABASE, trouble=("read-only", "x")), ("trouble", "database.read-only")),
        (replace(DATABASE, trouble=("locked", "x")), ("advice", "database.locked")),
    ],
)
def test_the_database(seen: DatabaseSeen | None, expected: tuple[str, str]) -> None:
    assert told(judge.judge_database(seen)) == [expected]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (BROKER, ("ok", "broker.ok")),
        (None, ("ok", "broker.own")),
        (replace(BROKER, trouble="Not authorized"), ("trouble", "broker.away")),
        (replace(BROKER, echo_ms=None), ("trouble", "broker.mute")),
    ],
)
def test_the_broker(seen: BrokerSeen | None, expected: tuple[str, str]) -> None:
    assert told(judge.judge_broker(seen)) == [expected]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (SERVER, ("ok", "server.ok")),
        (replace(SERVER, acts=False, place="may-2:8080", since_ms=NOW), ("ok", "server.standby")),
        (replace(SERVER, acts=False), ("trouble", "server.nobody")),
        (replace(SERVER, runs=False, status=0), ("ok", "server.none")),
        (replace(SERVER, status=503), ("trouble", "server.silent")),
        (replace(SERVER, status=0), ("trouble", "server.silent")),
    ],
)
def test_the_server(seen: ServerSeen, expected: tuple[str, str]) -> None:
    assert told(judge.judge_server(seen)) == [expected]


def test_advice_alone_is_no_trouble() -> None:
    advice = Finding(area=Area.DISK, verdict=Verdict.ADVICE, code="disk.no-home")
    assert not in_trouble([advice])
    assert in_trouble([advice, replace(advice, verdict=Verdict.TROUBLE)])


# ── the sentences ────────────────────────────────────────────────────────────────────────────────────────────────────


def codes(path: str, prefixes: tuple[str, ...]) -> set[str]:
    """The codes that a source names."""
    tree = ast.parse((ROOT / path).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"[a-z]+\.[a-z-]+", text) and text.split(".")[0] in prefixes}


def test_every_finding_has_its_sentences_in_both_languages_and_every_sentence_a_finding() -> None:
    found = codes("controller/doctor/findings.py", tuple(AREAS)) | {f"{area}.ok" for area in AREAS}
    found |= {f"database.{step}" for step in ("away", "damaged", "read-only", "locked")}
    of_the_keys = codes("controller/keyfile.py", ("keys",)) & {
        "keys.missing",
        "keys.damaged",
        "keys.open-to-others",
        "keys.mismatch",
        "keys.root-off",
    }
    assert len(of_the_keys) == 5
    assert FINDINGS.keys() == found | of_the_keys | {"keys.unreadable"}
    assert (AREAS.keys(), VERDICTS.keys()) == (set(Area), set(Verdict))


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_both_languages_say_the_same_and_only_what_is_well_needs_nothing_done(code: str) -> None:
    said = FINDINGS[code]
    fields = [set(re.findall(r"\{(\w+)\}", text)) for text in said]
    assert fields[0] == fields[1]
    assert fields[2] == fields[3]
    assert all(said[:2])
    assert (
        bool(said.do_vi)
        == bool(said.do_en)
        == (code not in {f"{area}.ok" for area in AREAS} | {"broker.own", "server.none", "server.standby"})
    )


def test_a_person_reads_the_verdict_what_it_means_and_what_to_do() -> None:
    found = [*judge.judge_clock(NOW, NOW + DAY_MS), *judge.judge_server(SERVER)]
    wrong, *rest = lines(found, "en")
    assert wrong.startswith("[TROUBLE] Clock: The clock says 18/11/2026 18:06:40, behind the newest row (19/11/2026 18:06:40)")
    assert rest == [
        "          → Set the time and keep it set (timedatectl set-ntp true) before the server runs on.",
        "[ok]      Server: It runs, answers at http://127.0.0.1:8080, and acts since 18/11/2026 18:06:40.",
    ]


def test_a_sound_that_is_not_where_it_should_be_is_told_and_one_that_is_not() -> None:
    assert told(judge.judge_sounds("/srv", newest_is_there=False)) == [("trouble", "disk.sound-missing")]
    assert told(judge.judge_sounds("/srv", newest_is_there=True)) == []
