"""All that the node under test has said, in the order of its arrival, and what can be read from it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from controller.protocol.messages import Ask, FromNode, Health, NodeState, Receipt, Receipts, ReceiptState

T = TypeVar("T", bound=FromNode)

ENDS = frozenset(ReceiptState) - {ReceiptState.ACCEPTED, ReceiptState.CACHED, ReceiptState.STARTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message of the node: when it came (UTC by the kit's clock, ms), opened, and its bytes."""

    at_ms: int
    message: FromNode
    raw: bytes


class Journal:
    """What was heard. `strange` are messages on the node's topics that could not be opened: (topic, code).
    `changed` are receipts said again in other words: (before, now)."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.strange: list[tuple[str, str]] = []
        self.changed: list[tuple[Receipt, Receipt]] = []
        self._receipts: dict[tuple[str, int], Receipt] = {}

    def note(self, heard: Heard) -> list[Receipt]:
        """Write one down; the receipts in it that are new."""
        self.heard.append(heard)
        if not isinstance(heard.message, Receipts):
            return []
        life = heard.message.life
        known = [(self._receipts.get((life, receipt.seq)), receipt) for receipt in heard.message.items]
        self.changed += [(old, new) for old, new in known if old is not None and old != new]
        fresh = [receipt for receipt in heard.message.items if (life, receipt.seq) not in self._receipts]
        self._receipts |= {(life, receipt.seq): receipt for receipt in fresh}
        return fresh

    def of(self, kind: type[T], since: int = 0) -> list[tuple[int, T]]:
        """(when, message) of one kind, from number `since` of `heard` on."""
        return [(one.at_ms, one.message) for one in self.heard[since:] if isinstance(one.message, kind)]

    def words(self, airing: str) -> list[Receipt]:
        """The different receipts about an airing, by life and number."""
        return [receipt for _, receipt in sorted(self._receipts.items()) if receipt.airing == airing]

    def find(self, airing: str, *states: ReceiptState) -> Receipt | None:
        """The first receipt about an airing with one of these states."""
        return next((receipt for receipt in self.words(airing) if receipt.state in states), None)

    def end(self, airing: str) -> Receipt | None:
        """The last word about an airing, if it is an end."""
        ends = [receipt for receipt in self.words(airing) if receipt.state in ENDS]
        return ends[-1] if ends else None

    def upto(self, life: str, below: int) -> int:
        """The highest number up to which this life's receipts came without a gap, counting all under `below` as had."""
        number = below - 1
        while (life, number + 1) in self._receipts:
            number += 1
        return number

    def seqs(self) -> Iterator[tuple[str, int]]:
        """(life, seq) of every receipt."""
        return iter(self._receipts)

    @property
    def last(self) -> FromNode | None:
        """The newest message."""
        return self.heard[-1].message if self.heard else None

    @property
    def state(self) -> NodeState | None:
        """The newest state that is no will."""
        return next((state for _, state in reversed(self.of(NodeState)) if state.online), None)

    @property
    def ask(self) -> Ask | None:
        """The newest ask."""
        return next((ask for _, ask in reversed(self.of(Ask))), None)

    @property
    def health(self) -> Health | None:
        """The newest health."""
        return next((health for _, health in reversed(self.of(Health))), None)
