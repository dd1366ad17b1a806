"""One morning between a controller and a node, message by message, for section 16 of docs/wire.md. Imports nothing of ours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tests.vectors.known import GENERATION, KID, NODE, NOW, PUBLIC, SHA, Json, b64, by, dumped, header, sealed

SECOND, MINUTE, DAY, YEAR = 1_000, 60_000, 86_400_000, 31_536_000_000
UNITS = ["p04", "x01480", "x01480-1"]
LIFE = "00ff00ff00ff00ff"
NONCE = "0123456789abcdef"
TRUST, CONFIG, PLAN = NOW - 2 * DAY, NOW - DAY, NOW - 5 * MINUTE  # versions are the ms in which they were made
CLIP = {"sha256": SHA, "size": 90_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message on its topic; `body` is what a plan head names."""

    title: str
    text: str
    topic: str
    kid: str
    typ: str
    message: Json
    body: Json | None = None

    @property
    def head(self) -> bytes:
        return header("HS256" if self.kid == KID else "Ed25519", self.kid, self.typ)

    @property
    def payload(self) -> bytes:
        return dumped(self.message)

    @property
    def token(self) -> str:
        return sealed(self.head, self.payload, by(self.kid))


def _claims(aud: str, iat: int, exp: int) -> Json:
    return {"iss": "coso", "aud": aud, "iat": iat, "exp": exp}


def _said(t: int, u: int) -> Json:
    return {"node": NODE, "generation": GENERATION, "life": LIFE, "t": t, "u": u}


def _key(use: str, **scope: list[str]) -> Json:
    kid = f"{use}-2026"
    return {"kid": kid, "use": use, "x": b64(PUBLIC[kid]), "nbf": TRUST, "exp": TRUST + 2 * YEAR} | scope


def _from_node(leaf: str, typ: str, title: str, text: str, message: Json) -> Step:
    return Step(title=title, text=text, topic=f"tl/1/node/{NODE}/{leaf}", kid=KID, typ=typ, message=message)


def _to_inbox(kid: str, typ: str, title: str, text: str, message: Json) -> Step:
    return Step(title=title, text=text, topic=f"tl/1/node/{NODE}/inbox", kid=kid, typ=typ, message=message)


EVENING: Json = {
    "airing": "thu-5-17h30",
    "rev": 1,
    "start": NOW + 630 * MINUTE,
    "grace": 120 * SECOND,
    "duration": 900 * SECOND,
    "class": "normal",
    "rank": 2,
    "sha256": hashlib.sha256(b"another clip").hexdigest(),
    "size": 2_700_000,
}
BODY: Json = {"village": UNITS[-1], "version": PLAN, "valid_until": PLAN + 2 * DAY, "items": [EVENING]}


def _connects() -> list[Step]:
    unknown = _said(0, -1) | {"boot": 1, "connection": 1}
    return [
        _from_node(
            "state",
            "tl-state",
            "The will",
            "The node leaves it with the broker as it connects. It has no idea of the time.",
            unknown | {"counter": 2**53 - 1, "online": False},
        ),
        _from_node(
            "state",
            "tl-state",
            "The birth",
            "It is accepted. Its memory is empty: it holds no document, and a new life begins.",
            unknown | {"counter": 1, "online": True, "reason": "memory.new"},
        ),
        _from_node(
            "ask",
            "tl-ask",
            "The ask",
            "In the same breath: for the time, and for whatever the node lacks.",
            _said(0, -1) | {"nonce": NONCE},
        ),
    ]


def _trust() -> Step:
    scoped = {"units": ["x01480"], "classes": ["normal", "priority"]}
    keys = [_key("plan"), _key("order", **scoped), _key("emergency"), _key("config"), _key("answer")]
    return _to_inbox(
        "root",
        "tl-trust",
        "The trust document",
        "Sealed by the root two days ago: without it the node can open nothing else.",
        _claims("all", TRUST, TRUST + YEAR) | {"version": TRUST, "keys": keys, "revoked": ["order-2025"]},
    )


