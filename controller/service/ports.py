"""What the use cases need from the world, as shapes: `controller.db`, `controller.mqtt` and `controller.main` fill them.

A `Transaction` is one commit. Its stores speak in the domain's values; batches in, batches out, because one order meets
9,000 loudspeakers and their 9,000 answers come back together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from msgspec import Struct

from controller.domain.airing import Airing
from controller.domain.bulletin import Bulletin
from controller.domain.delivery import Evidence, State
from controller.domain.node import Node
from controller.domain.rights import Reach
from controller.domain.trail import Chained
from controller.domain.unit import Unit
from controller.service import accounts, kept
from scheduler.wishes import Notice


class Delivery(Struct, frozen=True, kw_only=True, gc=False):
    """One airing on one node, as it stands."""

    airing: str
    node: str
    village: str
    state: State
    why: str
    evidence: Evidence | None
    at_ms: int


class Heard(Struct, frozen=True, kw_only=True, gc=False):
    """One receipt as it came: who said it, in which life, and our clock when it came. `digest`: 31 bits of its bytes."""

    node: str
    life: str
    seq: int
    digest: int
    airing: str
    rev: int
    state: str
    why: str
    evidence: str | None
    at_ms: int
    received_ms: int


class Custody(Struct, frozen=True, kw_only=True, gc=False):
    """How far we have a life's receipts: all up to `upto`, none above `highest`."""

    upto: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a node last said of itself. Versions are of the documents it holds; 0 is none; `clock_u_ms` -1 is untrusted."""

    node: str
    life: str
    boot: int
    connection: int
    counter: int
    online: bool
    seen_ms: int
    clock_u_ms: int
    trust: int
    config: int
    plan: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The newest sealed document of a kind ("trust", "config", "plan") for a subject ("all", a node, a village)."""

    kind: str
    subject: str
    version: int
    sealed: bytes
    body: str | None
    valid_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One row of the outbox: something sealed that shall be published, again and again until it is taken or expires."""

    id: int
    topic: str
    kind: str
    subject: str
    unit: str
    sealed: bytes
    created_ms: int
    attempt: int
    next_ms: int | None
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that somebody must look at, and how often it was seen. `detail`: JSON, of the newest time. `id` 0: a new one."""

    id: int
    code: str
    node: str | None
    first_ms: int
    last_ms: int
    number: int
    detail: str
    closed_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """A prepared sound: `peaks` are bytes 0..255 for the page's waveform."""

    sha256: str
    size: int
    duration_ms: int
    kind: str
    loudness_lufs: float
    true_peak_dbtp: float
    peaks: bytes
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A bulletin and what is still to be done for it: the upload to prepare, the wish to fulfil, the error it met."""

    bulletin: Bulletin
    upload: str | None
    wish: str | None
    error: str | None
    airing: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An airing that may still be planned otherwise. `here`: its villages among those asked for; `elsewhere`: has it others?"""

    airing: Airing
    here: frozenset[str]
    elsewhere: bool


class Units(Protocol):
    """The tree of places."""

    def get(self, unit: str) -> Unit | None: ...
    def all(self) -> list[Unit]: ...
    def add(self, units: Sequence[Unit]) -> None: ...
    def villages_with_nodes(self, units: Sequence[Unit]) -> list[str]: ...


class Nodes(Protocol):
    """The loudspeakers, and what they last said of themselves."""

    def get(self, node: str) -> Node | None: ...
    def are_there(self) -> bool: ...
    def under(self, unit: Unit | None) -> list[Node]: ...
    def within(self, reach: Reach) -> list[Node]: ...
    def add(self, nodes: Sequence[Node]) -> None: ...
    def generations(self, nodes: Collection[str]) -> dict[str, int]: ...
    def living(self, nodes: Collection[str]) -> dict[str, tuple[Node, tuple[str, ...]]]: ...
    def statuses(self, nodes: Collection[str] | None) -> dict[str, Status]: ...
    def set_statuses(self, statuses: Sequence[Status]) -> None: ...
    def forget_status(self, node: str) -> None: ...
    def count_behind(self, kind: str, subject: str) -> int: ...
    def set_health(self, health: Mapping[str, tuple[str, int]], seen_ms: int) -> None: ...


