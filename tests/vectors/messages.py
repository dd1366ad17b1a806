"""Messages good and bad, field by field, from the tables of docs/wire.md. Imports nothing of ours."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from tests.vectors.known import FULL, NOW, Json
from tests.vectors.tables import ABSENT, MESSAGES, REQUIRED, WIRE, Field, read

TABLES, PATTERNS = read(WIRE.read_text())


def least(typ: str) -> Json:
    """The same message with required members only (an order that asks for no sound)."""
    names = {field.name for field in TABLES[typ] if field.default == REQUIRED}
    message = {name: value for name, value in FULL[typ].items() if name in names}
    return message | {"kind": "test"} if typ == "tl-order" else message


def verdict_of_rules(typ: str, message: Json) -> str:
    """What the document's rules say of a message whose fields are within their limits."""
    checks: list[tuple[str, bool]] = []
    if typ == "tl-order":
        has = {name: message.get(name) or 0 for name in ("sha256", "size", "duration", "live")}
        urgent = message.get("class") == "emergency"
        checks = [
            ("expires-before-issued", message["exp"] < message["iat"]),
            ("play-needs-a-clip", message["kind"] == "play" and not (has["sha256"] and has["size"] and has["duration"])),
            ("live-needs-a-session", message["kind"] == "live" and not (has["live"] and has["duration"])),
            ("emergency-lives-too-long", urgent and message["exp"] - message["iat"] > 900_000),
            ("emergency-sounds-too-long", urgent and has["duration"] > 600_000),
        ]
    if typ == "plan-body":
        airings = [item["airing"] for item in message["items"]]
        checks = [
            ("plan-carries-an-emergency", any(item["class"] == "emergency" for item in message["items"])),
            ("plan-names-an-airing-twice", len(set(airings)) < len(airings)),
        ]
    if typ == "tl-receipts":
        seqs = [message["from"] - 1, *(item["seq"] for item in message["items"])]
        checks = [("receipts-out-of-order", any(a >= b for a, b in pairwise(seqs)))]
    return next((f"rule.{name}" for name, broken in checks if broken), "ok")


SAMPLES: dict[str, tuple[str, ...]] = {
    "id": ("a", "a" * 36, "0-9", "a" * 37, "A", "a_b", "a/b", "+", "#", "ă", "a.b"),
    "kid": ("a", "A.z_0-9", "k" * 64, "k" * 65, "a b", "a/b", "é"),
    "sha256": ("0" * 64, "0" * 63, "0" * 65, "A" * 64, "g" * 64),
    "life": ("f" * 16, "f" * 15, "f" * 17, "F" * 16),
    "nonce": ("0" * 16, "0" * 32, "0" * 15, "0" * 33, "0x" + "0" * 16),
    "key": ("A" * 43, "-_" * 21 + "A", "A" * 42, "A" * 44, "A" * 42 + "=", "+" * 43),
    "language": ("vi", "tyz", "hmn-Latn-VN", "v", "VI", "vi-", "vi_VN", "vi-x", "viet"),
    "why": ("a.b-9", "w" * 40, "w" * 41, "Late", "a b", "<b>"),
    "url": (
        "http://a",
        "https://a.example:8443/clips",
        "http://" + "a" * 200,
        "http://" + "a" * 201,
        "ftp://a",
        "http://",
        "http://a b",
        "HTTP://a",
        "file:///etc/passwd",
        "//a",
    ),
}


def variants(field: Field) -> Iterator[tuple[str, Any, bool]]:
    """(name, value, is it within the field's limits) for one field, its wrong types included."""
    if field.default != REQUIRED:
        yield "null", None, field.default == ABSENT
    else:
        yield "null", None, False
    if field.kind == "integer":
        assert field.low is not None
        assert field.high is not None
        yield from [("low", field.low, True), ("high", field.high, True), ("below", field.low - 1, False)]
        yield from [("above", field.high + 1, False), ("huge", 10**40, False), ("text", str(field.low), False)]
        yield from [("fraction", field.high - 0.5, False), ("float", float(field.low), False), ("true", True, False)]
    elif field.kind == "boolean":
        yield from [("true", True, True), ("false", False, True), ("one", 1, False), ("text", "true", False)]
    elif field.kind == "one of":
        yield from [(word, word, True) for word in field.words]
        yield from [
            ("empty", "", False),
            ("upper", field.words[0].upper(), False),
            ("strange", "boom", False),
            ("number", 1, False),
        ]
    elif field.kind == "object":
        yield from [("list", [], False), ("text", "{}", False), ("number", 1, False)]
    elif field.kind == "list":
        yield from [("object", {}, False), ("text", "", False), ("of null", [None], False)]
    else:
        pattern = re.compile(PATTERNS[field.kind], re.ASCII)
        samples = ("", *SAMPLES[field.kind], *(sample + "\n" for sample in SAMPLES[field.kind][:1]))
        yield from [
            (f"{len(sample)} of {sample[:12]!r} to {sample[-1:]!r}", sample, bool(pattern.fullmatch(sample)))
            for sample in samples
        ]
        yield from [("number", 1, False), ("list", [SAMPLES[field.kind][0]], False)]