def _config() -> Step:
    return _to_inbox(
        "config-2026",
        "tl-config",
        "The config",
        "Sound from 05:00 to 21:00, Monday to Saturday; quieter by 12 dB before 06:00. Now it knows its path,\n"
        "and subscribes to `order` of `p04`, `x01480` and `x01480-1`, and to `plan` of `x01480-1`.",
        _claims(NODE, CONFIG, CONFIG + YEAR)
        | {
            "version": CONFIG,
            "path": UNITS,
            "since": CONFIG,
            "policy": {"hours": [{"from": 300, "to": 1260, "days": [1, 2, 3, 4, 5, 6]}], "max_duration": 45 * MINUTE},
            "ceilings": [{"from": 300, "to": 360, "gain": -120}],
            "bases": ["http://10.0.0.1:8080/clips"],
        },
    )


def _plan() -> Step:
    return Step(
        title="The plan head",
        text="With the body that it names, as the file is. It is fetched from\n"
        f"`http://10.0.0.1:8080/clips/{hashlib.sha256(dumped(BODY)).hexdigest()}`.",
        topic=f"tl/1/node/{NODE}/inbox",
        kid="plan-2026",
        typ="tl-plan",
        message=_claims(UNITS[-1], PLAN, PLAN + 2 * DAY)
        | {"version": PLAN, "sha256": hashlib.sha256(dumped(BODY)).hexdigest(), "size": len(dumped(BODY))},
        body=BODY,
    )


def _answers() -> Step:
    return _to_inbox(
        "answer-2026",
        "tl-answer",
        "The answer",
        "From now on the node knows the time, and that nothing newer than what it holds was ever made for it:\nit may sound.",
        _claims(NODE, NOW + 45, NOW + MINUTE)
        | {"life": LIFE, "upto": 0, "nonce": NONCE, "t2": NOW, "t3": NOW + 45}
        | {"floors": {"trust": TRUST, "config": CONFIG, "plan": PLAN}},
    )


def _order() -> Step:
    start = NOW + 25 * SECOND
    sound = {"start": start, "grace": MINUTE, "duration": 30 * SECOND, "class": "normal", "rank": 2} | CLIP | {"gain": -30}
    return Step(
        title="An order",
        text="Twenty seconds later the commune says `air-1`, in Tày, at 07:00:25 to everybody.",
        topic="tl/1/unit/x01480/order",
        kid="order-2026",
        typ="tl-order",
        message=_claims("x01480", NOW + 20 * SECOND, start + MINUTE)
        | {"id": "ord-1", "airing": "air-1", "rev": 1, "kind": "play"}
        | sound
        | {"language": "tyz"},
    )


def _receipts() -> list[Step]:
    words = [
        ("thu-5-17h30", "accepted", 130),
        ("air-1", "accepted", 20_061),
        ("air-1", "cached", 20_655),
        ("air-1", "started", 25_118),
    ]
    items = [{"seq": seq, "airing": who, "rev": 1, "state": what, "at": NOW + at} for seq, (who, what, at) in enumerate(words, 1)]
    end = {"seq": 5, "airing": "air-1", "rev": 1, "state": "finished", "at": NOW + 55_020, "evidence": "heard"}
    return [
        _from_node(
            "receipt",
            "tl-receipts",
            "Receipts",
            "As `air-1` begins: four, of two airings, and none of them covered yet.",
            _said(NOW + 25_140, 22) | {"from": 1, "items": items},
        ),
        _to_inbox(
            "answer-2026",
            "tl-answer",
            "The short answer",
            "They are committed: the node may forget them.",
            _claims(NODE, NOW + 25_300, NOW + 85_300) | {"life": LIFE, "upto": 4},
        ),
        _from_node(
            "receipt",
            "tl-receipts",
            "The end of it",
            "Heard at the horn.",
            _said(NOW + 55_040, 25) | {"from": 5, "items": [end]},
        ),
    ]


def _health() -> Step:
    return _from_node(
        "health",
        "tl-health",
        "Health",
        "Each minute. What is not measured is left out.",
        _said(NOW + 60_000, 26)
        | {"uptime_s": 71, "disk_free": 3_900_000_000, "clips": 2, "receipts": 0}
        | {"temperature": 415, "mains": 2_290, "signal": -87, "line": -600},
    )


STORY = (*_connects(), _trust(), _config(), _plan(), _answers(), _order(), *_receipts(), _health())
