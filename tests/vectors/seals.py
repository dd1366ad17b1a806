"""Tokens true and false, each fault alone. Imports nothing of ours."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator

from tests.vectors.known import (
    FULL,
    GENERATION,
    KID,
    NODE,
    NODE_KEYS,
    PRIVATE,
    PUBLIC,
    SIGNERS,
    USES,
    Json,
    b64,
    by,
    dumped,
    header,
    sealed,
    unb64,
)

MAX_MESSAGE = 16_384
ORDER_OF_CURVE = 2**252 + 27742317777372353535851937790883648493  # RFC 8032 section 5.1
ORDER = dumped({name: value for name, value in FULL["tl-order"].items() if name != "live"})
RECEIPTS = dumped(FULL["tl-receipts"])


def vectors() -> list[Json]:
    return [
        *_golden(),
        *_forms("controller", "tl-order", controllers("order-2026", "tl-order", ORDER)),
        *_forms("node", "tl-receipts", nodes("tl-receipts", RECEIPTS)),
        *_headers("controller", "tl-order", "Ed25519", "order-2026", ORDER),
        *_headers("node", "tl-receipts", "HS256", KID, RECEIPTS),
        *_swaps(),
        *_signatures(),
    ]


def _seal(way: str, typ: str, name: str, token: str | bytes, verdict: str, kid: str = "", payload: bytes = b"") -> Json:
    row: Json = {"name": f"{way}, {name}", "way": way, "typ": typ, "verdict": verdict}
    row["token" if isinstance(token, str) else "token_hex"] = token if isinstance(token, str) else token.hex()
    return row | ({"kid": kid, "payload": payload.decode()} if verdict == "ok" else {})


def _golden() -> Iterator[Json]:
    for use, typ in (*USES.items(), ("root", "tl-trust"), ("live", "tl-order")):
        payload, kid = dumped(FULL[typ]), SIGNERS[use]
        yield _seal("controller", typ, f"{typ} by {use}", controllers(kid, typ, payload), "ok", kid, payload)
    for typ in ("tl-state", "tl-receipts", "tl-health", "tl-ask"):
        payload = dumped(FULL[typ])
        yield _seal("node", typ, typ, nodes(typ, payload), "ok", KID, payload)
    for kid in NODE_KEYS:
        yield _seal("node", "tl-ask", f"by {kid}", nodes("tl-ask", b"{}", kid), "ok", kid, b"{}")
    yield _seal("controller", "tl-order", "an empty payload", controllers("order-2026", "tl-order", b""), "ok", "order-2026", b"")
    for length, verdict in ((MAX_MESSAGE, "ok"), (MAX_MESSAGE + 1, "seal.size")):
        for way, typ, kid in (("controller", "tl-order", "order-2026"), ("node", "tl-receipts", KID)):
            token, payload = _of_length(length, typ, kid)
            yield _seal(way, typ, f"{length} bytes", token, verdict, kid, payload)


def _of_length(length: int, typ: str, kid: str) -> tuple[str, bytes]:
    """A true token of exactly `length` characters: white space in its header makes what its payload can't."""
    alg = "Ed25519" if kid in PRIVATE else "HS256"
    for blanks in range(4):
        head = header(alg, kid, typ)[:-1] + b" " * blanks + b"}"
        empty = len(sealed(head, b"", by(kid)))
        for size in range((length - empty) * 3 // 4 - 1, (length - empty) * 3 // 4 + 2):
            token = sealed(head, b" " * size, by(kid))
            if len(token) == length:
                return token, b" " * size
    raise AssertionError(length)


def _forms(way: str, typ: str, good: str) -> Iterator[Json]:
    head, payload, signature = good.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]  # the unused bits of its last character set
    cases: list[tuple[str, str | bytes]] = [
        ("nothing", ""),
        ("one dot", "."),
        ("two dots", ".."),
        ("three dots", "..."),
        ("a dot at the end", good + "."),
        ("a dot in front", "." + good),
        ("a fourth part", good + "." + signature),
        ("no signature part", f"{head}.{payload}"),
        ("an empty part between", f"{head}..{payload}.{signature}"),
        ("a line end at the end", good + "\n"),
        ("a line end within", f"{head}.{payload[:8]}\n{payload[8:]}.{signature}"),
        ("a blank in front of the signature", f"{head}.{payload}. {signature}"),
        ("padding at the signature", f"{head}.{payload}.{signature}" + "=" * (-len(signature) % 4)),
        ("a loose last character", f"{head}.{payload}.{loose}"),
        ("a length that no bytes have", f"{head}.{payload}.{signature}" + "A" * ((1 - len(signature)) % 4)),
        ("a character of no alphabet", f"{head}.{payload}.*{signature[1:]}"),
        ("a byte beyond ASCII", good.encode()[:-1] + b"\xc3"),
        ("a zero byte", good.encode() + b"\x00"),
        ("JWS as JSON", json.dumps({"payload": payload, "protected": head, "signature": signature})),
    ]
    for name, token in cases:
        verdict = "seal.header" if name == "two dots" else "seal.form"
        yield _seal(way, typ, name, token, verdict)
    standard = signature.replace("-", "+").replace("_", "/")
    if standard != signature:
        yield _seal(way, typ, "a signature in the other alphabet", f"{head}.{payload}.{standard}", "seal.form")


