"""Who the kit is to the node under test: a seed from which its root and its master come, and the files that say so.

`FILE` is what the vendor sets the node up with, as `tienglang nodes provision --json` prints it. `FILE.kit` is the kit's own:
whoever holds it can make this node speak.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from controller.protocol.address import parse_broker
from controller.protocol.keys import Provision, from_text, node_key, to_text
from controller.protocol.messages import Id, Key32

ROOT, COMMUNE, VILLAGE, OTHER_VILLAGE = "kit", "kit-x", "kit-x-a", "kit-x-b"
PATH = (ROOT, COMMUNE, VILLAGE)
"""Where the node stands, unless a check moves it."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The kit's own record: its seed, the node it tries, and where both meet."""

    seed: Key32
    node: Id
    generation: int
    broker: str
    listen: str

    def derived(self, what: str) -> bytes:
        """32 bytes for one purpose."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"conform/{what}".encode()).derive(from_text(self.seed))

    @property
    def root(self) -> Ed25519PrivateKey:
        """The root that the node is pinned to."""
        return Ed25519PrivateKey.from_private_bytes(self.derived("root"))

    @property
    def node_key(self) -> bytes:
        """The node's key, in the generation that it was set up with."""
        return node_key(self.derived("master"), self.node, self.generation)

    @property
    def base(self) -> str:
        """Where the kit serves files."""
        return f"http://{self.listen}/files"

    def provision(self) -> Provision:
        """What the node is set up with."""
        return Provision(
            node=self.node,
            generation=self.generation,
            key=to_text(self.node_key),
            root=to_text(self.root.public_key().public_bytes_raw()),
            broker=self.broker,
            bases=(self.base,),
        )


def new(node: str, broker: str, listen: str) -> Identity:
    """A fresh identity for a node of this id; ValueError if an argument is wrong."""
    parse_broker(broker)
    address_of(listen)
    made = Identity(seed=to_text(secrets.token_bytes(32)), node=node, generation=1, broker=broker, listen=listen)
    return msgspec.convert(msgspec.to_builtins(made), Identity)  # checks the id


def write(path: Path, identity: Identity) -> None:
    """Write both files; OSError."""
    path.write_bytes(msgspec.json.encode([identity.provision()]) + b"\n")
    own = _own(path)
    own.touch(mode=0o600)
    os.chmod(own, 0o600)
    own.write_bytes(msgspec.json.encode(identity) + b"\n")


def read(path: Path, broker: str | None, listen: str | None, node: str | None) -> Identity:
    """The identity beside a provision, with these instead of what it was made with; OSError, ValueError."""
    identity = msgspec.json.decode(_own(path).read_bytes(), type=Identity)
    if node is not None and node != identity.node:
        raise ValueError(f"{path} is for the node {identity.node}")
    return msgspec.structs.replace(identity, broker=broker or identity.broker, listen=listen or identity.listen)


def address_of(listen: str) -> tuple[str, int]:
    """(host, port) of "HOST:PORT"; ValueError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f"no HOST:PORT: {listen!r}")
    return host, int(port)


def _own(path: Path) -> Path:
    return path.with_name(path.name + ".kit")
