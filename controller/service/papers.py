"""The documents a node is held to: the trust that the root sealed, and its own config. Made when first needed, newest only."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from controller.domain.node import Node
from controller.protocol import topics
from controller.protocol.codec import decode
from controller.protocol.messages import Ceiling, Config, Held, Policy, Use
from controller.protocol.seal import payload_of
from controller.service.binding import bindings, for_node
from controller.service.keyring import EVERYBODY, Keyring
from controller.service.letters import letter
from controller.service.ports import Document, Transaction
from controller.service.versions import believable, next_version

VALID_MS = 10 * 366 * 86_400_000
"""A config holds until a newer one: a node on a pole may be cut off for long, and silence is not what that should cost."""

Living = Mapping[str, tuple[Node, tuple[str, ...]]]


class Papers:
    """Writes configs, within the caller's commit."""

    def __init__(self, *, keyring: Keyring, bases: tuple[str, ...]) -> None:
        self._keyring = keyring
        self._bases = bases

    def trust(self) -> Document:
        """The trust document as the root sealed it; the same for every node."""
        held = self._keyring.held
        return Document(kind="trust", subject=EVERYBODY, version=held.trust_version, sealed=held.trust, body=None, valid_ms=0)

    def configs(self, tx: Transaction, living: Living, reported: Mapping[str, int], now_ms: int) -> dict[str, Document]:
        """Each node's config; made for those that have none, or whose node holds a newer one (a restored database)."""
        known = tx.documents.get("config", living.keys())
        reported = {node: believable(version, now_ms) for node, version in reported.items()}
        stale = {
            node: place for node, place in living.items() if node not in known or known[node].version < reported.get(node, 0)
        }
        if stale:
            made = self._write(tx, stale, known, reported, now_ms)
            tx.documents.set(list(made.values()))
            known.update(made)
        return known

    def names_our_bases(self, config: Document) -> bool:
        """Does this config say where files are fetched today? In whichever order: each of two controllers names itself first."""
        return set(decode(Config, payload_of(config.sealed)).bases) == set(self._bases)

    def renew(self, tx: Transaction, living: Living, now_ms: int) -> None:
        """Write these nodes' configs anew, with a letter each: something in them changed."""
        known = tx.documents.get("config", living.keys())
        made = self._write(tx, living, known, {}, now_ms)
        tx.documents.set(list(made.values()))
        tx.outbox.supersede("config", made.keys())
        tx.outbox.add(
            letter(topics.inbox(node), "config", node, living[node][0].village, each.sealed, now_ms, each.valid_ms)
            for node, each in made.items()
        )

    def _write(
        self, tx: Transaction, living: Living, known: Mapping[str, Document], reported: Mapping[str, int], now_ms: int
    ) -> dict[str, Document]:
        places = _places(tx, {path for _, path in living.values()})
        made: dict[str, Document] = {}
        for node, (row, path) in living.items():
            version = next_version(known[node].version if node in known else 0, now_ms, reported.get(node, 0))
            config = Config(
                iss=self._keyring.issuer,
                aud=node,
                iat=now_ms,
                exp=now_ms + VALID_MS,
                version=version,
                path=path,
                since=row.since_ms,
                policy=places[path].policy,
                ceilings=places[path].ceilings,
                hold=places[path].hold,
                bases=self._bases,
            )
            sealed = self._keyring.sign(Use.CONFIG, config)
            made[node] = Document(kind="config", subject=node, version=version, sealed=sealed, body=None, valid_ms=config.exp)
        return made


class _Place(Struct, frozen=True, kw_only=True):
    """What every node with the same path is told."""

    policy: Policy
    ceilings: tuple[Ceiling, ...]
    hold: tuple[Held, ...]


def _places(tx: Transaction, paths: Collection[tuple[str, ...]]) -> dict[tuple[str, ...], _Place]:
    limits = bindings(paths, tx.policies.all())
    places: dict[tuple[str, ...], _Place] = {}
    for path in paths:
        policy, ceilings = for_node(limits[path])
        hold = tuple(Held(sha256=sha256, size=size) for sha256, size in tx.bulletins.held(path))
        places[path] = _Place(policy=policy, ceilings=ceilings, hold=hold)
    return places


def bases_of(*base_urls: str | None) -> tuple[str, ...]:
    """Where nodes fetch files by hash, in the order to try: our own HTTP face, and the second controller's."""
    return tuple(url.rstrip("/") + "/clips" for url in base_urls if url is not None)
