"""`tienglang clock`: the server's clock, which must not be behind its own last commit."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.api import Api
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import parse_time, show_time


@click.group(cls=NounGroup, default="show")
def clock() -> None:
    """Đồng hồ máy chủ. / The server's clock."""


@clock.command("show")
@with_session
def show(session: Session) -> None:
    """Giờ máy chủ và lần ghi cuối. / The server's time, and its last commit."""
    with Api(session.settings.api_file) as api:
        told = api.get("/clock")
    session.give(told)
    session.say("clock-line", **_moments(told))
    if told["behind_ms"]:
        session.say("clock-behind", behind_s=told["behind_ms"] // 1000)
        session.say("clock-behind-do")


@clock.command("forgive")
@click.option("--yes", is_flag=True, help="Không hỏi lại. / Do not ask.")
@with_session
def forgive(session: Session, *, yes: bool) -> None:
    """Tin giờ của máy trở lại, khi trước đó máy từng chạy nhanh. / Believe the clock again, after it was ahead by mistake.

    \b
    Chỉ dùng khi giờ hiện nay đúng. Cấu hình và kế hoạch đã ký bằng giờ sai được ký lại.
    Only when the time is right now. Configs and plans that were signed by the wrong time are signed anew.
    """
    with Api(session.settings.api_file) as api:
        session.confirm("clock-forgive-ask", yes=yes, **_moments(api.get("/clock")))
        told = api.post("/clock/forgive")
    session.give(told)
    session.say("clock-forgiven")


def _moments(told: dict[str, Any]) -> dict[str, str]:
    return {name: show_time(parse_time(told[field], 0)) for name, field in (("now", "now"), ("last", "last_commit"))}
