"""`tienglang nodes`: the loudspeaker clusters, and what new ones are given at set-up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from controller.cli.api import Api
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import parse_time, show_time
from controller.cli.units import find_unit
from controller.domain.errors import Refused


@click.group(cls=NounGroup)
def nodes() -> None:
    """Cụm loa: xem, thêm, cấp khóa, chuyển chỗ, ngừng dùng. / Loudspeakers: see, add, set up, move, retire."""


@nodes.command("list")
@click.option("--unit", help="Chỉ các cụm loa của đơn vị này. / Only those under this unit.")
@with_session
def list_(session: Session, *, unit: str | None) -> None:
    """Các cụm loa và lần gọi về gần nhất. / Loudspeakers, and when they last spoke."""
    with Api(session.settings.api_file) as api:
        found = api.get("/nodes", unit=_unit_id(api, unit))
    session.give(found)
    session.table([(node["village_name"], node["name"], node["id"], *_presence(session, node)) for node in found])
    if not found:
        session.say("none")


@nodes.command("add")
@click.option("--village", required=True, help="Thôn: mã hoặc tên. / The village, by id or name.")
@click.option("--name", "names", multiple=True, required=True, help="Tên cụm loa; lặp lại được. / Its name; may be repeated.")
@click.option("--count", type=click.IntRange(1, 10_000), help="Thêm nhiều cụm: “Tên 1”, “Tên 2”... / So many, numbered.")
@with_session
def add(session: Session, *, village: str, names: tuple[str, ...], count: int | None) -> None:
    """Thêm cụm loa vào một thôn. / Add loudspeakers to a village."""
    if count is not None and len(names) != 1:
        raise Refused("usage.names")
    wanted = list(names) if count is None else [f"{names[0]} {number}" for number in range(1, count + 1)]
    with Api(session.settings.api_file) as api:
        unit = find_unit(api.get("/units"), village)
        added = api.post("/nodes", {"village": unit["id"], "names": wanted})
    session.give(added)
    session.say("node-added", number=len(added), village=unit["name"])
    session.table([(node["name"], node["id"]) for node in added])


@nodes.command("provision")
@click.option("--unit", help="Chỉ các cụm loa của đơn vị này. / Only those under this unit.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Ghi vào tệp này (0600). / Write to this file.")
@with_session
def provision(session: Session, *, unit: str | None, output: Path | None) -> None:
    """Thông tin cài đặt của cụm loa, có khóa bí mật. / What loudspeakers are given at set-up; it holds secret keys.

    \b
    Kết quả là JSON: mỗi cụm loa một bản ghi. Không có -o thì in ra màn hình.
    The result is JSON, a record for each; without -o it is printed.
    """
    with Api(session.settings.api_file) as api:
        records = api.post("/nodes/provision", {"unit": _unit_id(api, unit)})
    _hand_out(session, records, output)


@nodes.command("move")
@click.argument("node")
@click.option("--to", "village", required=True, help="Thôn mới: mã hoặc tên. / The new village, by id or name.")
@with_session
def move(session: Session, *, node: str, village: str) -> None:
    """Cụm loa nay đứng ở thôn khác. / It stands in another village from now on.

    \b
    Lệnh và kế hoạch của thôn cũ không còn hiệu lực với nó.
    What was said to its old village no longer counts for it.
    """
    with Api(session.settings.api_file) as api:
        unit = find_unit(api.get("/units"), village)
        moved = api.post(f"/nodes/{node}/move", {"to": unit["id"]})
    session.give(moved)
    session.say("node-moved", node=moved["id"], name=moved["name"], village=moved["village_name"])


@nodes.command("retire")
@click.argument("node")
@click.option("--yes", is_flag=True, help="Không hỏi lại. / Do not ask.")
@with_session
def retire(session: Session, *, node: str, yes: bool) -> None:
    """Ngừng dùng: không còn tin lời nó, không gửi gì cho nó. / No longer ours: not believed, not told anything."""
    session.confirm("node-retire-ask", yes=yes, node=node)
    with Api(session.settings.api_file) as api:
        retired = api.post(f"/nodes/{node}/retire")
    session.give(retired)
    session.say("node-retired", node=node)


@nodes.command("renew")
@click.argument("node")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Ghi vào tệp này (0600). / Write to this file.")
@click.option("--yes", is_flag=True, help="Không hỏi lại. / Do not ask.")
@with_session
def renew(session: Session, *, node: str, output: Path | None, yes: bool) -> None:
    """Thiết bị mới cho một cụm loa: khóa mới, khóa cũ hết hiệu lực. / A new board: a new key, the old one counts no longer.

    \b
    Kết quả như của provision. Cụm loa đã ngừng dùng thì dùng lại được bằng lệnh này.
    The result is as provision's. A retired loudspeaker is brought back by this.
    """
    session.confirm("node-renew-ask", yes=yes, node=node)
    with Api(session.settings.api_file) as api:
        record = api.post(f"/nodes/{node}/renew")
    _hand_out(session, [record], output)


def _hand_out(session: Session, records: list[dict[str, object]], output: Path | None) -> None:
    """Give what nodes are set up with: printed, or into a file that only its owner may read."""
    text = json.dumps(records, ensure_ascii=False, indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    _write_private(output, text)
    session.give({"path": str(output), "nodes": len(records)})
    session.say("provisioned", number=len(records), path=output)


def _unit_id(api: Api, text: str | None) -> str | None:
    return None if text is None else str(find_unit(api.get("/units"), text)["id"])


def _presence(session: Session, node: dict[str, str | None]) -> tuple[str, str]:
    seen = node["seen"]
    if seen is None:
        return session.text("node-never"), ""
    return session.text("node-online" if node["online"] else "node-offline"), show_time(parse_time(seen, 0))


def _write_private(path: Path, text: str) -> None:
    """Write whole or not at all; readable by nobody else from its first byte on."""
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise Refused("usage.write", path=str(path), reason=error.strerror or str(error)) from None
