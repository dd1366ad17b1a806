"""Names and derivations of keys. A node's key is derived, never stored: HKDF-SHA256 of the master, its id and generation."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from controller.protocol.messages import Id, Key32, Kid, Url

ROOT_KID = "root"
"""The kid of the offline root, which signs `trust` and nothing else."""

_NODE_KID = re.compile(r"([a-z0-9-]{1,36})\.([1-9][0-9]{0,8})", re.ASCII)
"""One spelling of each: no leading zeros."""


class Provision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that a new node is given over its set-up cable: who it is, its key, whom it believes, where it finds us."""

    node: Id
    generation: int
    key: Key32
    root: Key32
    broker: str
    bases: tuple[Url, ...]


def node_key(master: bytes, node: str, generation: int) -> bytes:
    """The 32-byte key of one node in one generation: HKDF(master, salt none, info "tl/1/node/ID/GENERATION")."""
    return derived(master, f"node/{node}/{generation}")


def derived(master: bytes, use: str) -> bytes:
    """32 bytes for one use: HKDF-SHA256(master, salt none, info "tl/1/USE")."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tl/1/{use}".encode()).derive(master)


def node_kid(node: str, generation: int) -> str:
    """The `kid` under which a node seals: "ID.GENERATION"."""
    return f"{node}.{generation}"


def parse_node_kid(kid: Kid) -> tuple[str, int] | None:
    """(node, generation) of a node's kid, None if it is none."""
    match = _NODE_KID.fullmatch(kid)
    return (match[1], int(match[2])) if match else None


def to_text(raw: bytes) -> str:
    """32 bytes as 43 characters of base64url, as keys are written in messages and files."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """The 32 bytes of a key as written; ValueError if it is none."""
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(raw) != 32 or to_text(raw) != text:
        raise ValueError("not a 32-byte key")
    return raw


def public_key(text: str) -> Ed25519PublicKey:
    """The Ed25519 public key as written; ValueError if it is none."""
    return Ed25519PublicKey.from_public_bytes(from_text(text))
