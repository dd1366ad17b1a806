"""Seals against joserfc, an implementation of the same standards by other people; and every tampering against its code."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

from controller.protocol import seal
from controller.protocol.codec import MAX_MESSAGE
from controller.protocol.seal import SealError, header_of, mac, open_mac, open_signed, payload_of, sign, typ_of

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key()
SECRET = bytes(range(32, 64))
PAYLOAD = b'{"a":1}'


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def their_key() -> OKPKey:
    return OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "d": b64(PRIVATE.private_bytes_raw()), "x": b64(PUBLIC.public_bytes_raw())}
    )


def code_of(call: Callable[[], object]) -> str:
    try:
        call()
    except SealError as error:
        return error.code
    return "opened"


def open_both(token: bytes) -> tuple[str, str]:
    """What each way says to a token of the types and kids used here."""
    return (
        code_of(lambda: open_signed(token, "tl-order", {"k": PUBLIC}.get)),
        code_of(lambda: open_mac(token, "tl-ask", {"n.1": SECRET}.get)),
    )


# ── joserfc beside us ────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.binary(max_size=600))
def test_joserfc_opens_what_we_seal(payload: bytes) -> None:
    signed = jws.deserialize_compact(sign("tl-order", "k", PRIVATE, payload), their_key(), ["Ed25519"])
    assert (signed.payload, signed.protected) == (payload, {"alg": "Ed25519", "kid": "k", "typ": "tl-order"})
    macked = jws.deserialize_compact(mac("tl-ask", "n.1", SECRET, payload), OctKey.import_key(SECRET), ["HS256"])
    assert (macked.payload, macked.protected) == (payload, {"alg": "HS256", "kid": "n.1", "typ": "tl-ask"})


@given(st.binary(max_size=600))
def test_we_open_what_joserfc_seals_to_the_last_byte_as_we_would(payload: bytes) -> None:
    signed = jws.serialize_compact({"alg": "Ed25519", "kid": "k", "typ": "tl-order"}, payload, their_key(), ["Ed25519"]).encode()
    assert open_signed(signed, "tl-order", {"k": PUBLIC}.get) == ("k", payload)
    assert signed == sign("tl-order", "k", PRIVATE, payload)
    macked = jws.serialize_compact({"alg": "HS256", "kid": "n.1", "typ": "tl-ask"}, payload, OctKey.import_key(SECRET), ["HS256"])
    assert open_mac(macked.encode(), "tl-ask", {"n.1": SECRET}.get) == ("n.1", payload)
    assert macked.encode() == mac("tl-ask", "n.1", SECRET, payload)


@given(st.data())
@pytest.mark.wire(12)
def test_a_token_with_one_character_changed_is_refused_by_us(data: st.DataObject) -> None:
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00\xff"
    for good in (sign("tl-order", "k", PRIVATE, PAYLOAD), mac("tl-ask", "n.1", SECRET, PAYLOAD)):
        at = data.draw(st.integers(0, len(good) - 1))
        other = data.draw(st.sampled_from(alphabet))
        bad = good[:at] + bytes([other]) + good[at + 1 :]
        if bad != good:
            assert "opened" not in open_both(bad)


@given(st.binary(max_size=300) | st.text(alphabet="AQeyJ0._-={}", max_size=300).map(str.encode))
@pytest.mark.wire(27)
def test_any_bytes_are_refused_with_a_code(token: bytes) -> None:
    assert all(code.startswith("seal.") for code in open_both(token))
    assert code_of(lambda: typ_of(token)) in {"seal.form", "seal.header"}


@given(st.data())
def test_a_true_token_that_was_cut_stretched_and_mixed_is_refused_with_a_code(data: st.DataObject) -> None:
    """Pieces of two true tokens of both ways, in any order: nothing but the two themselves opens."""
    good = [sign("tl-order", "k", PRIVATE, PAYLOAD), mac("tl-ask", "n.1", SECRET, PAYLOAD)]
    pieces = [part for token in good for part in token.split(b".")] + [b"", b".", b"..", b"=", b"AA"]
    token = b".".join(data.draw(st.lists(st.sampled_from(pieces), max_size=5)))
    at = data.draw(st.integers(0, len(token)))
    token = token[:at] + data.draw(st.binary(max_size=3)) + token[at + data.draw(st.integers(0, 3)) :]
    for way, code in enumerate(open_both(token)):
        assert code == "opened" if token == good[way] else code.startswith("seal.")


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x"]), st.none() | st.booleans() | st.text(max_size=9)
    )
)
def test_where_we_open_a_header_joserfc_opens_it_too(members: dict[str, Any]) -> None:
    header = {"alg": "Ed25519", "kid": "k", "typ": "tl-order"} | members
    head = f"{b64(json.dumps(header).encode())}.{b64(PAYLOAD)}"
    token = f"{head}.{b64(PRIVATE.sign(head.encode()))}".encode()
    if open_both(token)[0] == "opened":
        assert jws.deserialize_compact(token, their_key(), ["Ed25519"]).payload == PAYLOAD


def test_joserfc_refuses_a_changed_payload_too() -> None:
    head, _, signature = sign("tl-order", "k", PRIVATE, PAYLOAD).split(b".")
    changed = b".".join((head, b64(b'{"a":2}').encode(), signature))
    with pytest.raises(JoseError):
        jws.deserialize_compact(changed, their_key(), ["Ed25519"])
    assert open_both(changed)[0] == "seal.signature"


# ── tampering, each with its code (the full list is tests/vectors/seals.json) ────────────────────────────────────────


def with_header(raw: bytes) -> bytes:
    head = f"{b64(raw)}.{b64(PAYLOAD)}".encode()
    return head + b"." + b64(PRIVATE.sign(head)).encode()


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b'{"alg":"Ed25519","kid":"k","typ":"tl-order"}', "opened"),
        (b'{"typ" : "tl-order", "kid" : "k", "alg" : "Ed25519"}', "opened"),
        (b'{"alg":"EdDSA","kid":"k","typ":"tl-order"}', "seal.alg"),
        (b'{"alg":"none","kid":"k","typ":"tl-order"}', "seal.alg"),
        (b'{"alg":"HS256","kid":"k","typ":"tl-order"}', "seal.alg"),
        (b'{"alg":"Ed25519","kid":"k","typ":"tl-plan"}', "seal.typ"),
        (b'{"alg":"Ed25519","kid":"K","typ":"tl-order"}', "seal.key"),
        (b'{"alg":"Ed25519","kid":"k","typ":"tl-order","crit":["x"]}', "seal.header"),
        (b'{"alg":"none","alg":"Ed25519","kid":"k","typ":"tl-order"}', "seal.header"),
        (b'{"\\u0061lg":"none","alg":"Ed25519","kid":"k","typ":"tl-order"}', "seal.header"),
        (b'{"alg":"Ed25519","kid":"k"}', "seal.header"),
        (b'{"alg":"Ed25519","kid":"k\\n","typ":"tl-order"}', "seal.header"),
        (b"[" * 299, "seal.header"),
        (b" " * 301 + b'{"alg":"Ed25519","kid":"k","typ":"tl-order"}', "seal.header"),
    ],
)
@pytest.mark.wire(10)
def test_a_header_is_exactly_its_three_members(header: bytes, code: str) -> None:
    assert open_both(with_header(header))[0] == code


@pytest.mark.wire(9)
def test_a_seal_has_one_spelling() -> None:
    for good, way in ((sign("tl-order", "k", PRIVATE, PAYLOAD), 0), (mac("tl-ask", "n.1", SECRET, PAYLOAD), 1)):
        assert open_both(good)[way] == "opened"
        last = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        loose = good[:-1] + last[last.index(good[-1:]) + 1 :][:1]
        for other in (good + b"=" * (-len(good.rpartition(b".")[2]) % 4), loose, good + b"\n", good + b".", b" " + good):
            assert open_both(other)[way] in {"seal.form", "seal.header"}


@pytest.mark.wire(9)
def test_the_other_base64_alphabet_is_refused() -> None:
    payload = next(bytes([number]) * 3 for number in range(256) if {"-", "_"} & set(b64(bytes([number]) * 3)))
    head, body, signature = sign("tl-order", "k", PRIVATE, payload).split(b".")
    other = b".".join((head, body.replace(b"-", b"+").replace(b"_", b"/"), signature))
    assert open_both(other)[0] == "seal.form"


@pytest.mark.wire(2)
def test_size_is_judged_before_anything_is_read() -> None:
    assert open_both(b"." * (MAX_MESSAGE + 1)) == ("seal.size", "seal.size")
    assert open_both(b"." * MAX_MESSAGE) == ("seal.form", "seal.form")


@pytest.mark.wire(11)
def test_a_public_key_is_no_secret_and_a_secret_no_public_key() -> None:
    public_as_secret = mac("tl-order", "k", PUBLIC.public_bytes_raw(), PAYLOAD)
    assert open_both(public_as_secret)[0] == "seal.alg"
    signed_as_node = sign("tl-ask", "n.1", PRIVATE, PAYLOAD)
    assert open_both(signed_as_node)[1] == "seal.alg"


def test_another_key_under_a_known_name_is_refused() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert open_both(sign("tl-order", "k", stranger, PAYLOAD))[0] == "seal.signature"
    assert open_both(mac("tl-ask", "n.1", bytes(32), PAYLOAD))[1] == "seal.signature"


@pytest.mark.wire(11, 12)
def test_the_keys_are_asked_for_only_after_algorithm_and_type_are_right() -> None:
    asked: list[str] = []
    code_of(lambda: open_signed(sign("tl-plan", "k", PRIVATE, PAYLOAD), "tl-order", asked.append))
    assert asked == []


# ── headers that were seen ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.wire(12, 15)
def test_only_headers_under_a_true_seal_are_remembered() -> None:
    seal._seen.clear()
    open_both(sign("tl-order", "stranger", PRIVATE, PAYLOAD))
    open_both(sign("tl-order", "k", PRIVATE, PAYLOAD)[:-4] + b"AAAA")
    typ_of(sign("tl-order", "other", PRIVATE, PAYLOAD))
    assert not seal._seen
    open_both(sign("tl-order", "k", PRIVATE, PAYLOAD))
    assert [header.kid for header in seal._seen.values()] == ["k"]


def test_the_table_of_headers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    seal._seen.clear()
    monkeypatch.setattr(seal, "_HEADERS_KEPT", 3)
    for number in range(10):
        open_mac(mac("tl-ask", f"n.{number}", SECRET, PAYLOAD), "tl-ask", lambda _: SECRET)
        assert len(seal._seen) <= 3


def test_a_claimed_header_is_read_without_belief() -> None:
    token = sign("tl-order", "k", PRIVATE, PAYLOAD)[:-9]
    assert typ_of(token) == "tl-order"
    assert (header_of(token).alg, header_of(token).kid) == ("Ed25519", "k")
    assert code_of(lambda: header_of(b"x" * 256_000)) == "seal.header"


def test_what_is_inside_is_read_without_belief() -> None:
    assert payload_of(sign("tl-order", "k", PRIVATE, PAYLOAD)) == PAYLOAD
    assert code_of(lambda: payload_of(b"none")) == "seal.form"