def _headers(way: str, typ: str, alg: str, kid: str, payload: bytes) -> Iterator[Json]:
    """Truly sealed tokens whose header alone is at fault (or unusual and good)."""
    exact = header(alg, kid, typ)
    inner = exact[1:-1].decode()
    good = [
        ("members in another order", f'{{"typ":"{typ}","alg":"{alg}","kid":"{kid}"}}'),
        ("white space in the header", f'{{ "alg": "{alg}",\n "kid": "{kid}", "typ": "{typ}" }}'),
    ]
    bad = [
        ("alg twice", f'{{"alg":"none",{inner}}}'),
        ("typ twice", f'{{{inner},"typ":"tl-config"}}'),
        ("kid twice, the same", f'{{{inner},"kid":"{kid}"}}'),
        ("alg twice, once escaped", f'{{"\\u0061lg":"none",{inner}}}'),
        ("kid twice, once escaped", f'{{{inner},"k\\u0069d":"root"}}'),
        ("alg escaped", f'{{"\\u0061lg":"{alg}","kid":"{kid}","typ":"{typ}"}}'),
        ("crit", f'{{{inner},"crit":["exp"],"exp":1}}'),
        ("crit, empty", f'{{{inner},"crit":[]}}'),
        ("b64 false", f'{{{inner},"b64":false,"crit":["b64"]}}'),
        ("a key of its own", f'{{{inner},"jwk":{{"kty":"OKP","crv":"Ed25519","x":"{b64(PUBLIC["root"])}"}}}}'),
        ("a place to fetch a key", f'{{{inner},"jku":"http://thief.example/keys"}}'),
        ("compressed", f'{{{inner},"zip":"DEF"}}'),
        ("an unknown member", f'{{{inner},"x":1}}'),
        ("no alg", f'{{"kid":"{kid}","typ":"{typ}"}}'),
        ("no kid", f'{{"alg":"{alg}","typ":"{typ}"}}'),
        ("no typ", f'{{"alg":"{alg}","kid":"{kid}"}}'),
        ("alg null", f'{{"alg":null,"kid":"{kid}","typ":"{typ}"}}'),
        ("kid a number", f'{{"alg":"{alg}","kid":1,"typ":"{typ}"}}'),
        ("typ a list", f'{{"alg":"{alg}","kid":"{kid}","typ":["{typ}"]}}'),
        ("kid empty", f'{{"alg":"{alg}","kid":"","typ":"{typ}"}}'),
        ("kid a path", f'{{"alg":"{alg}","kid":"../../dev/null","typ":"{typ}"}}'),
        ("kid of 65", f'{{"alg":"{alg}","kid":"{"k" * 65}","typ":"{typ}"}}'),
        ("a list", f'["{alg}","{kid}","{typ}"]'),
        ("a text", '"Ed25519"'),
        ("null", "null"),
        ("no JSON", "alg=none"),
        ("an empty object", "{}"),
        ("something after it", exact.decode() + "{}"),
        ("a byte order mark", "\ufeff" + exact.decode()),
        ("deep nesting", "[" * 290),
        ("too long", exact.decode()[:-1] + " " * 300 + "}"),
    ]
    for name, text in good:
        yield _seal(way, typ, name, sealed(text.encode(), payload, by(kid)), "ok", kid, payload)
    for name, text in bad:
        yield _seal(way, typ, f"header: {name}", sealed(text.encode(), payload, by(kid)), "seal.header")
    broken = exact.replace(kid[:1].encode(), b"\xff", 1)
    yield _seal(way, typ, "header: not UTF-8", sealed(broken, payload, by(kid)), "seal.header")


