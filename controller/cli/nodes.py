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
    """Cụm loa: xem, thêm, cấp khóa. / Loudspeakers: see, add, set up."""


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
