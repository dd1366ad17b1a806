"""What goes over the wire, from docs/wire.md and what it says to machines (docs/asyncapi.json): messages, seals, files."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, suppress
from copy import deepcopy
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

Json = dict[str, Any]
CONTRACT = json.loads((Path(__file__).parents[2] / "docs" / "asyncapi.json").read_text())
RULES: list[tuple[str, str, Callable[[Json], bool]]] = [  # what a schema can't say
    ("tl-order", "expires-before-issued", lambda it: it["exp"] >= it["iat"]),
    ("tl-order", "play-needs-a-clip", lambda it: it["kind"] != "play" or bool(it["sha256"] and it["size"] and it["duration"])),
    ("tl-order", "live-needs-a-session", lambda it: it["kind"] != "live" or bool(it["live"] and it["duration"])),
    ("tl-order", "emergency-lives-too-long", lambda it: it["class"] != "emergency" or it["exp"] - it["iat"] <= 900_000),
    ("tl-order", "emergency-sounds-too-long", lambda it: it["class"] != "emergency" or it["duration"] <= 600_000),
    ("plan-body", "plan-carries-an-emergency", lambda it: all(item["class"] != "emergency" for item in it["items"])),
    ("plan-body", "plan-names-an-airing-twice", lambda it: len({item["airing"] for item in it["items"]}) == len(it["items"])),
    ("tl-receipts", "receipts-out-of-order", lambda it: rise([it["from"] - 1, *(item["seq"] for item in it["items"])])),
]


class Wrong(Exception):
    """Refused; its text is the document's code."""


def need(true: bool, code: str = "malformed") -> None:
    if not true:
        raise Wrong(code)


def rise(numbers: list[int]) -> bool:
    return all(low < high for low, high in pairwise(numbers))


def whole_text(_validator: Any, pattern: str, value: Any, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(value, str) and not re.fullmatch(pattern, value):  # Python's `$` would let a line end pass
        yield ValidationError(pattern)


def members(validator: Any, properties: Json, value: Any, schema: Json) -> Iterator[ValidationError]:
    """Defaults are filled in (None is absent); what is in no table goes [WIRE-25]."""
    if isinstance(value, dict):
        for name in value.keys() - properties.keys():
            del value[name]
        for name in properties.keys() - {*schema["required"]}:
            value.setdefault(name, deepcopy(properties[name].get("default")))
        yield from Draft202012Validator.VALIDATORS["properties"](validator, properties, value, schema)


SCHEMA = extend(Draft202012Validator, {"pattern": whole_text, "properties": members})


def decode(typ: str, payload: bytes) -> Json:
    """A whole message, or Wrong, whatever the bytes are [WIRE-26, 27]. A number with a point or an exponent is of no type."""
    try:
        message: Json = json.loads(payload.decode(), parse_float=lambda _: ..., parse_constant=lambda _: need(False))
    except (ValueError, RecursionError):
        raise Wrong("malformed") from None
    need(SCHEMA(CONTRACT | {"$ref": f"#/components/schemas/{typ}"}).is_valid(message))
    for of, code, holds in RULES:
        need(of != typ or holds(message), f"rule.{code}")
    return message


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(letters: str) -> bytes:  # [WIRE-9]
    need(re.fullmatch("[A-Za-z0-9_-]*", letters) is not None and len(letters) % 4 != 1, "seal.form")
    data = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    need(b64(data) == letters, "seal.form")
    return data


def read_header(letters: str) -> dict[str, str]:
    """[WIRE-10] Read as a tuple of pairs: so a member said twice shows, and a list is no object."""
    try:
        written = unb64(letters).decode()
        pairs = json.loads(written, object_pairs_hook=tuple)
        need(isinstance(pairs, tuple) and len(letters) <= 400 and "\\" not in written)
        need(sorted(name for name, _ in pairs) == ["alg", "kid", "typ"] and all(isinstance(value, str) for _, value in pairs))
        need(re.fullmatch("[A-Za-z0-9._-]{1,64}", dict(pairs)["kid"]) is not None)
    except (ValueError, RecursionError, Wrong):
        raise Wrong("seal.header") from None
    return dict(pairs)


def open_seal(
    token: bytes, alg: str, typs: Collection[str], keys: Mapping[str, bytes], afford: Callable[[str], bool]
) -> tuple[str, str, bytes]:
    """(kid, typ, payload) of a true seal, or Wrong, in §3's order [WIRE-11, 12]; `afford` is asked before the one costly step."""
    need(len(token) <= 16_384, "seal.size")
    parts = token.decode("latin-1").split(".")
    need(len(parts) == 3, "seal.form")
    header, payload, signature = read_header(parts[0]), unb64(parts[1]), unb64(parts[2])
    need(header["alg"] == alg, "seal.alg")
    need(header["typ"] in typs, "seal.typ")
    need(header["kid"] in keys, "seal.key")
    need(afford(header["kid"]), "seal.budget")
    key, signed = keys[header["kid"]], token.rpartition(b".")[0]
    try:
        if alg == "Ed25519":
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
        need(alg == "Ed25519" or hmac.compare_digest(hmac.digest(key, signed, "sha256"), signature), "seal.signature")
    except (InvalidSignature, ValueError):
        raise Wrong("seal.signature") from None
    return header["kid"], header["typ"], payload


def make_seal(typ: str, kid: str, key: bytes, message: Json) -> bytes:
    parts = ({"alg": "HS256", "kid": kid, "typ": typ}, message)
    signed = ".".join(b64(json.dumps(part, separators=(",", ":")).encode()) for part in parts).encode()
    return signed + b"." + b64(hmac.digest(key, signed, "sha256")).encode()


def keep(file: Path, data: bytes) -> None:
    """On disk whole, or not at all: write beside, sync, rename."""
    beside = file.with_suffix(".part")
    with beside.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(beside, file)
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def fetch(bases: Collection[str], sha256: str, size: int, file: Path) -> str:
    """Fetch a file into its place; "" or why not [WIRE-39..43]. http.client follows no redirect."""
    why = "link"
    for base in bases:
        with suppress(OSError, HTTPException, ValueError):
            why, url = "link", urlsplit(f"{base}/{sha256}")
            with closing((HTTPSConnection if url.scheme == "https" else HTTPConnection)(url.netloc, timeout=10)) as link:
                link.request("GET", url.path)
                reply = link.getresponse()
                data = reply.read(size + 1)
            why = "status" if reply.status != 200 else "size" if len(data) != size else "hash"
            if why == "hash" and hashlib.sha256(data).hexdigest() == sha256:
                why = "disk"
                keep(file, data)
                return ""
    return why
