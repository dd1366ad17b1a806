"""`tienglang units`: the tree of places. Also finds the unit that a person means by a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from controller import places
from controller.cli.api import Api
from controller.cli.ledger import name_order
from controller.cli.session import NounGroup, Session, with_session
from controller.domain.errors import Refused

_SHOWN = 8
"""Candidates named when a name is not unique."""

_KINDS = (
    *("thanh pho", "to dan pho", "thi tran", "dac khu", "tinh", "xa", "phuong"),
    *("thon", "xom", "ban", "khu", "ap", "buon", "lang"),
)
"""What places are, without accents, as it stands before their names."""


@click.group(cls=NounGroup)
def units() -> None:
    """Đơn vị: tỉnh, xã, thôn. / Units: provinces, communes, villages."""


@units.command("list")
@with_session
def list_(session: Session) -> None:
    """Cây đơn vị. / The tree of units."""
    with Api(session.settings.api_file) as api:
        tree = api.get("/units")
    session.give(tree)
    session.table([_row(session, unit) for unit in in_order(tree)])
    if not tree:
        session.say("none")


@units.command("import")
@click.option("--province", help="Nhập cả tỉnh, theo mã hoặc tên. / A province with all its communes, by code or name.")
@click.option("--commune", help="Nhập một xã, theo mã hoặc tên. / One commune, by code or name.")
@with_session
def import_(session: Session, *, province: str | None, commune: str | None) -> None:
    """Nhập xã, tỉnh từ danh mục chính thức. / Import official places; twice changes nothing."""
    if (province is None) == (commune is None):
        raise Refused("usage.place")
    if province is not None:
        codes = [place.code for place in places.communes(find_place(province, commune=False).code)]
    else:
        codes = [find_place(commune or "", commune=True).code]
    with Api(session.settings.api_file) as api:
        imported = [api.post("/units/import", {"code": code}) for code in codes]
    session.give(imported)
    session.say("units-imported", number=len(imported))


@units.command("add")
@click.option("--under", required=True, help="Xã mà thôn thuộc về: mã hoặc tên. / The commune it belongs to.")
@click.argument("name")
@with_session
def add(session: Session, *, under: str, name: str) -> None:
    """Thêm một thôn vào một xã. / Add a village to a commune."""
    with Api(session.settings.api_file) as api:
        unit = api.post("/units", {"parent": find_unit(api.get("/units"), under)["id"], "name": name})
    session.give(unit)
    session.say("units-added", id=unit["id"], name=unit["name"])


@units.command("demo")
@with_session
def demo(session: Session) -> None:
    """Tạo dữ liệu dùng thử (TIENGLANG_DEMO=1). / Make the demo's communes, loudspeakers and accounts."""
    with Api(session.settings.api_file) as api:
        made = api.post("/demo")
    session.give(made)
    session.say("demo-made", communes=len(made["communes"]), nodes=made["nodes"])
    for account in made["accounts"]:
        session.say("demo-account", name=account["name"], password=account["password"])


def find_unit(tree: Sequence[dict[str, Any]], text: str) -> dict[str, Any]:
    """The unit with that id, or the only one of that name: accents and capitals do not count, nor a kind before it.

    A name that is some unit's whole name wins over names that hold its words. Refused("usage.unit-unknown" or
    "usage.unit-ambiguous", candidates) else.
    """
    for unit in tree:
        if unit["id"] == text:
            return unit
    wanted = places.fold(text)
    folded = [(places.fold(unit["name"]), unit) for unit in tree]
    whole = [unit for name, unit in folded if wanted and wanted in (name, _without_kind(name))]
    found = whole or [unit for name, unit in folded if wanted and all(word in name.split() for word in wanted.split())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused("usage.unit-unknown", text=text[:60])
    candidates = [f"{unit['name']} ({unit['id']})" for unit in found[:_SHOWN]]
    raise Refused("usage.unit-ambiguous", text=text[:60], candidates=candidates)


def find_place(text: str, *, commune: bool) -> places.Place:
    """The official commune (or province) with that code, or the only one of that name; Refused("usage.place-*") else."""
    provinces = places.provinces()
    pool = [each for above in provinces for each in places.communes(above.code)] if commune else list(provinces)
    wanted = places.fold(text)
    found = [place for place in pool if place.code == text]
    found = found or [place for place in pool if wanted in (places.fold(place.name), _without_kind(places.fold(place.name)))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused("usage.place-unknown", text=text[:60])
    names = {place.code: place.name for place in provinces}
    candidates = [f"{place.name}, {names.get(place.parent or '', '')} ({place.code})" for place in found[:_SHOWN]]
    raise Refused("usage.place-ambiguous", text=text[:60], candidates=candidates)


def in_order(tree: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each unit before what stands under it, neighbours by name."""
    names = {unit["id"]: name_order(unit["name"]) for unit in tree}
    return sorted(tree, key=lambda unit: [(names.get(step, []), step) for step in unit["path"]])


def _without_kind(name: str) -> str:
    """Only "dam thuy" of "xa dam thuy": people leave out what a place is."""
    return next((name[len(kind) + 1 :] for kind in _KINDS if name.startswith(kind + " ")), name)


def _row(session: Session, unit: dict[str, Any]) -> tuple[str, str, str]:
    indent = "  " * (len(unit["path"]) - 1)
    return indent + unit["name"], session.text(f"level-{unit['level']}"), unit["id"]
