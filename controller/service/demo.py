"""The demo: two communes of Cao Bằng with villages, forty loudspeakers and accounts whose passwords everybody may know."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from controller.domain.errors import Conflict, Refused
from controller.service.nodes import add_nodes
from controller.service.ports import Database
from controller.service.units import add_unit, import_commune
from controller.service.users import Users
from scheduler.clock import Clock

COMMUNES: dict[str, tuple[tuple[str, int], ...]] = {
    # Xã Quảng Uyên (Phúc Sen has been part of it since 2025) and xã Đàm Thuỷ: the pilots of plan 712/KH-UBND, 2021
    "01576": (("Pác Rằng", 4), ("Phia Chang", 3), ("Lũng Vài", 3), ("Khào A", 2), ("Khào B", 3), ("Đâu Cọ", 3), ("Tình Đông", 4)),
    "01501": (("Bản Giốc", 4), ("Bản Gun", 3), ("Lũng Phiắc", 3), ("Đồng Tâm", 3), ("Bản Rạ", 3), ("Lũng Nọi", 2)),
}
"""Villages by commune code, each with its number of clusters: forty in all."""

ACCOUNTS = (("canbo", "tieng-lang-2026"), ("truongthon", "tieng-lang-2026"))
"""Names and passwords of the demo; while they exist the server listens on loopback only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo made, or found made: ids of its communes, how many loudspeakers, and the accounts."""

    communes: tuple[str, ...]
    nodes: int
    accounts: tuple[tuple[str, str], ...]


def make_demo(*, database: Database, users: Users, clock: Clock, allowed: bool) -> Demo:
    """Make the demo, or find it made; Refused("demo.not-allowed") where the settings do not ask for one."""
    if not allowed:
        raise Refused("demo.not-allowed")
    communes: list[str] = []
    nodes = 0
    with database.writing() as tx:
        for code, villages in COMMUNES.items():
            commune = import_commune(tx, code)
            communes.append(commune.id)
            for village, number in villages:
                unit = add_unit(tx, commune.id, village)
                names = [f"{village} {each}" for each in range(1, number + 1)]
                nodes += len(add_nodes(tx, unit.id, names, clock.now_ms()))
    for name, password in ACCOUNTS:
        with suppress(Conflict):  # it was made before
            users.add(name, password, demo=True)
    return Demo(communes=tuple(communes), nodes=nodes, accounts=ACCOUNTS)
