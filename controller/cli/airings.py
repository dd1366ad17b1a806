"""`tienglang airings`: what was said, is being said and will be said."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.api import Api
from controller.cli.ladder_view import follow, introduce
from controller.cli.ledger import as_json, ladder_line, ledger_of, village_rows
from controller.cli.progress import Progress
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import parse_time, show_time
from controller.cli.watch import Deadline, Watch
from scheduler.clock import SystemClock


@click.group(cls=NounGroup)
def airings() -> None:
    """Các lượt phát: xem, theo dõi, dừng. / Airings: see, follow, stop."""


@airings.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=20, help="Số lượt mới nhất. / How many of the newest.")
@with_session
def list_(session: Session, *, limit: int) -> None:
    """Các lượt phát mới nhất. / The newest airings."""
    with Api(session.settings.api_file) as api:
        lines = api.get("/airings", limit=limit)
    session.give(lines)
    session.table([_row(session, line) for line in lines])
    if not lines:
        session.say("none")


@airings.command("show")
@click.argument("airing")
@click.option("--wait", is_flag=True, help="Theo dõi đến khi mọi loa phát xong. / Follow until every loudspeaker is done.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), help="Đợi lâu nhất bấy nhiêu giây. / Longest wait.")
@with_session
def show(session: Session, *, airing: str, wait: bool, timeout_s: float | None) -> int:
    """Một lượt phát, từng cụm loa. / One airing, every loudspeaker."""
    with Api(session.settings.api_file) as api:
        if wait:
            clock = SystemClock()
            deadline = Deadline(clock, timeout_s)
            watch = Watch(api, clock, deadline, on_away=lambda: session.warn("watch-again"))
            progress = Progress(live=session.is_terminal, silent=session.as_json)
            return follow(session, watch, airing, deadline, progress)
        ledger = ledger_of(api.get_bytes(f"/airings/{airing}"))
    session.give(as_json(ledger) | {"title": ledger.airing.title, "start": ledger.airing.start})
    if not session.as_json:
        introduce(session, ledger)
        session.table(village_rows(ledger, session.lang))
        click.echo(ladder_line(ledger, session.lang))
        click.echo(ledger.airing.summary.get(session.lang, ""))
    return 0


@airings.command("cancel")
@click.argument("airing")
@with_session
def cancel(session: Session, *, airing: str) -> None:
    """Yêu cầu dừng hoặc huỷ một lượt phát. / Ask for silence."""
    with Api(session.settings.api_file) as api:
        line = api.post(f"/airings/{airing}/cancel")
    session.give(line)
    session.say("airing-cancelled", id=airing)
    if not session.as_json:
        click.echo(_sentence(session, line))


@airings.command("order")
@click.argument("airing")
@click.argument("order", type=click.IntRange(-1000, 1000))
@with_session
def order_(session: Session, *, airing: str, order: int) -> None:
    """Hai bản tin cùng loại gặp nhau: số nhỏ phát trước. / Where two of one class meet: the lower goes first.

    \b
    Ví dụ / For example: tienglang airings order 01930c... -- -1
    """
    with Api(session.settings.api_file) as api:
        line = api.put(f"/airings/{airing}/order", {"order": order})
    session.give(line)
    session.say("airing-ordered", id=airing, order=order)


def _row(session: Session, line: dict[str, Any]) -> tuple[str, ...]:
    when = show_time(parse_time(line["start"], 0))
    return line["id"], when, f"{line['good']}/{line['total']}", line["title"], _sentence(session, line)


def _sentence(session: Session, line: dict[str, Any]) -> str:
    return str(line["summary"][session.lang])
