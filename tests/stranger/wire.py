"""What a message is (§5-7) and how it is sealed (§3): written from docs/wire.md alone; § marks its sections."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]
BIG = 2**53 - 1
"""The largest whole number that every JSON reader holds exactly."""


class Wrong(Exception):
    """Refused; its text is the document's code."""


def need(true: bool, code: str = "malformed") -> None:
    """Refuse unless it is so."""
    if not true:
        raise Wrong(code)


# ── §5-7 Messages: the document's tables, `name:type=default` each; a lone `=` means absent ─────────────────────────────

TEXTS = {"id": "[a-z0-9-]{1,36}", "kid": "[A-Za-z0-9._-]{1,64}", "sha256": "[0-9a-f]{64}", "life": "[0-9a-f]{16}"}
TEXTS |= {"nonce": "[0-9a-f]{16,32}", "key": "[A-Za-z0-9_-]{43}", "why": "[a-z0-9.-]{0,40}", "url": "https?://[!-~]{1,200}"}
TEXTS |= {"language": "[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"}
TABLES = """
claims iss:id aud:id iat:time exp:time
said node:id generation:1..999999999 life:life t:time u:-1..9007199254740991
tl-order +claims id:id airing:id rev:1..2147483647 kind:play|stop|live|volume|test|restart start:time=0 grace:0..3600000=0
 duration:0..3600000=0 class:normal|priority|emergency="normal" rank:0..9=0 sha256:sha256= size:0..64000000=0 gain:-600..120=0
 language:language="vi" live:session=
session session:id key:key
tl-plan +claims version:time sha256:sha256 size:1..4000000
plan-body village:id version:time valid_until:time items:[item]0..2000
item airing:id rev:1..2147483647 start:time grace:0..3600000 duration:1..3600000 class:normal|priority|emergency rank:0..9
 sha256:sha256 size:1..64000000 gain:-600..120=0 language:language="vi"
tl-config +claims version:time path:[id]1..12 since:time policy:policy={} ceilings:[ceiling]0..50=[] hold:[held]0..64=[]
 bases:[url]0..4=[] health_s:10..3600=60
policy utc_offset:-840..840=420 hours:[hours]0..50=[] max_duration:0..3600000=3600000
hours from:0..1440 to:0..1440 days:[1..7]0..7=[1,2,3,4,5,6,7]
ceiling from:0..1440 to:0..1440 gain:-600..120
held sha256:sha256 size:1..64000000
tl-trust +claims version:time keys:[trust-key]0..32 revoked:[kid]0..64=[]
trust-key kid:kid use:plan|order|emergency|config|answer|live x:key nbf:time exp:time units:[id]0..64=[]
 classes:[normal|priority|emergency]0..3=[]
tl-answer +claims life:life upto:time nonce:nonce= t2:time=0 t3:time=0 floors:floors=
floors trust:time config:time plan:time
versions trust:time=0 config:time=0 plan:time=0
tl-state +said boot:time connection:time counter:time online:boolean versions:versions={} reason:why=""
tl-receipts +said from:1..9007199254740991 items:[receipt]1..64
receipt seq:1..9007199254740991 airing:id rev:1..2147483647 at:time why:why="" evidence:heard|silent|not_measured=
 state:accepted|cached|started|finished|refused|failed|missed|cut|cancelled
tl-health +said uptime_s:time playing:id= disk_free:time= clips:time= receipts:time= refused_seals:time=0 temperature:-1000..2000=
 mains:0..5000= battery:0..1000= signal:-200..0= line:-2000..0=
tl-ask +said nonce:nonce versions:versions={} from:1..9007199254740991=1
""".replace("\n ", " ").strip()
FIELDS = {name: fields for name, *fields in (line.split() for line in TABLES.splitlines())}
RULES: dict[str, list[tuple[str, Callable[[Json], bool]]]] = {
    "tl-order": [
        ("expires-before-issued", lambda it: it["exp"] >= it["iat"]),
        ("play-needs-a-clip", lambda it: it["kind"] != "play" or bool(it["sha256"] and it["size"] and it["duration"])),
        ("live-needs-a-session", lambda it: it["kind"] != "live" or bool(it["live"] and it["duration"])),
        ("emergency-lives-too-long", lambda it: it["class"] != "emergency" or it["exp"] - it["iat"] <= 900_000),
        ("emergency-sounds-too-long", lambda it: it["class"] != "emergency" or it["duration"] <= 600_000),
    ],
    "plan-body": [
        ("plan-carries-an-emergency", lambda it: all(item["class"] != "emergency" for item in it["items"])),
        ("plan-names-an-airing-twice", lambda it: len({item["airing"] for item in it["items"]}) == len(it["items"])),
    ],
    "tl-receipts": [("receipts-out-of-order", lambda it: rises([it["from"] - 1, *(item["seq"] for item in it["items"])]))],
}
FROM_CONTROLLER = ("tl-order", "tl-plan", "tl-config", "tl-trust", "tl-answer")