class Bulletins(Protocol):
    """Bulletins with their clips."""

    def get(self, bulletin: str) -> Draft | None: ...
    def add(self, draft: Draft) -> None: ...
    def change(self, draft: Draft) -> None: ...
    def unprepared(self) -> list[Draft]: ...
    def titles(self, bulletins: Collection[str]) -> dict[str, str]: ...
    def approved(self, limit: int, within: Reach) -> list[tuple[Bulletin, int]]: ...
    def clip(self, sha256: str) -> ClipRow | None: ...
    def sizes(self, sounds: Collection[str]) -> dict[str, int]: ...
    def notices(self, now_ms: int) -> list[Notice]: ...
    def add_clip(self, clip: ClipRow) -> None: ...
    def hold(self, unit: str, sha256: str, on: bool) -> bool: ...
    def holders(self) -> dict[str, set[str]]: ...
    def held(self, path: Sequence[str]) -> list[tuple[str, int]]: ...


class Airings(Protocol):
    """Airings and where they may sound."""

    def get(self, airing: str) -> Airing | None: ...
    def add(self, airing: Airing, villages: Sequence[str], by: str) -> None: ...
    def recent(self, limit: int, within: Reach = None) -> list[Airing]: ...
    def overlapping(self, villages: Sequence[str], start_ms: int, end_ms: int) -> dict[str, str]: ...
    def cancel(self, airing: str, rev: int, now_ms: int) -> None: ...
    def due_to_settle(self, now_ms: int) -> list[str]: ...
    def settle(self, airing: str, now_ms: int) -> None: ...
    def is_settled(self, airing: str) -> bool: ...
    def coming(self, village: str, from_ms: int, until_ms: int) -> list[Airing]: ...
    def villages_coming(self, from_ms: int, until_ms: int) -> list[str]: ...
    def villages_of(self, airing: str) -> list[str]: ...


class PlannedAirings(Protocol):
    """Airings that fulfil a wish, and where: what the planner makes, moves and ends."""

    def standing(self, villages: Collection[str], from_ms: int, soon_ms: int, until_ms: int) -> list[tuple[Airing, str, int]]: ...
    def movable(self, villages: Collection[str], wishes: Collection[str], soon_ms: int) -> list[Planned]: ...
    def where_aired(self, bulletins: Collection[str], before_ms: int) -> dict[str, frozenset[str]]: ...
    def fulfilling(self, wish: str) -> list[Airing]: ...
    def move(self, airing: Airing) -> None: ...
    def join(self, airing: Airing, villages: Collection[str]) -> None: ...
    def leave(self, airing: str, villages: Collection[str]) -> None: ...
    def end(self, airing: Airing, now_ms: int) -> None: ...
    def cut(self, airing: str, villages: Collection[str], at_ms: int) -> None: ...
    def uncut(self, airing: Airing, villages: Collection[str]) -> None: ...


class Deliveries(Protocol):
    """What became of airings, node by node."""

    def plan(self, airing: str, units: Sequence[Unit], now_ms: int) -> int: ...
    def of_airing(self, airing: str) -> list[Delivery]: ...
    def of_nodes(self, airing: str, nodes: Collection[str]) -> dict[str, Delivery]: ...
    def counts(self, airings: Collection[str], within: Reach = None) -> dict[str, dict[tuple[State, Evidence | None], int]]: ...
    def move_all(self, airing: str, moves: Mapping[State, State], unit: Unit | None, now_ms: int) -> int: ...
    def write(self, deliveries: Sequence[Delivery]) -> None: ...
    def withdraw(self, node: str, state: State) -> None: ...
    def withdraw_from(self, airing: str, villages: Collection[str], states: Collection[State]) -> None: ...
    def move_in(self, airing: str, villages: Collection[str], moves: Mapping[State, State], now_ms: int) -> None: ...
    def open_of_nodes(self, nodes: Collection[str], states: Collection[State]) -> list[Delivery]: ...
    def count_open(self, airing: str, unit: Unit, states: Collection[State]) -> int: ...


class Receipts(Protocol):
    """The words of nodes, as said, and how far we have them without a gap."""

    def add(self, receipts: Sequence[Heard]) -> None: ...
    def kept(self, words: Collection[tuple[str, str, int, int]]) -> dict[tuple[str, str, int, int], bool]: ...
    def unbroken(self, since: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]: ...
    def custody(self, lives: Collection[tuple[str, str]]) -> dict[tuple[str, str], Custody]: ...
    def set_custody(self, custody: Mapping[tuple[str, str], Custody]) -> None: ...