def sized(field: Field, members: list[Any]) -> Iterator[tuple[str, list[Any], bool]]:
    """The list at and beyond its numbers of members (a plan's 2,000 items are left to unit tests: half a megabyte)."""
    assert field.low is not None
    assert field.high is not None
    if field.high > 100:
        return
    counts = {field.low - 1: False, field.low: True, field.high: True, field.high + 1: False}
    for count, fits in counts.items():
        if count >= 0:
            yield f"{count} members", [_numbered(members[0], index) for index in range(count)], fits


def _numbered(member: Any, index: int) -> Any:
    return member | {"seq": member["seq"] + index} if isinstance(member, dict) and "seq" in member else member


def spoilt(
    typ: str, fields: tuple[Field, ...], whole: Json, put: Callable[[Json], Json], where: str
) -> Iterator[tuple[str, Json, bool]]:
    """Every field of an object `whole`, changed in each way; `put` makes a message of the changed object."""
    for field in fields:
        name = f"{where}{field.name}"
        if field.default == REQUIRED:
            yield f"{name}: missing", put({key: value for key, value in whole.items() if key != field.name}), False
        changes = list(variants(field))
        if field.kind == "list":
            changes.extend(sized(field, whole[field.name]))
        for what, value, fits in changes:
            yield f"{name}: {what}", put(whole | {field.name: value}), fits
        yield from _inside(typ, field, whole, put, name)


def _inside(typ: str, field: Field, whole: Json, put: Callable[[Json], Json], name: str) -> Iterator[tuple[str, Json, bool]]:
    if field.kind == "object":
        deeper = whole | {field.name: _whole(typ, field.table, whole[field.name])}
        yield from spoilt(
            typ, TABLES[field.table], deeper[field.name], lambda inner: put(whole | {field.name: inner}), f"{name}."
        )
    elif field.item is not None and field.item.kind == "object":
        first = whole[field.name][0]
        yield from spoilt(typ, TABLES[field.item.table], first, lambda inner: put(whole | {field.name: [inner]}), f"{name}[0].")
    elif field.item is not None:
        for what, value, fits in variants(field.item):
            yield f"{name}[0]: {what}", put(whole | {field.name: [value]}), fits


def _whole(typ: str, table: str, value: Json) -> Json:
    """The nested object; an error if the example above leaves out a member of it."""
    missing = {field.name for field in TABLES[table]} - value.keys()
    assert not missing, (typ, table, missing)
    return value


def vectors() -> list[Json]:
    rows: list[Json] = []
    for typ in MESSAGES:
        assert {field.name for field in TABLES[typ]} == FULL[typ].keys(), typ
        small = least(typ)
        rows += [_row(f"{typ}, whole", typ, FULL[typ]), _row(f"{typ}, least", typ, small)]
        rows.append(_row(f"{typ}, with a member of a later version", typ, small | {"later": {"a": [1, 2.5, None]}}))
        for name, message, fits in spoilt(typ, TABLES[typ], small | _tops(typ), lambda whole: whole, ""):
            top = re.split(r"[.\[:]", name)[0]
            needed = {*small, top}
            message = {key: value for key, value in message.items() if key in needed}
            rows.append(_row(f"{typ}, {name}", typ, message, None if fits else "malformed"))
    return [*rows, *ruled(), *raw()]


def _tops(typ: str) -> Json:
    full = copy.deepcopy(FULL[typ])
    return {name: value for name, value in full.items() if name != "kind"}


def _row(name: str, typ: str, message: Json, verdict: str | None = None) -> Json:
    payload = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return {"name": name, "typ": typ, "payload": payload, "verdict": verdict or verdict_of_rules(typ, message)}


