"""The demo: two communes of Cao Bằng with villages, forty loudspeakers and accounts whose passwords everybody may know."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from controller.domain.errors import Conflict, Refused
from controller.domain.rights import Actor, Deed, Role
from controller.service.consent import Consent, Freedom
from controller.service.kept import KeptPolicy, Ruling
from controller.service.nodes import add_nodes
from controller.service.ports import Database
from controller.service.rights import record, require
from controller.service.units import add_unit, import_commune
from controller.service.users import Users, Wanted
from scheduler.clock import Clock

COMMUNES: dict[str, tuple[tuple[str, int], ...]] = {
    # Xã Quảng Uyên (Phúc Sen has been part of it since 2025) and xã Đàm Thuỷ: the pilots of plan 712/KH-UBND, 2021
    "01576": (("Pác Rằng", 4), ("Phia Chang", 3), ("Lũng Vài", 3), ("Khào A", 2), ("Khào B", 3), ("Đâu Cọ", 3), ("Tình Đông", 4)),
    "01501": (("Bản Giốc", 4), ("Bản Gun", 3), ("Lũng Phiắc", 3), ("Đồng Tâm", 3), ("Bản Rạ", 3), ("Lũng Nọi", 2)),
}
"""Villages by commune code, each with its number of clusters: forty in all."""

PASSWORD = "tieng-lang-2026"
"""Of every account of the demo; while one exists the server listens on loopback only."""

ACCOUNTS: dict[str, tuple[Wanted, ...]] = {
    "canbo": ((Role.ADMIN, "p04"),),
    "truongthon": ((Role.HEAD, "x01576-1"),),
    "bientap": ((Role.EDITOR, "x01576"),),
    "lanhdao": ((Role.LEADER, "x01576"), (Role.EMERGENCY, "x01576")),
    "kythuat": ((Role.TECHNICIAN, "x01576"), (Role.TECHNICIAN, "x01501")),
    "kiemtra": ((Role.AUDITOR, "p04"),),
}
"""Who they are: an officer for both communes, the head of Pác Rằng, an editor, a leader, a technician, an auditor."""

ASKING = "x01576"
"""The commune of the demo in which bulletins are approved."""

CONSENT = Consent(free=(Freedom(role=Role.HEAD, longest_ms=180_000),))
"""What it asks: a village head says a short notice alone; all else waits for a leader's yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo made, or found made: ids of its communes, how many loudspeakers, and the accounts."""

    communes: tuple[str, ...]
    nodes: int
    accounts: tuple[tuple[str, str], ...]


def make_demo(by: Actor, *, database: Database, users: Users, clock: Clock, allowed: bool) -> Demo:
    """Make the demo, or find it made; Refused("demo.not-allowed") where the settings do not ask for one."""
    if not allowed:
        raise Refused("demo.not-allowed")
    communes: list[str] = []
    nodes, now_ms = 0, clock.now_ms()
    with database.writing() as tx:
        require(by, Deed.DEMO_MAKE, [None])
        known = {unit.id for unit in tx.units.all()}
        for code, villages in COMMUNES.items():
            commune = import_commune(tx, code)
            communes.append(commune.id)
            for village, number in villages:
                unit = add_unit(tx, commune.id, village)
                names = [f"{village} {each}" for each in range(1, number + 1)]
                nodes += len(add_nodes(tx, unit.id, names, now_ms))
        if not known.issuperset(communes):  # it is made at each start, and is news once
            tx.policies.put(
                KeptPolicy(unit=ASKING, ruling=Ruling(consent=CONSENT), version=1, changed_ms=now_ms, changed_by=by.name)
            )
            record(tx, by, Deed.DEMO_MAKE, [None], at_ms=now_ms)
    for name, grants in ACCOUNTS.items():
        with suppress(Conflict):  # it was made before
            users.add(name, PASSWORD, grants, by=by, demo=True)
    return Demo(communes=tuple(communes), nodes=nodes, accounts=tuple((name, PASSWORD) for name in ACCOUNTS))