def rises(numbers: list[int]) -> bool:
    """Is each above the one before?"""
    return all(low < high for low, high in itertools.pairwise(numbers))


def value_of(kind: str, value: Any) -> Any:
    """The value, if it is of this kind."""
    if kind in FIELDS:
        return object_of(kind, value)
    if kind in TEXTS:
        need(isinstance(value, str) and re.fullmatch(TEXTS[kind], value) is not None)
    elif kind == "boolean":
        need(isinstance(value, bool))
    elif kind[0] == "[":
        of, _, limits = kind[1:].rpartition("]")
        low, high = map(int, limits.split(".."))
        need(isinstance(value, list) and low <= len(value) <= high)
        return [value_of(of, one) for one in value]
    elif kind == "time" or ".." in kind:
        low, high = (0, BIG) if kind == "time" else map(int, kind.split(".."))
        need(type(value) is int and low <= value <= high)  # True is no number, nor is 1.0
    else:
        need(isinstance(value, str) and value in kind.split("|"))
    return value


def object_of(name: str, value: Any) -> Json:
    """The object with the members that its table names, defaults filled in."""
    need(isinstance(value, dict))
    found: Json = {}
    for entry in FIELDS[name]:
        if entry[0] == "+":
            found |= object_of(entry[1:], value)
            continue
        member, rest = entry.split(":", 1)
        kind, has_default, default = rest.partition("=")
        given = value.get(member, json.loads(default) if default else None)
        need(member in value or bool(has_default))
        absent = given is None and bool(has_default) and not default
        found[member] = None if absent else value_of(kind, given)
    for code, holds in RULES.get(name, []):
        need(holds(found), f"rule.{code}")
    return found


def decode(typ: str, payload: bytes) -> Json:
    """A whole message, or Wrong, whatever the bytes are."""
    try:
        return object_of(typ, json.loads(payload.decode(), parse_constant=lambda _: need(False)))
    except (ValueError, RecursionError):
        raise Wrong("malformed") from None


# ── §3 Seals ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(letters: str) -> bytes:
    """The bytes, if this is their one spelling."""
    need(re.fullmatch("[A-Za-z0-9_-]*", letters) is not None and len(letters) % 4 != 1, "seal.form")
    data = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    need(b64(data) == letters, "seal.form")
    return data


def read_header(letters: str) -> Json:
    """Exactly `alg`, `kid` and `typ`, each a text, each once."""
    try:
        written = unb64(letters[:401]).decode()
        pairs = json.loads(written, object_pairs_hook=list)
        need(len(letters) <= 400 and "\\" not in written and written.lstrip(" \t\r\n")[:1] == "{")
        need(sorted(name for name, _ in pairs) == ["alg", "kid", "typ"] and all(isinstance(value, str) for _, value in pairs))
        value_of("kid", dict(pairs)["kid"])
    except (ValueError, RecursionError, Wrong):
        raise Wrong("seal.header") from None
    return dict(pairs)


def proves(alg: str, key: bytes, signature: bytes, signed: bytes) -> bool:
    """Is the signature true?"""
    if alg == "HS256":
        return hmac.compare_digest(hmac.digest(key, signed, "sha256"), signature)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


Afford = Callable[[str], bool]


def open_seal(token: bytes, alg: str, typs: Collection[str], keys: Mapping[str, bytes], afford: Afford) -> tuple[str, str, bytes]:
    """(kid, typ, payload) of a true seal, or Wrong; `afford` is asked before the one costly step. The order is §3's."""
    need(len(token) <= 16_384, "seal.size")
    parts = token.decode("latin-1").split(".")
    need(len(parts) == 3, "seal.form")
    payload, signature, header = unb64(parts[1]), unb64(parts[2]), read_header(parts[0])
    need(header["alg"] == alg, "seal.alg")
    need(header["typ"] in typs, "seal.typ")
    need(header["kid"] in keys, "seal.key")
    need(afford(header["kid"]), "seal.budget")
    need(proves(alg, keys[header["kid"]], signature, token.rpartition(b".")[0]), "seal.signature")
    return header["kid"], header["typ"], payload


def make_seal(typ: str, kid: str, key: bytes, message: Json) -> bytes:
    """What a node says, under its own key."""
    parts = ({"alg": "HS256", "kid": kid, "typ": typ}, message)
    signed = ".".join(b64(json.dumps(part, separators=(",", ":")).encode()) for part in parts).encode()
    return signed + b"." + b64(hmac.digest(key, signed, "sha256")).encode()
