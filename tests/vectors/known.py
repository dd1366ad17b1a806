"""What vectors are made of: test keys that everybody knows, sealing, one whole message of each type. Imports nothing of ours."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Json = dict[str, Any]
NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z
USES = {"plan": "tl-plan", "order": "tl-order", "emergency": "tl-order", "config": "tl-config", "answer": "tl-answer"}


def secret(label: str) -> bytes:
    """32 bytes that everybody knows: for tests only."""
    return hashlib.sha256(b"Tieng Lang test key: " + label.encode()).digest()


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def node_key(master: bytes, node: str, generation: int) -> bytes:
    """HKDF-SHA256 by the letter of RFC 5869: extract with a salt of zeros, expand to one block."""
    extracted = hmac.digest(bytes(32), master, "sha256")
    return hmac.digest(extracted, f"tl/1/node/{node}/{generation}".encode() + b"\x01", "sha256")


SIGNERS = {"root": "root", **{use: f"{use}-2026" for use in (*USES, "live")}}
PRIVATE = {kid: Ed25519PrivateKey.from_private_bytes(secret(label)) for label, kid in SIGNERS.items()}
PUBLIC = {kid: private.public_key().public_bytes_raw() for kid, private in PRIVATE.items()}
MASTER = secret("master")
NODE, GENERATION = "x01480-1-l1", 1
NODES = [(NODE, 1), (NODE, 2), ("x01480-1-l2", 1), ("a" * 36, 999_999_999)]
NODE_KEYS = {f"{node}.{generation}": node_key(MASTER, node, generation) for node, generation in NODES}
KID = f"{NODE}.{GENERATION}"


def keys_file() -> Json:
    return {
        "about": "Test keys. `seed` is an Ed25519 private key (RFC 8032), base64url; a node's key is derived from the master.",
        "signing": [
            {"kid": kid, "use": label, "seed": b64(secret(label)), "public": b64(PUBLIC[kid])} for label, kid in SIGNERS.items()
        ],
        "master": b64(MASTER),
        "nodes": [
            {"node": node, "generation": generation, "kid": kid, "key": b64(NODE_KEYS[kid])}
            for (node, generation), kid in zip(NODES, NODE_KEYS, strict=True)
        ],
    }


# ── sealing ──


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header(alg: str, kid: str, typ: str) -> bytes:
    return json.dumps({"alg": alg, "kid": kid, "typ": typ}, separators=(",", ":")).encode()


def sealed(head: bytes, payload: bytes, signer: Callable[[bytes], bytes]) -> str:
    signed = f"{b64(head)}.{b64(payload)}"
    return f"{signed}.{b64(signer(signed.encode()))}"


def by(kid: str) -> Callable[[bytes], bytes]:
    """The signature with the key that really is `kid`'s."""
    if kid in PRIVATE:
        return PRIVATE[kid].sign
    return lambda signed: hmac.digest(NODE_KEYS[kid], signed, "sha256")


def dumped(message: Json) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


# ── whole messages ──

SHA = hashlib.sha256(b"a clip").hexdigest()
CLAIMS = {"iss": "coso", "aud": "x01480", "iat": NOW, "exp": NOW + 600_000}
SAID = {"node": NODE, "generation": GENERATION, "life": "00ff00ff00ff00ff", "t": NOW, "u": 12}
SOUND = {
    "start": NOW + 5_000,
    "grace": 60_000,
    "duration": 30_000,
    "class": "normal",
    "rank": 2,
    "sha256": SHA,
    "size": 90_000,
    "gain": -30,
    "language": "tyz",
}
VERSIONS = {"trust": NOW - 3, "config": NOW - 2, "plan": NOW - 1}
FULL: dict[str, Json] = {
    "tl-order": CLAIMS
    | {"id": "ord-1", "airing": "air-1", "rev": 1, "kind": "play"}
    | SOUND
    | {"live": {"session": "ses-1", "key": b64(PUBLIC["live-2026"])}},
    "tl-plan": CLAIMS | {"aud": "x01480-1", "version": NOW, "sha256": SHA, "size": 4_000},
    "plan-body": {
        "village": "x01480-1",
        "version": NOW,
        "valid_until": NOW + 172_800_000,
        "items": [{"airing": "air-1", "rev": 1} | SOUND],
    },
    "tl-config": CLAIMS
    | {
        "aud": NODE,
        "version": NOW,
        "path": ["p04", "x01480", "x01480-1"],
        "since": NOW - 1_000,
        "bases": ["http://10.0.0.1:8080/clips"],
        "policy": {
            "utc_offset": 420,
            "hours": [{"from": 300, "to": 1260, "days": [1, 2, 3, 4, 5, 6]}],
            "max_duration": 1_800_000,
        },
        "ceilings": [{"from": 1260, "to": 360, "gain": -120}],
        "hold": [{"sha256": SHA, "size": 90_000}],
        "health_s": 300,
    },
    "tl-trust": CLAIMS
    | {
        "aud": "all",
        "version": NOW,
        "revoked": ["order-2025"],
        "keys": [
            {
                "kid": "order-2026",
                "use": "order",
                "x": b64(PUBLIC["order-2026"]),
                "nbf": NOW - 1,
                "exp": NOW + 63_072_000_000,
                "units": ["p04"],
                "classes": ["normal"],
            }
        ],
    },
    "tl-answer": CLAIMS
    | {"aud": NODE, "life": SAID["life"], "upto": 41, "nonce": "0123456789abcdef", "t2": NOW - 5, "t3": NOW, "floors": VERSIONS},
    "tl-state": SAID | {"boot": 3, "connection": 2, "counter": 1, "online": True, "versions": VERSIONS, "reason": "clock"},
    "tl-receipts": SAID
    | {
        "from": 40,
        "items": [{"seq": 41, "airing": "air-1", "rev": 1, "state": "finished", "at": NOW, "why": "late", "evidence": "heard"}],
    },
    "tl-health": SAID
    | {
        "uptime_s": 86_400,
        "playing": "air-1",
        "disk_free": 10**9,
        "clips": 7,
        "receipts": 0,
        "refused_seals": 2,
        "temperature": 415,
        "mains": 2_290,
        "battery": 126,
        "signal": -87,
        "line": -145,
    },
    "tl-ask": SAID | {"nonce": "0123456789abcdef", "versions": VERSIONS, "from": 41},
}