def ruled() -> Iterator[Json]:
    """Messages whose fields are all within limits and which a rule forbids or just allows."""
    order, body, receipts = FULL["tl-order"], FULL["plan-body"], FULL["tl-receipts"]
    urgent = order | {"class": "emergency"}
    item, receipt = body["items"][0], receipts["items"][0]
    cases: list[tuple[str, str, Json]] = [
        ("that expires as it is issued", "tl-order", order | {"exp": NOW}),
        ("that expires before it is issued", "tl-order", order | {"exp": NOW - 1}),
        ("to play without a clip", "tl-order", order | {"sha256": None}),
        ("to play nothing", "tl-order", order | {"size": 0}),
        ("to play for no time", "tl-order", order | {"duration": 0}),
        ("to go live", "tl-order", order | {"kind": "live"}),
        ("to go live without a session", "tl-order", order | {"kind": "live", "live": None}),
        ("to go live for no time", "tl-order", order | {"kind": "live", "duration": 0}),
        ("to stop", "tl-order", least("tl-order") | {"kind": "stop"}),
        ("of an emergency, as long as it may live", "tl-order", urgent | {"exp": NOW + 900_000}),
        ("of an emergency, longer than it may live", "tl-order", urgent | {"exp": NOW + 900_001}),
        ("of an emergency, as long as it may sound", "tl-order", urgent | {"duration": 600_000}),
        ("of an emergency, longer than it may sound", "tl-order", urgent | {"duration": 600_001}),
        ("that is empty", "plan-body", body | {"items": []}),
        ("with two airings", "plan-body", body | {"items": [item, item | {"airing": "air-2"}]}),
        ("with an airing twice", "plan-body", body | {"items": [item, item | {"rev": 2}]}),
        ("with an emergency", "plan-body", body | {"items": [item | {"class": "emergency"}]}),
        ("of which the first is the oldest held", "tl-receipts", receipts | {"from": 41}),
        ("of which the first was covered", "tl-receipts", receipts | {"from": 42}),
        ("with a gap", "tl-receipts", receipts | {"items": [receipt, receipt | {"seq": 43}]}),
        ("with a number twice", "tl-receipts", receipts | {"items": [receipt, receipt]}),
        ("in falling order", "tl-receipts", receipts | {"items": [receipt | {"seq": 43}, receipt]}),
    ]
    for name, typ, message in cases:
        yield _row(f"{typ} {name}", typ, message)


def raw() -> Iterator[Json]:
    """Bytes that are no such JSON object. `total`: a message or a refusal, as the decoder likes, but nothing else."""
    good = json.dumps(least("tl-ask"), separators=(",", ":"))
    inside = good[1:-1]
    cases: list[tuple[str, str | bytes, str]] = [
        ("white space around", f" \r\n\t{good}\n", "ok"),
        ("members in another order", json.dumps(dict(reversed(least("tl-ask").items()))), "ok"),
        ("nothing", "", "malformed"),
        ("null", "null", "malformed"),
        ("a list of it", f"[{good}]", "malformed"),
        ("a text of it", json.dumps(good), "malformed"),
        ("an empty object", "{}", "malformed"),
        ("cut off", good[:-1], "malformed"),
        ("twice", good + good, "malformed"),
        ("a byte after it", good + "\x00", "malformed"),
        ("a byte order mark", "\ufeff" + good, "malformed"),
        ("UTF-16", good.encode("utf-16-le"), "malformed"),
        ("a bad byte in a field", good.encode().replace(b"x01480", b"\xff01480", 1), "malformed"),
        ("a half surrogate in a field", good.replace("x01480", "\\ud800", 1), "malformed"),
        ("a zero in a field", good.replace("x01480", "\\u0000", 1), "malformed"),
        ("a comment", good.replace("{", "{/**/", 1), "malformed"),
        ("a comma too many", "{" + inside + ",}", "malformed"),
        ("NaN", "{" + inside + ',"later":NaN}', "malformed"),
        ("single quotes", good.replace('"', "'"), "malformed"),
        ("a number with a leading zero", good.replace('"u":12', '"u":012'), "malformed"),
        ("a number with a plus", good.replace('"u":12', '"u":+12'), "malformed"),
        ("a number with an exponent", good.replace('"u":12', '"u":12e0'), "malformed"),
        ("hexadecimal", good.replace('"u":12', '"u":0x12'), "malformed"),
        ("a number of 5,000 digits", good.replace('"u":12', '"u":' + "9" * 5_000), "malformed"),
        ("an exponent beyond all", good.replace('"u":12', '"u":1e99999'), "malformed"),
        ("an escaped name", good.replace('"u":12', '"\\u0075":12'), "ok"),
        ("a member twice", "{" + inside + ',"u":13}', "total"),
        ("7,000 lists deep", "{" + inside + ',"later":' + "[" * 7_000 + "]" * 7_000 + "}", "total"),
        ("7,000 lists open", "{" + inside + ',"later":' + "[" * 7_000, "malformed"),
        ("a bad byte where nobody looks", good.encode()[:-1] + b',"later":"\xff"}', "total"),
        ("minus zero", good.replace('"u":12', '"u":-0'), "total"),
    ]
    for name, data, verdict in cases:
        row: Json = {"name": f"tl-ask, {name}", "typ": "tl-ask", "verdict": verdict}
        row["payload" if isinstance(data, str) else "payload_hex"] = data if isinstance(data, str) else data.hex()
        yield row