class Documents(Protocol):
    """The newest document of each kind and subject."""

    def get(self, kind: str, subjects: Collection[str]) -> dict[str, Document]: ...
    def set(self, documents: Sequence[Document]) -> None: ...
    def above(self, kind: str, version: int) -> list[str]: ...


class Outbox(Protocol):
    """Letters that wait to be published."""

    def add(self, letters: Iterable[Letter]) -> None: ...
    def supersede(self, kind: str, subjects: Collection[str]) -> None: ...
    def due(self, now_ms: int, limit: int) -> list[Letter]: ...
    def mark(self, letters: Sequence[Letter]) -> None: ...
    def present(self, ids: Collection[int]) -> set[int]: ...
    def about(self, kinds: Collection[str], subjects: Collection[str], now_ms: int) -> list[Letter]: ...
    def waiting(self, now_ms: int) -> list[Letter]: ...
    def next_due_ms(self, now_ms: int) -> int | None: ...


class AlarmBook(Protocol):
    """What somebody must look at."""

    def get(self, alarm: int) -> Alarm | None: ...
    def open_of(self, nodes: Collection[str | None]) -> dict[tuple[str, str | None], Alarm]: ...
    def count_open(self, within: Reach = None) -> int: ...
    def newest(self, limit: int, *, closed: bool, within: Reach = None) -> list[Alarm]: ...
    def write(self, alarms: Iterable[Alarm]) -> None: ...


class Trail(Protocol):
    """Who did what: lines are added and read, never changed."""

    def add(self, *, at_ms: int, by: str, name: str, deed: str, units: tuple[str, ...], subject: str, detail: str) -> None: ...
    def newest(self, before: int | None) -> Iterator[Chained]: ...
    def oldest(self) -> Iterator[Chained]: ...


class Marks(Protocol):
    """Moments that only rise."""

    def get(self, name: str) -> int: ...
    def raise_to(self, name: str, ms: int) -> None: ...
    def lower(self, name: str, ms: int) -> None: ...


class Old(Protocol):
    """What is old enough to be forgotten, in small pieces."""

    def letters(self, before_ms: int, limit: int) -> int: ...
    def health(self, before_ms: int, limit: int) -> int: ...
    def nodes(self) -> list[str]: ...
    def nodes_with_receipts(self, nodes: Collection[str], before_ms: int) -> list[str]: ...
    def receipts(self, node: str, before_ms: int, limit: int) -> int: ...
    def airings(self, before_ms: int) -> list[str]: ...
    def strays(self, before_ms: int) -> list[str]: ...
    def deliveries(self, airing: str, limit: int) -> int: ...
    def airing(self, airing: str) -> None: ...
    def alarms(self, before_ms: int, limit: int) -> int: ...
    def requests(self, before_ms: int, limit: int) -> int: ...
    def bulletins(self, before_ms: int, limit: int) -> int: ...
    def clips(self, before_ms: int, limit: int) -> int: ...
    def named(self, files: Collection[str]) -> set[str]: ...


class Transaction(Protocol):
    """One commit: every store sees the same moment, and all is written or nothing."""

    units: Units
    nodes: Nodes
    bulletins: Bulletins
    airings: Airings
    planned: PlannedAirings
    deliveries: Deliveries
    receipts: Receipts
    documents: Documents
    outbox: Outbox
    alarms: AlarmBook
    marks: Marks
    old: Old
    programmes: kept.Programmes
    policies: kept.Policies
    requests: kept.Requests
    cuts: kept.Cuts
    replans: kept.Replans
    accounts: accounts.Accounts
    trail: Trail


class Database(Protocol):
    """Opens transactions; what goes wrong in them is `Unavailable` with a stable code."""

    def reading(self) -> AbstractContextManager[Transaction]: ...
    def writing(self) -> AbstractContextManager[Transaction]: ...


class FileStore(Protocol):
    """Files named by their SHA-256."""

    def put_bytes(self, data: bytes) -> str: ...
    def open(self, sha256: str) -> BinaryIO: ...


class Bus(Protocol):
    """Tells whoever watches in this process that something changed; may be called from any thread, never blocks."""

    def airing_changed(self, airings: Collection[str]) -> None: ...
    def bulletin_changed(self, bulletin: str) -> None: ...
    def outbox_filled(self) -> None: ...
