"""Keys: derived as RFC 5869 says, named and written in one way only."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.protocol.keys import from_text, node_key, node_kid, parse_node_kid, public_key, to_text


def hkdf(master: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 with hmac alone: 32 zeros for no salt, one block of output."""
    return hmac.digest(hmac.digest(bytes(32), master, "sha256"), info + b"\x01", "sha256")


def test_this_test_derives_as_rfc_5869_does() -> None:
    # Appendix A.3: SHA-256, no salt, no info; the first 32 of its 42 bytes.
    assert hkdf(b"\x0b" * 22, b"").hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"


@given(st.binary(min_size=32, max_size=32), st.from_regex(r"[a-z0-9-]{1,36}", fullmatch=True), st.integers(1, 999_999_999))
def test_a_nodes_key_is_hkdf_of_the_master(master: bytes, node: str, generation: int) -> None:
    assert node_key(master, node, generation) == hkdf(master, f"tl/1/node/{node}/{generation}".encode())
    assert parse_node_kid(node_kid(node, generation)) == (node, generation)


def test_another_node_generation_or_master_is_another_key() -> None:
    keys = {node_key(bytes(32), "a", 1), node_key(bytes(32), "a", 2), node_key(bytes(32), "b", 1), node_key(b"1" * 32, "a", 1)}
    assert len(keys) == 4


@pytest.mark.parametrize(
    "kid",
    [
        "",
        "a",
        "a.",
        ".1",
        "a.0",
        "a.01",
        "a.-1",
        "a.+1",
        "a.1 ",
        "a.1\n",
        "a.1.1",
        "A.1",
        "a.1e3",
        "a.1000000000",
        "a.٣",
        "a b.1",
        "a" * 37 + ".1",
    ],
)
def test_what_is_no_nodes_kid_is_none(kid: str) -> None:
    assert parse_node_kid(kid) is None


@given(st.text(max_size=20))
def test_any_text_is_a_kid_or_none_and_has_one_spelling(kid: str) -> None:
    parsed = parse_node_kid(kid)
    assert parsed is None or node_kid(*parsed) == kid


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_43_characters_and_comes_back(raw: bytes) -> None:
    assert len(to_text(raw)) == 43
    assert from_text(to_text(raw)) == raw


@pytest.mark.parametrize(
    "text", ["", "A" * 42, "A" * 44, "A" * 43 + "=", "A" * 42 + "B", "+" * 43, "A" * 42 + "\n", "é" * 43, "A" * 42 + " "]
)
def test_what_is_no_key_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        from_text(text)
    with pytest.raises(ValueError):
        public_key(text)