def _swaps() -> Iterator[Json]:
    """Whole and true in another place: another algorithm, type or key than is held against them."""
    good, receipts = controllers("order-2026", "tl-order", ORDER), nodes("tl-receipts", RECEIPTS)
    for alg in ("none", "None", "EdDSA", "ed25519", "HS256", "Ed448", "RS256", ""):
        token = sealed(header(alg, "order-2026", "tl-order"), ORDER, by("order-2026"))
        yield _seal("controller", "tl-order", f"alg {alg or 'empty'}", token, "seal.alg")
    bare = f"{b64(header('none', 'order-2026', 'tl-order'))}.{b64(ORDER)}."
    yield _seal("controller", "tl-order", "alg none without a signature", bare, "seal.alg")
    public = sealed(header("HS256", "order-2026", "tl-order"), ORDER, lambda s: hmac.digest(PUBLIC["order-2026"], s, "sha256"))
    yield _seal("controller", "tl-order", "a MAC with the public key as its secret", public, "seal.alg")
    for alg in ("none", "HS512", "hs256", "Ed25519", ""):
        yield _seal(
            "node", "tl-receipts", f"alg {alg or 'empty'}", sealed(header(alg, KID, "tl-receipts"), RECEIPTS, by(KID)), "seal.alg"
        )
    yield _seal("node", "tl-receipts", "a controller's order", good, "seal.alg")
    yield _seal("controller", "tl-order", "a node's receipts", receipts, "seal.alg")
    for typ in ("tl-plan", "tl-config", "tl-trust", "tl-answer", "JWT", "TL-ORDER", "application/tl-order", "tl-order ", ""):
        yield _seal("controller", "tl-order", f"typ {typ or 'empty'}", controllers("order-2026", typ, ORDER), "seal.typ")
    for typ in ("tl-state", "tl-health", "tl-ask", "tl-order", ""):
        yield _seal("node", "tl-receipts", f"typ {typ or 'empty'}", nodes(typ, RECEIPTS), "seal.typ")
    for kid in ("order-2025", "ORDER-2026", KID, "order-2026."):
        yield _seal(
            "controller",
            "tl-order",
            f"kid {kid}",
            sealed(header("Ed25519", kid, "tl-order"), ORDER, by("order-2026")),
            "seal.key",
        )
    for kid in (
        NODE,
        f"{NODE}.0",
        f"{NODE}.01",
        f"{NODE}.",
        f"{NODE}.-1",
        f"{NODE}.1.1",
        f"{NODE}.9999999999",
        f".{GENERATION}",
        "order-2026",
    ):
        yield _seal(
            "node", "tl-receipts", f"kid {kid}", sealed(header("HS256", kid, "tl-receipts"), RECEIPTS, by(KID)), "seal.key"
        )
    for kid in ("plan-2026", "root", "emergency-2026"):
        token = sealed(header("Ed25519", kid, "tl-order"), ORDER, by("order-2026"))
        yield _seal("controller", "tl-order", f"the order key's, under the name {kid}", token, "seal.signature")
    for kid in (f"{NODE}.2", "x01480-1-l2.1"):
        token = sealed(header("HS256", kid, "tl-receipts"), RECEIPTS, by(KID))
        yield _seal("node", "tl-receipts", f"one node's, under the name {kid}", token, "seal.signature")


def _signatures() -> Iterator[Json]:
    """Everything exact but the signature."""
    for way, typ, good, length in (
        ("controller", "tl-order", controllers("order-2026", "tl-order", ORDER), 64),
        ("node", "tl-receipts", nodes("tl-receipts", RECEIPTS), 32),
    ):
        signed, _, signature = good.rpartition(".")
        raw_signature = unb64(signature)
        other = ORDER.replace(b'"rank":2', b'"rank":3') if way == "controller" else RECEIPTS.replace(b"heard", b"silent")
        head = signed.split(".")[0]
        cases = [
            ("a changed payload", f"{head}.{b64(other)}.{signature}"),
            ("a payload taken out", f"{head}..{signature}"),
            ("respelt header", f"{b64(unb64(head).replace(b',', b', '))}.{signed.split('.')[1]}.{signature}"),
            ("an empty signature", f"{signed}."),
            ("a signature of zeros", f"{signed}.{b64(bytes(length))}"),
            ("a byte less", f"{signed}.{b64(raw_signature[:-1])}"),
            ("a byte more", f"{signed}.{b64(raw_signature + bytes(1))}"),
            ("half a signature", f"{signed}.{b64(raw_signature[: length // 2])}"),
        ]
        flips = [("first", 0), ("middle", length // 2), ("last", length - 1)]
        cases += [
            (
                f"a bit of the {name} byte",
                f"{signed}.{b64(bytes([*raw_signature[:at], raw_signature[at] ^ 1, *raw_signature[at + 1 :]]))}",
            )
            for name, at in flips
        ]
        if way == "controller":
            s = int.from_bytes(raw_signature[32:], "little") + ORDER_OF_CURVE
            cases.append(("S above the group's order", f"{signed}.{b64(raw_signature[:32] + s.to_bytes(32, 'little'))}"))
        for name, token in cases:
            yield _seal(way, typ, name, token, "seal.signature")


def controllers(kid: str, typ: str, payload: bytes) -> str:
    return sealed(header("Ed25519", kid, typ), payload, by(kid))


def nodes(typ: str, payload: bytes, kid: str = KID) -> str:
    return sealed(header("HS256", kid, typ), payload, by(kid))
