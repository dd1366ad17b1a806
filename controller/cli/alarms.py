"""`tienglang alarms`: what somebody must look at."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.api import Api
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import parse_time, show_time


@click.group(cls=NounGroup)
def alarms() -> None:
    """Cảnh báo: xem, đóng. / Alarms: see, close."""


@alarms.command("list")
@click.option("--all", "everything", is_flag=True, help="Cả những cảnh báo đã đóng. / The closed ones too.")
@with_session
def list_(session: Session, *, everything: bool) -> None:
    """Các cảnh báo đang mở, mới nhất trước. / Open alarms, the newest first."""
    with Api(session.settings.api_file) as api:
        found = api.get("/alarms", all="true" if everything else None)
    session.give(found)
    session.table([_row(session, alarm) for alarm in found])
    if not found:
        session.say("none")


@alarms.command("close")
@click.argument("alarm", type=click.IntRange(min=1))
@with_session
def close(session: Session, *, alarm: int) -> None:
    """Đã xem và xử lý xong. / Somebody saw to it."""
    with Api(session.settings.api_file) as api:
        closed = api.post(f"/alarms/{alarm}/close")
    session.give(closed)
    session.say("alarm-closed", id=alarm)


def _row(session: Session, alarm: dict[str, Any]) -> tuple[str, ...]:
    closed = session.text("alarm-is-closed") if alarm["closed"] else ""
    when = show_time(parse_time(alarm["last"], 0))
    return str(alarm["id"]), when, f"×{alarm['number']}", alarm[f"message_{session.lang}"], closed
