"""Every use case over a real database, a turned clock and real keys; only the broker and the making of sounds are not there.

Two communes whose ids are prefixes of one another, each with villages of two loudspeakers, and one village without any:

    p04 -+- x1  -+- x1-1   x1-1-l1 x1-1-l2
         |       +- x1-2   x1-2-l1 x1-2-l2
         |       +- x1-9   (none)
         +- x10 -+- x10-1  x10-1-l1 x10-1-l2
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from audio.clip import Clip, Part, Progress
from audio.errors import AudioError
from audio.store import Store
from controller.db.database import Database
from controller.db.tables import outbox
from controller.db.unit_of_work import UnitOfWork
from controller.domain.airing import Airing, Klass
from controller.domain.bulletin import Bulletin, BulletinState
from controller.domain.delivery import Evidence, State
from controller.domain.node import Node
from controller.domain.unit import Level, Unit
from controller.protocol import seal
from controller.protocol.codec import TYPES, decode, encode
from controller.protocol.keys import node_kid
from controller.protocol.messages import Ask, NodeState, PlanBody, Receipt, Receipts, ReceiptState, Said, Versions
from controller.service.airings import Airings
from controller.service.alarms import Alarms
from controller.service.approvals import Approvals
from controller.service.asking import Wish
from controller.service.bulletins import Bulletins
from controller.service.clock_guard import ClockGuard
from controller.service.deliveries import Batch, Sweeper, Taken, hear
from controller.service.keyring import Keyring
from controller.service.nodes import Nodes
from controller.service.offers import Asked, Offers, Owed
from controller.service.papers import Papers
from controller.service.planner import Planner
from controller.service.plans import Plans
from controller.service.policies import Policies
from controller.service.ports import ClipRow, Draft, Letter
from controller.service.posting import Posting
from controller.service.programmes import Programmes
from controller.service.reports import Reports
from controller.service.resuming import Resuming
from controller.service.timekeeping import Timekeeping
from controller.service.trail import Trail
from controller.service.units import Units
from scheduler.clock import VirtualClock
from tests.support.people import admin

NOW_MS = 1_795_000_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
DURATION_MS = 30_000
LIFE = "00000000000000aa"
BASES = ("http://127.0.0.1:8080/clips",)

NOTHING = Versions()
"""What a node holds whose memory is empty."""

NODES = ("x1-1-l1", "x1-1-l2", "x1-2-l1", "x1-2-l2", "x10-1-l1", "x10-1-l2")
VILLAGE_OF = {node: node.rpartition("-")[0] for node in NODES}
TREE = (
    Unit(id="p04", parent=None, level=Level.PROVINCE, name="Cao Bằng", path=("p04",)),
    Unit(id="x1", parent="p04", level=Level.COMMUNE, name="Quảng Uyên", path=("p04", "x1")),
    Unit(id="x10", parent="p04", level=Level.COMMUNE, name="Đàm Thuỷ", path=("p04", "x10")),
    Unit(id="x1-1", parent="x1", level=Level.VILLAGE, name="Pác Rằng", path=("p04", "x1", "x1-1")),
    Unit(id="x1-2", parent="x1", level=Level.VILLAGE, name="Phia Chang", path=("p04", "x1", "x1-2")),
    Unit(id="x1-9", parent="x1", level=Level.VILLAGE, name="Lũng Vài", path=("p04", "x1", "x1-9")),
    Unit(id="x10-1", parent="x10", level=Level.VILLAGE, name="Bản Giốc", path=("p04", "x10", "x10-1")),
)


@dataclass
class FakeBus:
    """Counts what it was told."""

    airings: Counter[str] = field(default_factory=Counter)
    bulletins: Counter[str] = field(default_factory=Counter)
    filled: int = 0

    def airing_changed(self, airings: Collection[str]) -> None:
        self.airings.update(airings)

    def bulletin_changed(self, bulletin: str) -> None:
        self.bulletins[bulletin] += 1

    def outbox_filled(self) -> None:
        self.filled += 1


class FakePrepare:
    """Keeps the upload as if it were a clip. `trouble`: what it raises, once each, before it serves."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.trouble: list[BaseException] = []
        self.prepared: list[str] = []
        self.parts: list[Part] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(
        self, source: Path, *, part: Part, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> Clip:
        on_progress(Progress(step="read", fraction=0.5))
        if self.trouble:
            raise self.trouble.pop(0)
        if cancelled():
            raise AudioError("audio.cancelled")
        data = source.read_bytes()
        self.meanwhile()
        self.prepared.append(source.name)
        self.parts.append(part)
        return Clip(
            sha256=self.store.put_bytes(b"OggS" + data),
            size=len(data) + 4,
            duration_ms=DURATION_MS,
            kind="speech",
            loudness_lufs=-16.0,
            true_peak_dbtp=-1.8,
            peaks=bytes(800),
        )


class FakeRest:
    """Says that a clip's rest is as long as what was not heard. `trouble`: what it raises, once each, before it serves."""

    def __init__(self) -> None:
        self.trouble: list[AudioError] = []

    def __call__(self, clip: Clip, from_ms: int) -> Clip | None:
        if self.trouble:
            raise self.trouble.pop(0)
        left_ms = clip.duration_ms - from_ms
        if from_ms == 0 or left_ms <= 0:
            return clip if from_ms == 0 else None
        return replace(clip, sha256=f"{from_ms:064}", duration_ms=left_ms)


class House:
    """All services of one controller, and what a test does with them in a word."""

    def __init__(self, database: Database, keyring: Keyring, folder: Path) -> None:
        self.clock, self.bus, self.files = VirtualClock(NOW_MS, 1_000_000), FakeBus(), Store(folder)
        self.guard = ClockGuard(self.clock)
        keyring = Keyring(keyring.held, may_sign=self.guard.may_sign)
        self.database, self.keyring, self.folder = database, keyring, folder
        self.work = UnitOfWork(database, self.guard, keyring.trail_key)
        common: dict[str, Any] = {"database": self.work, "clock": self.clock, "bus": self.bus}
        self.papers = Papers(keyring=keyring, bases=BASES)
        self.plans = Plans(keyring=keyring, files=self.files, **common)
        self.rest = FakeRest()
        self.resuming = Resuming(keyring=keyring, rest=self.rest, **common)
        self.planner = Planner(plans=self.plans, **common)
        self.airings = Airings(keyring=keyring, plans=self.plans, **common)
        self.approvals = Approvals(airings=self.airings, **common)
        self.offers = Offers(keyring=keyring, papers=self.papers, plans=self.plans, clock=self.clock)
        self.posting = Posting(**common)
        self.sweeper = Sweeper(**common)
        self.reports = Reports(database=self.work)
        self.units = Units(database=self.work, clock=self.clock)
        self.nodes = Nodes(
            keyring=keyring, papers=self.papers, plans=self.plans, broker="mqtt://broker:1883", bases=BASES, **common
        )
        self.planned: list[str] = []
        self.programmes = Programmes(database=self.work, clock=self.clock, changed=lambda: self.planned.append("programme"))
        self.policies = Policies(papers=self.papers, changed=lambda: self.planned.append("policy"), **common)
        self.trail = Trail(database=self.work, key=keyring.trail_key)
        self.alarms = Alarms(database=self.work, clock=self.clock)
        self.timekeeping = Timekeeping(database=self.work, guard=self.guard, papers=self.papers, plans=self.plans, bus=self.bus)
        self.prepare = FakePrepare(self.files)
        self.uploads = folder / "uploads"
        self.common = common
        self.bulletins = self.new_bulletins()
        with self.work.writing() as tx:
            tx.units.add(TREE)
            tx.nodes.add([Node(id=n, village=v, name=n, generation=1, since_ms=0) for n, v in VILLAGE_OF.items()])

    def new_bulletins(self) -> Bulletins:
        """The bulletins of a controller that was just started."""
        return Bulletins(airings=self.airings, prepare=self.prepare, uploads=self.uploads, **self.common)

    # ── what an officer does ─────────────────────────────────────────────────────────────────────────────────────────

    def clip(self, letter: str = "c") -> str:
        """A clip that is known; its name."""
        sha256 = letter * 64
        with self.work.writing() as tx:
            tx.bulletins.add_clip(
                ClipRow(
                    sha256=sha256,
                    size=90_000,
                    duration_ms=DURATION_MS,
                    kind="speech",
                    loudness_lufs=-16.0,
                    true_peak_dbtp=-1.6,
                    peaks=bytes(8),
                    created_ms=NOW_MS,
                )
            )
        return sha256

    def bulletin(
        self,
        name: str = "b1",
        *,
        owner: str = "p04",
        state: BulletinState = BulletinState.APPROVED,
        klass: Klass = Klass.NORMAL,
        clip: bool = True,
    ) -> str:
        """A bulletin with its sound; its id."""
        sound = self.clip() if clip else None
        bulletin = Bulletin(
            id=name,
            owner=owner,
            title=f"Tin {name}",
            klass=klass,
            language="vi",
            state=state,
            created_ms=NOW_MS,
            created_by="canbo",
            clip=sound,
        )
        with self.work.writing() as tx:
            if tx.bulletins.get(name) is None:
                tx.bulletins.add(Draft(bulletin=bulletin, upload=None, wish=None, error=None, airing=None))
        return name

    def say(self, *to: str, at_ms: int | None = None, **wish: int) -> Airing:
        """Air the bulletin."""
        return self.airings.say(bulletin=self.bulletin(), wish=Wish(to=to, at_ms=at_ms, **wish), by=admin())

    def waiting(self) -> list[str]:
        """The units whose villages must be planned anew; they are, by this."""
        with self.work.writing() as tx:
            marks = tx.replans.waiting()
            tx.replans.clear(marks)
        return sorted(unit for unit, _ in marks)

    def upload(self, data: bytes = b"sound", name: str = "came") -> Path:
        """A file that a browser brought."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.write_bytes(data)
        return path

    def alarm_codes(self) -> dict[tuple[str, str | None], int]:
        """How often each open alarm was seen, by code and node."""
        return {(view.alarm.code, view.alarm.node): view.alarm.number for view in self.alarms.list(by=admin())}

    # ── what the database says ───────────────────────────────────────────────────────────────────────────────────────

    def states(self, airing: Airing) -> dict[str, State]:
        """The state of each delivery, by node."""
        with self.work.reading() as tx:
            return {each.node: each.state for each in tx.deliveries.of_airing(airing.id)}

    def letters(self, kind: str | None = None) -> list[Letter]:
        """All that is in the outbox, due or not, oldest first."""
        with self.database.read() as connection:
            rows = [Letter(**row._mapping) for row in connection.execute(select(outbox).order_by(outbox.c.id))]
        return [letter for letter in rows if kind in (None, letter.kind)]

    def plan(self, village: str) -> PlanBody | None:
        """The village's plan as its nodes fetch it."""
        with self.work.reading() as tx:
            known = tx.documents.get("plan", [village]).get(village)
        if known is None:
            return None
        with self.files.open(known.body or "") as file:
            return decode(PlanBody, file.read())

    def opened(self, sealed: bytes) -> Any:
        """The message in a seal of ours; the kid must be a key's of the ring."""
        typ = seal.typ_of(sealed)
        public = {key.kid: key.private.public_key() for key in self.keyring.keys.values()}
        _, payload = seal.open_signed(sealed, typ, public.get)
        return decode(TYPES[typ], payload)

    # ── what nodes do ────────────────────────────────────────────────────────────────────────────────────────────────

    def hear(self, *batches: Receipts) -> Taken:
        """Take these in one commit."""
        with self.work.writing() as tx:
            return hear(tx, [Batch(said=said, received_ms=self.clock.now_ms()) for said in batches])

    def owed(self, *asks: Ask) -> list[Owed]:
        """What asking nodes are owed."""
        with self.work.writing() as tx:
            return self.offers.owed(tx, [Asked(said=ask, received_ms=self.clock.now_ms()) for ask in asks])

    def owed_to(self, node: str, versions: Versions = NOTHING) -> list[Any]:
        """The messages that one asking node is owed, opened; the trust document by name only."""
        found = self.owed(ask(node, versions))
        return [] if not found else [self.opened(each) for each in found[0].sealed if seal.typ_of(each) != "tl-trust"]

    def post(self) -> list[Letter]:
        """A round of the outbox whose broker takes everything."""
        letters, _ = self.posting.due()
        if letters:
            self.posting.published(letters)
        return letters


def receipts(node: str, *items: Receipt, first: int | None = None, life: str = LIFE) -> Receipts:
    """A node's batch; `first` is the oldest number it still holds."""
    lowest = items[0].seq if first is None else first
    return Receipts(node=node, generation=1, life=life, t=NOW_MS, u=10, from_seq=lowest, items=items)


def receipt(
    seq: int, airing: Airing | str, state: str, *, why: str = "", evidence: Evidence | None = None, at: int = NOW_MS, rev: int = 1
) -> Receipt:
    """One word."""
    name = airing if isinstance(airing, str) else airing.id
    return Receipt(seq=seq, airing=name, rev=rev, state=ReceiptState(state), at=at, why=why, evidence=evidence)


def ask(node: str, versions: Versions = NOTHING, *, first: int = 1, life: str = LIFE, generation: int = 1) -> Ask:
    """A node's question."""
    return Ask(
        node=node, generation=generation, life=life, t=NOW_MS, u=-1, nonce="0123456789abcdef", versions=versions, from_seq=first
    )


def state(
    node: str,
    *,
    boot: int = 1,
    connection: int = 1,
    counter: int = 1,
    online: bool = True,
    life: str = LIFE,
    versions: Versions = NOTHING,
    generation: int = 1,
    reason: str = "",
) -> NodeState:
    """A node's word about itself."""
    return NodeState(
        node=node,
        generation=generation,
        life=life,
        t=NOW_MS,
        u=10,
        boot=boot,
        connection=connection,
        counter=counter,
        online=online,
        versions=versions,
        reason=reason,
    )


def sealed(keyring: Keyring, said: Said) -> bytes:
    """What a node says, under its own key."""
    typ = {"Ask": "tl-ask", "NodeState": "tl-state", "Receipts": "tl-receipts", "Health": "tl-health"}[type(said).__name__]
    key = keyring.node_key(said.node, said.generation)
    return seal.mac(typ, node_kid(said.node, said.generation), key, encode(said))


def kinds(letters: Sequence[Letter]) -> list[tuple[str, str, str]]:
    """(kind, subject, unit) of letters, sorted."""
    return sorted((letter.kind, letter.subject, letter.unit) for letter in letters)
