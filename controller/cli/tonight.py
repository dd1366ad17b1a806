"""`tienglang tonight`: what will sound, what has sounded, and why something does not; one list for villages that sound alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from controller.cli.api import Api
from controller.cli.session import Session, with_session
from controller.cli.times import parse_day, parse_time, show_clock, show_day
from controller.cli.units import find_unit

_NAMED = 8
"""Villages named before a list: a line of a screen."""


@click.command("tonight")
@click.option("--unit", help="Đơn vị: mã hoặc tên; mặc định là tất cả. / A unit, by id or name; all if none.")
@click.option("--day", "text", help="Ngày, 24/12/2026; mặc định là hôm nay. / A day; today if none.")
@with_session
def tonight(session: Session, *, unit: str | None, text: str | None) -> None:
    """Hôm nay phát gì, ở đâu, và vì sao có tin không phát. / What will sound today, where, and why some does not."""
    day = None if text is None else parse_day(text).isoformat()
    with Api(session.settings.api_file) as api:
        tree = api.get("/units")
        roots = [each for each in tree if each["parent"] is None] if unit is None else [find_unit(tree, unit)]
        days = [api.get(f"/units/{root['id']}/day", day=day) for root in roots]
    session.give(days)
    is_silent = not any(group["lines"] for said in days for group in said["groups"])
    for said in days:
        _tell(session, said)
        if is_silent and said["groups"]:
            session.say("tonight-help")
    if not days:
        session.say("none")


def _tell(session: Session, said: dict[str, Any]) -> None:
    session.say("tonight-day", unit=said["name"], day=show_day(date.fromisoformat(said["day"])))
    if not said["groups"]:
        session.say("tonight-no-nodes")
    for group in said["groups"]:
        session.say("tonight-villages", number=len(group["villages"]), names=village_names(session, group["villages"]))
        session.table([(f"  {_clock(line)}", *sound(session, line)) for line in group["lines"]])
        if not group["lines"]:
            session.say("tonight-silent")
        for reason in group["reasons"]:
            session.say("tonight-reason", **why(session, reason))


def village_names(session: Session, villages: Sequence[dict[str, Any]]) -> str:
    """As many names as a line holds, and how many more."""
    named = ", ".join(village["name"] for village in villages[:_NAMED])
    return named if len(villages) <= _NAMED else session.text("tonight-more", names=named, number=len(villages) - _NAMED)


def sound(session: Session, line: dict[str, Any]) -> tuple[str, ...]:
    """Of a sound, behind when it begins: how long, what, of which programme, what is special, whose wish."""
    minutes, seconds = divmod(line["length_ms"] // 1000, 60)
    marks = [
        session.text(key)
        for key, holds in (
            ("tonight-relay", line["relay"]),
            (f"tonight-{line['class']}", line["class"] != "normal"),
            ("tonight-cut", not line["whole"]),
        )
        if holds
    ]
    return f"{minutes:3}:{seconds:02}", line["title"], line["programme"] or "", ", ".join(marks), line["owner"]


def why(session: Session, reason: dict[str, Any]) -> dict[str, str]:
    """The fields of a sentence about a decision: `title`, its `sounds` where they are called otherwise, `text`."""
    sounds = ", ".join(reason["sounds"]) if reason["sounds"] != [reason["title"]] else ""
    return {"title": reason["title"], "sounds": sounds, "text": reason["text"][session.lang]}


def _clock(line: dict[str, Any]) -> str:
    return show_clock(parse_time(line["start"], 0))
